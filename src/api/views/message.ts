// One message, and pages of a session's messages: always ascending, the newest page by default; others before or after a message, or
// everything that changed after a rev, which is how a client catches up.
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import type { Page } from './common.ts'
import { readMessages } from './message-rows.ts'
import type { MessageView } from './message-schema.ts'

export { type MessageView, messageSchema } from './message-schema.ts'

export async function loadMessage(db: Database | Trx, messageId: string): Promise<MessageView | null> {
  const [read] = await readMessages(db, sql`m.id = ${messageId}`, sql`m.id`, 1)
  return read?.message ?? null
}

export interface MessagesQuery {
  readonly sessionId: string
  readonly limit: number
  readonly before?: number | undefined
  readonly after?: number | undefined
  readonly afterRev?: number | undefined
  readonly cursor?: string | undefined
}

const position = z.union([
  z.object({ before: z.int32() }).strict(),
  z.object({ after: z.int32() }).strict(),
  z.object({ rev: z.int32(), seq: z.int32() }).strict(),
])
type Position = z.infer<typeof position>

const start = (query: MessagesQuery): Position => {
  if (query.cursor !== undefined) return decodeCursor(position, query.cursor)
  // A message's seq is at least 1, so seq 0 means: all of what has a greater rev.
  if (query.afterRev !== undefined) return { rev: query.afterRev + 1, seq: 0 }
  if (query.after !== undefined) return { after: query.after }
  return { before: query.before ?? 2_147_483_647 }
}

/** `next` goes on in the direction in which the page went: to older ones by default and with `before`. */
export async function loadMessages(db: Database | Trx, query: MessagesQuery): Promise<Page<MessageView>> {
  const from = start(query)
  const [where, orderBy] = choose(query.sessionId, from)
  const read = await readMessages(db, where, orderBy, query.limit + 1)
  const items = read.slice(0, query.limit).map(({ message }) => message)
  const last = items.at(-1)
  const more = read.length > query.limit && last !== undefined
  const next = more ? encodeCursor(after(from, last)) : null
  return { items: 'before' in from ? items.reverse() : items, next }
}

function choose(sessionId: string, from: Position): [RawBuilder<unknown>, RawBuilder<unknown>] {
  const own = sql`m.session_id = ${sessionId}`
  if ('before' in from) return [sql`${own} AND m.seq < ${from.before}`, sql`m.seq DESC`]
  if ('after' in from) return [sql`${own} AND m.seq > ${from.after}`, sql`m.seq`]
  return [sql`${own} AND (m.rev, m.seq) > (${from.rev}, ${from.seq})`, sql`m.rev, m.seq`]
}

function after(from: Position, last: MessageView): Position {
  const seq = last.seq ?? 0
  if ('before' in from) return { before: seq }
  if ('after' in from) return { after: seq }
  return { rev: last.rev, seq }
}
