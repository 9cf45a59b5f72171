// Putting a client on the blacklist, and what stands there of one who is.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Problem } from '../api/client.ts'
import { type BanBody, outcome } from '../api/outcome.ts'
import type { Session } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { loadSettings, mayLift } from '../store/tags.ts'
import { exact } from '../text/time.ts'
import css from './ban-dialog.module.css'
import { nameOf } from './client.ts'
import { Dialog } from './dialog.tsx'
import { problemText } from './problem.ts'

const DAY_MS = 86_400_000
/** Days; 0 is without an end. */
const SPANS = [0, 1, 7, 30, 365] as const

interface FormProps {
  readonly whom: Pick<BanBody, 'clientId' | 'phone' | 'bsuid'>
  readonly onDone: () => void
}

export function BanForm({ whom, onDone }: FormProps) {
  const reason = useSignal('')
  const days = useSignal<number>(0)
  const busy = useSignal(false)
  const problem = useSignal<string | null>(null)
  const give = async (event: Event) => {
    event.preventDefault()
    if (busy.peek()) return
    if (reason.peek().trim() === '') {
      problem.value = t('ban.reasonMissing')
      return
    }
    busy.value = true
    const until = days.peek() === 0 ? null : new Date(Date.now() + days.peek() * DAY_MS).toISOString()
    try {
      await outcome.ban({ ...whom, reason: reason.peek(), until })
      onDone()
    } catch (error) {
      problem.value = whyNot(error)
    }
    busy.value = false
  }
  return (
    <form class={css.form} onSubmit={(event) => void give(event)}>
      <p class="quiet">{t('ban.lead')}</p>
      <label class="field">
        <span>{t('ban.reason')}</span>
        <textarea
          class="input"
          rows={2}
          maxLength={500}
          value={reason.value}
          onInput={(event) => {
            // One line, however it was pasted.
            reason.value = event.currentTarget.value.replace(/\s*\n\s*/g, ' ')
          }}
        />
      </label>
      <label class="field">
        <span>{t('ban.until')}</span>
        <select
          class="input"
          value={String(days.value)}
          onChange={(event) => {
            days.value = Number(event.currentTarget.value)
          }}
        >
          {SPANS.map((span) => (
            <option key={span} value={String(span)}>
              {span === 0 ? t('ban.forever') : t('ban.days', { count: span })}
            </option>
          ))}
        </select>
      </label>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <button type="submit" class="button primary" disabled={busy.value}>
        {t('ban.give')}
      </button>
    </form>
  )
}

function whyNot(error: unknown): string {
  const [first] = error instanceof Problem ? (error.body.errors ?? []) : []
  if (first?.pointer === '/phone') return t('ban.noPhone')
  return problemText(error)
}

/** Of the session's client: the ban that holds, or the form that makes one. */
export function BanDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const problem = useSignal<string | null>(null)
  useEffect(() => {
    void loadSettings().catch(() => undefined)
  }, [])
  const name = nameOf(session.client)
  const { ban } = session
  if (ban === null) {
    return (
      <Dialog title={t('ban.title', { name })} onClose={onClose}>
        <BanForm whom={{ clientId: session.client.id }} onDone={onClose} />
      </Dialog>
    )
  }
  const lift = async () => {
    try {
      await outcome.lift(ban.id)
      onClose()
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  return (
    <Dialog title={t('ban.of', { name })} onClose={onClose}>
      <div class={css.form}>
        <p>{ban.reason}</p>
        <p class="quiet">
          {t('ban.by', { at: exact(Date.parse(ban.at)), name: ban.byName ?? t('author.operator') })}{' '}
          {ban.until === null ? t('ban.openEnd') : t('ban.endsAt', { at: exact(Date.parse(ban.until)) })}
        </p>
        <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
        {mayLift(ban.byId) ? (
          <button type="button" class="button primary" onClick={() => void lift()}>
            {t('ban.lift')}
          </button>
        ) : (
          <p class="quiet">{t('ban.notYours')}</p>
        )}
      </div>
    </Dialog>
  )
}
