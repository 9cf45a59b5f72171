// Online or away: said where it stands, changed with one press. Offline is what the server finds by itself.
import { useSignal } from '@preact/signals'
import { api } from '../../api/api.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { facts, me } from '../../store/app.ts'
import css from './shell.module.css'

const CHOICES = ['online', 'away'] as const

export function PresenceSwitch() {
  const error = useSignal<string | null>(null)
  const userId = me.value?.id ?? ''
  const status = facts.presence.row(userId).value?.status ?? me.value?.presence.status ?? 'offline'

  const choose = async (wanted: (typeof CHOICES)[number]) => {
    error.value = null
    try {
      await api.setPresence(wanted)
      facts.presence.set(userId, { status: wanted, reason: null })
    } catch (problem) {
      error.value = problemText(problem)
    }
  }

  return (
    <div class={css.presence}>
      {status === 'offline' ? <span class="quiet">{t('presence.offline')}</span> : null}
      <fieldset>
        <legend class="sr-only">{t('presence.label')}</legend>
        {CHOICES.map((choice) => (
          <label key={choice} class={css.choice} data-choice={choice}>
            <input
              type="radio"
              name="presence"
              class="sr-only"
              checked={status === choice}
              onChange={() => void choose(choice)}
            />
            <span class={css.dot} aria-hidden="true" />
            {t(`presence.${choice}`)}
          </label>
        ))}
      </fieldset>
      <div role="alert">{error.value === null ? null : <p class={css.presenceError}>{error.value}</p>}</div>
    </div>
  )
}
