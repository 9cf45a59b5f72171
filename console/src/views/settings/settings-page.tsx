// The company's settings, each with what it means: times in seconds, and what is on or off.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { outcome } from '../../api/outcome.ts'
import type { Settings } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { formProblem } from '../../parts/problem.ts'
import { loadSettings, settings } from '../../store/tags.ts'
import css from '../outcome/outcome.module.css'
import { Room } from '../outcome/room.tsx'

const TIMES = ['timeToAccept', 'queueTime', 'windowWarning', 'noAnswer', 'inactivity', 'wrapUpMax', 'keepRaw'] as const
const SWITCHES = ['transferComesBack', 'readReceipts', 'operatorsMayBan', 'operatorsMayTag'] as const

export function SettingsPage() {
  const problem = useSignal<string | null>(null)
  const saved = useSignal<string | null>(null)
  const loaded = useSignal(false)
  const change = async (body: Partial<Settings>) => {
    try {
      settings.value = await outcome.changeSettings(body)
      problem.value = null
      saved.value = t('settings.saved')
    } catch (error) {
      problem.value = formProblem(error, 'settings')
      saved.value = null
    }
  }
  useEffect(() => {
    loadSettings().then(
      () => {
        loaded.value = true
      },
      (error: unknown) => {
        problem.value = formProblem(error, 'settings')
      },
    )
  }, [])
  const now = settings.value
  return (
    <Room at="/settings">
      <p class="quiet">{t('settings.lead')}</p>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <p role="status" class="quiet">
        {saved.value}
      </p>
      {now === null || !loaded.value ? null : (
        <div class={css.form}>
          {TIMES.map((name) => (
            <label key={name} class="field">
              <span>{t(`settings.${name}`)}</span>
              <input
                class="input"
                type="number"
                min={0}
                // What is being typed stays while something else is saved.
                defaultValue={String(now[name])}
                onChange={(event) => void change({ [name]: event.currentTarget.valueAsNumber || 0 })}
              />
            </label>
          ))}
          {SWITCHES.map((name) => (
            <label key={name} class={css.check}>
              <input
                type="checkbox"
                checked={now[name]}
                onChange={(event) => void change({ [name]: event.currentTarget.checked })}
              />
              {t(`settings.${name}`)}
            </label>
          ))}
        </div>
      )}
    </Room>
  )
}
