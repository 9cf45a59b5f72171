// One offered session: how long the client waits, what is left until it is overdue, and Accept. Its name opens the
// conversation for reading first.

import { useLocation } from 'preact-iso/router'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Avatar } from '../../parts/avatar.tsx'
import { nameOf } from '../../parts/client.ts'
import { me, notices, now } from '../../store/app.ts'
import { accept, underWay } from '../../store/commands.ts'
import { isOverdue } from '../../store/lists.ts'
import { countdown, exact, span } from '../../text/time.ts'
import { focusComposer } from '../conversation/focus.ts'
import css from './inbox.module.css'
import { LastLine } from './session-row.tsx'

export function OfferRow({ session, chosen }: { session: Session; chosen: boolean }) {
  const { route } = useLocation()
  const notice = notices.value.get(session.id)
  const busy = underWay.value.has(`accept ${session.id}`)
  const take = async () => {
    if (!(await accept(session.id))) return
    route(`/sessions/${session.id}`)
    focusComposer()
  }
  return (
    <li class={css.offer}>
      <a
        href={`/sessions/${session.id}`}
        class={css.row}
        data-row={session.id}
        {...(chosen ? { 'aria-current': 'page' as const } : {})}
      >
        <Avatar client={session.client} />
        <span class={css.top}>
          <span class={css.name} data-unread="true">
            {nameOf(session.client)}
          </span>
          <span class={css.when}>
            <Due session={session} />
          </span>
        </span>
        <span class={css.bottom}>
          {session.offer?.operatorId === me.value?.id ? <strong>{t('offer.forYou')} · </strong> : null}
          <LastLine session={session} />
        </span>
      </a>
      <button
        type="button"
        class={`button primary small ${css.accept}`}
        disabled={busy}
        aria-label={t('offer.acceptWhom', { name: nameOf(session.client) })}
        onClick={() => void take()}
      >
        {busy ? t('offer.accepting') : t('offer.accept')}
      </button>
      {notice === undefined ? null : (
        <p class={`note danger ${css.why}`} role="alert">
          {notice}
        </p>
      )}
    </li>
  )
}

const AROUND = 2 * Math.PI * 6

/** A ring that empties until the offer is due; after that, for how long it has been overdue. */
function Due({ session }: { session: Session }) {
  const { offer } = session
  if (offer === null) return null
  const since = Date.parse(offer.since)
  const dueAt = offer.dueAt === null ? null : Date.parse(offer.dueAt)
  const waits = t('offer.waits', { span: span(now.value - since) })
  if (isOverdue(session, now.value)) {
    const from = dueAt ?? Date.parse(offer.overdueAt ?? offer.since)
    return (
      <span class={css.failed} title={`${waits}\n${t('offer.dueAt', { at: exact(from) })}`}>
        {t('offer.overdue', { span: span(now.value - from) })}
      </span>
    )
  }
  if (dueAt === null) return <span title={exact(since)}>{waits}</span>
  const left = Math.max(0, dueAt - now.value)
  const share = Math.min(1, left / Math.max(1, dueAt - since))
  return (
    <span class={css.due} title={`${waits}\n${t('offer.dueAt', { at: exact(dueAt) })}`}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        <circle cx="8" cy="8" r="6" class={css.ringBack} />
        <circle
          cx="8"
          cy="8"
          r="6"
          class={css.ring}
          stroke-dasharray={AROUND}
          stroke-dashoffset={AROUND * (1 - share)}
          transform="rotate(-90 8 8)"
        />
      </svg>
      <span aria-hidden="true">{countdown(left)}</span>
      <span class="sr-only">
        {waits}. {t('offer.dueIn', { span: span(left) })}
      </span>
    </span>
  )
}
