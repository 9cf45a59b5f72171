// The blacklist: who is on it and why, what was taken back, and a number put on it by hand.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { outcome } from '../../api/outcome.ts'
import type { Ban } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BanForm } from '../../parts/ban-dialog.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { me } from '../../store/app.ts'
import { loadSettings, mayLift } from '../../store/tags.ts'
import { exact } from '../../text/time.ts'
import css from './outcome.module.css'
import { Room } from './room.tsx'
import { SettingToggle } from './setting-toggle.tsx'

const STATES = ['active', 'inactive', 'all'] as const
const AFTER_MS = 150

export function Blacklist() {
  const state = useSignal<(typeof STATES)[number]>('active')
  const q = useSignal('')
  const items = useSignal<readonly Ban[] | null>(null)
  const next = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const adding = useSignal(false)
  const version = useSignal(0)

  const load = async (cursor: string | null) => {
    const asked = `${state.peek()} ${q.peek()}`
    try {
      const found = await outcome.bans({
        state: state.peek(),
        ...(q.peek().trim() === '' ? {} : { q: q.peek() }),
        ...(cursor === null ? {} : { cursor }),
      })
      if (asked !== `${state.peek()} ${q.peek()}`) return
      items.value = cursor === null ? found.items : [...(items.peek() ?? []), ...found.items]
      next.value = found.next
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  useEffect(() => {
    void loadSettings().catch(() => undefined)
  }, [])
  useEffect(() => {
    const timer = setTimeout(() => void load(null), items.peek() === null ? 0 : AFTER_MS)
    return () => clearTimeout(timer)
  }, [state.value, q.value, version.value])

  const lift = async (ban: Ban) => {
    try {
      await outcome.lift(ban.id)
      version.value += 1
    } catch (error) {
      problem.value = problemText(error)
    }
  }

  return (
    <Room at="/blacklist">
      <div class={css.filters}>
        <input
          class="input"
          type="search"
          aria-label={t('ban.search')}
          placeholder={t('ban.search')}
          value={q.value}
          onInput={(event) => {
            q.value = event.currentTarget.value
          }}
        />
        {STATES.map((one) => (
          <button
            key={one}
            type="button"
            class="button small"
            aria-pressed={state.value === one}
            onClick={() => {
              state.value = one
            }}
          >
            {t(`ban.state.${one}`)}
          </button>
        ))}
        {me.value?.role === 'administrator' ? (
          <button
            type="button"
            class="button primary small"
            onClick={() => {
              adding.value = true
            }}
          >
            {t('ban.addNumber')}
          </button>
        ) : null}
      </div>
      <SettingToggle name="operatorsMayBan" label={t('ban.byOperators')} />
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      {items.value === null ? (
        <div aria-busy="true" />
      ) : items.value.length === 0 ? (
        <p class="quiet">{q.value === '' ? t('ban.empty') : t('ban.notFound')}</p>
      ) : (
        <ul class={css.list}>
          {items.value.map((ban) => (
            <Row key={ban.id} ban={ban} onLift={() => void lift(ban)} />
          ))}
        </ul>
      )}
      {next.value === null ? null : (
        <button type="button" class="button" onClick={() => void load(next.peek())}>
          {t('ban.older')}
        </button>
      )}
      {adding.value ? (
        <AddNumber
          onClose={() => {
            adding.value = false
          }}
          onDone={() => {
            adding.value = false
            version.value += 1
          }}
        />
      ) : null}
    </Room>
  )
}

function Row({ ban, onLift }: { ban: Ban; onLift: () => void }) {
  const addresses = ban.aliases.map((alias) => alias.value).join(' · ')
  return (
    <li data-ban={ban.id}>
      <div class={css.main}>
        <strong>{ban.name ?? addresses}</strong>
        {ban.name === null ? null : <span class="quiet">{addresses}</span>}
      </div>
      <div class={css.main}>
        <span>{ban.reason}</span>
        <span class="quiet">
          {t('ban.by', { at: exact(Date.parse(ban.at)), name: ban.by.name ?? t('author.operator') })} {endOf(ban)}
        </span>
      </div>
      {ban.active && mayLift(ban.by.id) ? (
        <button type="button" class="button small" onClick={onLift}>
          {t('ban.lift')}
        </button>
      ) : null}
    </li>
  )
}

function endOf(ban: Ban): string {
  if (ban.liftedAt !== null)
    return t('ban.liftedBy', {
      at: exact(Date.parse(ban.liftedAt)),
      name: ban.liftedBy?.name ?? t('author.operator'),
    })
  if (ban.until === null) return t('ban.openEnd')
  return ban.active
    ? t('ban.endsAt', { at: exact(Date.parse(ban.until)) })
    : t('ban.endedAt', { at: exact(Date.parse(ban.until)) })
}

function AddNumber({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const phone = useSignal('')
  return (
    <Dialog title={t('ban.addNumber')} onClose={onClose}>
      <div class={css.form}>
        <label class="field">
          <span>{t('ban.phone')}</span>
          <input
            class="input"
            type="tel"
            placeholder="+420 777 123 456"
            value={phone.value}
            onInput={(event) => {
              phone.value = event.currentTarget.value
            }}
          />
        </label>
        <BanForm whom={{ phone: phone.value }} onDone={onDone} />
      </div>
    </Dialog>
  )
}
