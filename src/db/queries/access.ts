// The policy of src/domain/policy.ts as SQL, for lists: over `s`, a session, and `o`, its open offer. A property test
// holds the two against each other.
import { type RawBuilder, sql } from 'kysely'
import type { Rights } from '../../domain/policy.ts'

export const OPEN_OFFER = sql`LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL`

export function maySeeSql(rights: Rights): RawBuilder<boolean> {
  if (rights.role === 'administrator') return sql<boolean>`true`
  const inGroup =
    rights.role === 'supervisor'
      ? sql`true`
      : sql`((s.phase = 'queued' AND o.operator_id IS NULL) OR s.phase = 'ended'
             OR (s.phase IN ('active', 'wrapUp') AND ${rights.seeOthers}::boolean))`
  return sql<boolean>`(
    s.operator_id = ${rights.userId}
    OR (s.phase = 'queued' AND o.operator_id = ${rights.userId})
    OR (s.group_id = ANY (${rights.groupIds}::uuid[]) AND ${inGroup}))`
}
