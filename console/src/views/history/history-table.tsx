// The sessions of a page of history, a row each; the whole row opens the conversation.
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf, nameOf } from '../../parts/client.ts'
import { SessionTable } from '../../parts/session-table.tsx'
import { TagDots } from '../../parts/tag.tsx'
import { At } from '../../parts/time.tsx'
import { resultName } from '../../store/results.ts'
import { span } from '../../text/time.ts'

const COLUMNS = ['client', 'phase', 'operator', 'started', 'length', 'result', 'last'] as const

export const HistoryTable = ({ sessions }: { sessions: readonly Session[] }) => (
  <SessionTable columns={COLUMNS}>
    {sessions.map((session) => (
      <tr key={session.id}>
        <th scope="row">
          <a href={`/sessions/${session.id}/about`}>{nameOf(session.client)}</a> <TagDots tags={session.tags} />
        </th>
        <td>{t(`phase.${session.phase}`)}</td>
        <td>{session.operatorName ?? t('supervise.nobody')}</td>
        <td>
          <At iso={session.startedAt} />
        </td>
        <td>{session.endedAt === null ? '' : span(Date.parse(session.endedAt) - Date.parse(session.startedAt))}</td>
        <td>{resultOf(session)}</td>
        <td data-column="last">{session.lastMessage === null ? '' : lineOf(session.lastMessage)}</td>
      </tr>
    ))}
  </SessionTable>
)

function resultOf({ phase, result }: Session): string {
  if (result !== null) return resultName(result.resultId) ?? t('result.unknown')
  return phase === 'ended' ? t('result.notEntered') : ''
}
