// The evidence of a session: who did what, when, and why it was allowed or refused.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import type { JsonObject } from '../../domain/words.ts'
import { loadPeople, nameOfPerson } from './client.ts'
import { id, iso, type Page, time, withIsoTimes } from './common.ts'

const ACTOR_KINDS = ['client', 'operator', 'program', 'system', 'meta'] as const

export const timelineSchema = z
  .object({
    id: z.string(),
    n: z.int().describe('Its place in the session: gapless from 1'),
    rev: z.int().describe("The session's rev after it"),
    at: time,
    actor: z.object({ kind: z.enum(ACTOR_KINDS), id: id.nullable(), name: z.string().nullable() }),
    type: z.string(),
    evidence: z.record(z.string(), z.unknown()).describe('Ids, enums and times that decided it'),
  })
  .meta({ id: 'TimelineEvent' })
export type TimelineEvent = z.infer<typeof timelineSchema>

interface Row {
  n: number
  rev: number
  at: Date
  actor_kind: TimelineEvent['actor']['kind']
  actor_id: string | null
  actor_name: string | null
  kind: string
  evidence: JsonObject
  client_id: string
}

const position = z.object({ n: z.int32() })

export interface TimelineQuery {
  readonly sessionId: string
  readonly limit: number
  readonly cursor?: string | undefined
  /** Only what concerns this message. */
  readonly messageId?: string
}

/** An event names the message, or one of its attempts alone. */
const concerns = (messageId: string) => sql`(
  e.evidence ->> 'messageId' = ${messageId}
  OR e.evidence ->> 'attemptId' IN (SELECT a.id::text FROM attempt a WHERE a.message_id = ${messageId}))`

export async function loadTimeline(db: Database, query: TimelineQuery): Promise<Page<TimelineEvent>> {
  const from = query.cursor === undefined ? 0 : decodeCursor(position, query.cursor).n
  const about = query.messageId === undefined ? sql`true` : concerns(query.messageId)
  const { rows } = await sql<Row>`
    SELECT e.n, e.rev, e.at, e.actor_kind, e.actor_id, u.name AS actor_name, e.kind, e.evidence, s.client_id
      FROM session_event e
      JOIN session s ON s.id = e.session_id
      LEFT JOIN user_account u ON u.id = e.actor_id
     WHERE e.session_id = ${query.sessionId} AND e.n > ${from} AND ${about}
     ORDER BY e.n LIMIT ${query.limit + 1}`.execute(db)
  const page = rows.slice(0, query.limit)
  const client =
    page[0] === undefined ? null : ((await loadPeople(db, [page[0].client_id])).get(page[0].client_id) ?? null)
  const items = page.map((row): TimelineEvent => {
    const byClient = row.actor_kind === 'client'
    return {
      id: `${query.sessionId}:${row.n}`,
      n: row.n,
      rev: row.rev,
      at: iso(row.at),
      actor: {
        kind: row.actor_kind,
        id: byClient ? (client?.id ?? row.actor_id) : row.actor_id,
        name: byClient ? (client === null ? null : nameOfPerson(client)) : row.actor_name,
      },
      type: row.kind,
      evidence: withIsoTimes(row.evidence) as JsonObject,
    }
  })
  const last = page.at(-1)
  return { items, next: rows.length > query.limit && last !== undefined ? encodeCursor({ n: last.n }) : null }
}
