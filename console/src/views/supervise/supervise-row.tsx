// One session in the supervisor's table.
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf, nameOf } from '../../parts/client.ts'
import { WhatsAppGlyph } from '../../parts/icons.tsx'
import { OwnTick } from '../../parts/message-state.tsx'
import { TagDots } from '../../parts/tag.tsx'
import { At } from '../../parts/time.tsx'
import { WindowLeft } from '../../parts/window-left.tsx'
import { facts, now } from '../../store/app.ts'
import { isOverdue } from '../../store/lists.ts'
import { exact, span } from '../../text/time.ts'
import css from './supervise.module.css'

interface Props {
  readonly session: Session
  readonly chosen: boolean
  readonly suffix: string
}

export function SuperviseRow({ session, chosen, suffix }: Props) {
  const { lastMessage, attention } = session
  const overdue = session.phase === 'queued' && isOverdue(session, now.value)
  return (
    <tr data-chosen={chosen}>
      <th scope="row" data-column="client">
        <span class={css.channel} title={t('channel.whatsapp')}>
          <WhatsAppGlyph size={14} />
          <span class="sr-only">{t('channel.whatsapp')}</span>
        </span>
        <a
          href={`/supervise/${session.id}${suffix}`}
          data-row={session.id}
          {...(chosen ? { 'aria-current': 'true' as const } : {})}
        >
          {nameOf(session.client)}
        </a>
        <span class={css.tags}>
          <TagDots tags={session.tags} />
        </span>
      </th>
      <td data-column="phase">
        <span class={css.phase} data-phase={overdue ? 'overdue' : session.phase}>
          {overdue ? t('phase.overdue') : t(`phase.${session.phase}`)}
        </span>
      </td>
      <td data-column="operator">{operatorOf(session)}</td>
      <td data-column="last">
        {attention.failed > 0 ? <span class={css.failed}>{t('row.failed', { count: attention.failed })} </span> : null}
        {attention.unknown > 0 ? <span class={css.soon}>{t('row.unknown', { count: attention.unknown })} </span> : null}
        {lastMessage === null ? null : (
          <>
            <OwnTick message={lastMessage} /> {lineOf(lastMessage)}
          </>
        )}
      </td>
      <td data-column="waits">
        {session.phase === 'ended' ? (
          <At iso={session.endedAt ?? session.lastMessageAt} />
        ) : (
          <Waits session={session} />
        )}
      </td>
      <td data-column="window">{session.phase === 'ended' ? null : <WindowLeft session={session} />}</td>
    </tr>
  )
}

const operatorOf = (session: Session): string =>
  session.operatorId === null
    ? t('supervise.nobody')
    : (facts.names.row(session.operatorId).value ?? session.operatorName ?? t('author.operator'))

function Waits({ session }: { session: Session }) {
  if (session.waitingSince === null) return <span class="quiet">{t('supervise.answered')}</span>
  const since = Date.parse(session.waitingSince)
  return (
    <time dateTime={session.waitingSince} title={t('row.waitsSince', { at: exact(since) })}>
      {span(now.value - since)}
    </time>
  )
}
