// The policy of src/domain/policy.ts as SQL, for lists: over `s`, a session, and `o`, its open offer. A property test
// holds the two against each other.
import { type RawBuilder, sql } from 'kysely'
import type { AccessFacts, Rights } from '../../domain/policy.ts'
import type { Phase } from '../../domain/words.ts'
import type { Database } from '../database.ts'

export const OPEN_OFFER = sql`LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL`

/** What of a session decides who may see it, over `s` and `o`. */
export const ACCESS_FACTS = sql`s.phase, s.group_id, s.operator_id, o.operator_id AS offer_operator_id`

export interface AccessRow {
  phase: Phase
  group_id: string | null
  operator_id: string | null
  offer_operator_id: string | null
}

export const accessOf = (row: AccessRow): AccessFacts => ({
  phase: row.phase,
  groupId: row.group_id,
  operatorId: row.operator_id,
  offerOperatorId: row.offer_operator_id,
})

/** Null where there is no such session. */
export async function factsOfSession(db: Database, sessionId: string): Promise<AccessFacts | null> {
  const { rows } = await sql<AccessRow>`
    SELECT ${ACCESS_FACTS} FROM session s ${OPEN_OFFER} WHERE s.id = ${sessionId}`.execute(db)
  return rows[0] === undefined ? null : accessOf(rows[0])
}

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
