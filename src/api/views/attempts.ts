// The attempts of messages with the history of their statuses, read for many messages at once.
import { sql } from 'kysely'
import type { Database, Trx } from '../../db/database.ts'
import { ATTEMPT_STATES, type AttemptState } from '../../domain/delivery.ts'
import type { JsonObject } from '../../domain/words.ts'
import { iso } from './common.ts'

export interface StatusRow {
  readonly attemptId: string
  /** Null where hearing it moved nothing. */
  readonly rev: number | null
  readonly status: string
  readonly at: Date
  readonly receivedAt: Date
  readonly source: 'meta' | 'parley' | 'operator'
  readonly rawId: string | null
  readonly body: JsonObject | null
}

export interface AttemptRow {
  readonly id: string
  readonly messageId: string
  readonly no: number
  readonly state: AttemptState
  readonly stateAt: Date
  readonly waitUntil: Date | null
  readonly wamid: string | null
  readonly createdAt: Date
  readonly claimedAt: Date | null
  readonly evidence: JsonObject | null
  readonly error: unknown
  readonly reachedAnyway: boolean
  readonly statuses: readonly StatusRow[]
}

type Stored = Omit<AttemptRow, 'stateAt' | 'statuses'>

/** By message, oldest attempt first; the statuses of each in the order in which Parley heard of them. */
export async function loadAttempts(
  db: Database | Trx,
  messageIds: readonly string[],
): Promise<ReadonlyMap<string, readonly AttemptRow[]>> {
  if (messageIds.length === 0) return new Map()
  const [attempts, statuses] = await Promise.all([
    sql<Stored>`
      SELECT id, message_id AS "messageId", no, state, wait_until AS "waitUntil", wamid, created_at AS "createdAt",
             claimed_at AS "claimedAt", evidence, error, reached_anyway AS "reachedAnyway"
        FROM attempt WHERE message_id = ANY (${messageIds}::uuid[]) ORDER BY message_id, no`.execute(db),
    sql<StatusRow>`
      SELECT attempt_id AS "attemptId", rev, status, at, received_at AS "receivedAt", source, raw_id AS "rawId", body
        FROM attempt_status WHERE message_id = ANY (${messageIds}::uuid[]) ORDER BY received_at, id`.execute(db),
  ])
  const heard = Map.groupBy(statuses.rows, (status) => status.attemptId)
  const rows = attempts.rows.map((attempt): AttemptRow => {
    const own = heard.get(attempt.id) ?? []
    const stateAt = firstTime(attempt, own, attempt.state) ?? attempt.createdAt
    return { ...attempt, stateAt, statuses: own }
  })
  return Map.groupBy(rows, (attempt) => attempt.messageId)
}

export const newestOf = (attempts: readonly AttemptRow[]): AttemptRow | null => attempts.at(-1) ?? null

/** When it came to that state. What came too late to move it has no rev that would tell anybody, and is evidence alone. */
function firstTime(attempt: Stored, statuses: readonly StatusRow[], state: AttemptState): Date | null {
  if (state === 'calling') return attempt.claimedAt
  return statuses.find((status) => status.status === state && status.rev !== null)?.at ?? null
}

export function statusTimesOf(attempt: AttemptRow): { [state in AttemptState]?: string } {
  const times: { [state in AttemptState]?: string } = {}
  for (const state of ATTEMPT_STATES) {
    const at = firstTime(attempt, attempt.statuses, state)
    if (at !== null) times[state] = iso(at)
  }
  return times
}
