// One of one's own sessions: who, what was said last and how far it got, how long the client waits, what is left of the
// window.
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Avatar } from '../../parts/avatar.tsx'
import { lineOf, nameOf } from '../../parts/client.ts'
import { OwnTick } from '../../parts/message-state.tsx'
import { TagDots } from '../../parts/tag.tsx'
import { WindowLeft } from '../../parts/window-left.tsx'
import { now } from '../../store/app.ts'
import { countdown, exact, span } from '../../text/time.ts'
import css from './inbox.module.css'

export const SessionRow = ({ session, chosen }: { session: Session; chosen: boolean }) => (
  <li>
    <a
      href={`/sessions/${session.id}`}
      class={css.row}
      data-row={session.id}
      {...(chosen ? { 'aria-current': 'page' as const } : {})}
    >
      <Avatar client={session.client} />
      <span class={css.top}>
        <span class={css.name} data-unread={session.unread > 0}>
          {nameOf(session.client)}
        </span>
        <span class={css.when}>
          <Waiting session={session} />
        </span>
      </span>
      <span class={css.bottom}>
        <LastLine session={session} />
        <TagDots tags={session.tags} />
        {session.ban === null ? null : <span class={css.failed}>{t('row.banned')}</span>}
        <Attention session={session} />
        {session.phase === 'wrapUp' ? null : <WindowLeft session={session} />}
        {session.unread > 0 ? (
          <span class={css.unread}>
            <span aria-hidden="true">{session.unread}</span>
            <span class="sr-only">{t('row.unread', { count: session.unread })}</span>
          </span>
        ) : null}
      </span>
    </a>
  </li>
)

export const LastLine = ({ session }: { session: Session }) => (
  <span class={css.line}>
    {session.lastMessage === null ? null : (
      <>
        <OwnTick message={session.lastMessage} /> {lineOf(session.lastMessage)}
      </>
    )}
  </span>
)

function Waiting({ session }: { session: Session }) {
  if (session.phase === 'wrapUp') {
    const until = session.wrapUpUntil === null ? null : Date.parse(session.wrapUpUntil) - now.value
    return (
      <span class={css.soon}>{until === null ? t('row.wrapUp') : t('row.wrapUpLeft', { left: countdown(until) })}</span>
    )
  }
  if (session.waitingSince !== null) {
    const since = Date.parse(session.waitingSince)
    return (
      <span class={css.waits} title={t('row.waitsSince', { at: exact(since) })}>
        <span class="sr-only">{t('row.waits')} </span>
        {span(now.value - since)}
      </span>
    )
  }
  return (
    <span title={exact(Date.parse(session.lastMessageAt))}>{span(now.value - Date.parse(session.lastMessageAt))}</span>
  )
}

/** What needs a person, before what is only new. */
const Attention = ({ session }: { session: Session }) => {
  const { failed, unknown } = session.attention
  return (
    <>
      {failed > 0 ? <span class={css.failed}>{t('row.failed', { count: failed })}</span> : null}
      {unknown > 0 ? <span class={css.soon}>{t('row.unknown', { count: unknown })}</span> : null}
    </>
  )
}
