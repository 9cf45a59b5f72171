// All that Parley knows of one message: when it was said and heard, why each attempt was allowed, what Meta told of it
// and when, and the decisions that concerned it.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { ATTEMPT_STATES } from '../../domain/delivery.ts'
import { DIRECTIONS, type JsonObject } from '../../domain/words.ts'
import { Problem } from '../problems.ts'
import { type AttemptRow, loadAttempts } from './attempts.ts'
import { errorSchema, errorView, id, iso, MAX_LIMIT, time, withIsoTimes } from './common.ts'
import { loadTimeline, timelineSchema } from './timeline.ts'

const statusEvidenceSchema = z.object({
  status: z.string().describe('As it was told'),
  at: time.describe("Meta's time"),
  receivedAt: time,
  source: z.enum(['meta', 'parley', 'operator']),
  moved: z.boolean().describe('It moved the attempt; else it came late or twice, and is only kept'),
  rawId: id.nullable().describe('The webhook that told it'),
  body: z.record(z.string(), z.unknown()).nullable().describe('The whole of it, as Meta told it'),
})

const attemptEvidenceSchema = z.object({
  id,
  no: z.int(),
  status: z.enum(ATTEMPT_STATES),
  wamid: z.string().nullable(),
  createdAt: time,
  claimedAt: time.nullable().describe('When the gate was asked again, right before Meta'),
  waitUntil: time.nullable(),
  evidence: z
    .record(z.string(), z.unknown())
    .describe('`asked`: the gate at the command; `claim`: the gate right before Meta; `replaces`: the attempt before'),
  error: errorSchema.nullable(),
  reachedAnyway: z.boolean(),
  statuses: z.array(statusEvidenceSchema),
})

export const evidenceSchema = z
  .object({
    messageId: id,
    sessionId: id.nullable(),
    direction: z.enum(DIRECTIONS),
    wamid: z.string().nullable(),
    at: time.describe("Meta's time"),
    receivedAt: time,
    timeDoubted: z.boolean(),
    rawId: id.nullable().describe('The webhook that brought it'),
    attempts: z.array(attemptEvidenceSchema),
    events: z.array(timelineSchema).describe('What of the timeline concerns it'),
  })
  .meta({ id: 'MessageEvidence' })
export type EvidenceView = z.infer<typeof evidenceSchema>

interface Row {
  session_id: string | null
  direction: 'in' | 'out'
  wamid: string | null
  spoken_at: Date
  received_at: Date
  time_doubted: boolean
  raw_id: string | null
}

export async function loadEvidence(db: Database, messageId: string): Promise<EvidenceView> {
  const { rows } = await sql<Row>`
    SELECT session_id, direction, wamid, spoken_at, received_at, time_doubted, raw_id
      FROM message WHERE id = ${messageId}`.execute(db)
  const row = rows[0]
  if (row === undefined) throw new Problem('not-found')
  const attempts = (await loadAttempts(db, [messageId])).get(messageId) ?? []
  const events =
    row.session_id === null
      ? []
      : (await loadTimeline(db, { sessionId: row.session_id, messageId, limit: MAX_LIMIT })).items
  return {
    messageId,
    sessionId: row.session_id,
    direction: row.direction,
    wamid: row.wamid ?? attempts.findLast((attempt) => attempt.wamid !== null)?.wamid ?? null,
    at: iso(row.spoken_at),
    receivedAt: iso(row.received_at),
    timeDoubted: row.time_doubted,
    rawId: row.raw_id,
    attempts: attempts.map(attemptOf),
    events: [...events],
  }
}

const attemptOf = (attempt: AttemptRow): EvidenceView['attempts'][number] => ({
  id: attempt.id,
  no: attempt.no,
  status: attempt.state,
  wamid: attempt.wamid,
  createdAt: iso(attempt.createdAt),
  claimedAt: iso(attempt.claimedAt),
  waitUntil: iso(attempt.waitUntil),
  evidence: withIsoTimes(attempt.evidence ?? {}) as JsonObject,
  error: errorView(attempt.error),
  reachedAnyway: attempt.reachedAnyway,
  statuses: attempt.statuses.map((status) => ({
    status: status.status,
    at: iso(status.at),
    receivedAt: iso(status.receivedAt),
    source: status.source,
    moved: status.rev !== null,
    rawId: status.rawId,
    body: status.body,
  })),
})
