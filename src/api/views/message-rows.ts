// Messages as they are read from the tables, many at once, with all that their shape needs.
import { type RawBuilder, sql } from 'kysely'
import type { Database, Trx } from '../../db/database.ts'
import type { AttemptState } from '../../domain/delivery.ts'
import type { AuthorKind, Direction, JsonObject, MessageType } from '../../domain/words.ts'
import { type AttemptRow, loadAttempts, newestOf, statusTimesOf } from './attempts.ts'
import { loadPeople, nameOfPerson, type Person } from './client.ts'
import { errorView, iso } from './common.ts'
import type { MessageView } from './message-schema.ts'

interface Row {
  id: string
  rev: number
  body_rev: number
  channel_id: string
  client_id: string
  session_id: string | null
  seq: number | null
  direction: Direction
  kind: MessageView['kind']
  type: MessageType
  text: string | null
  content: JsonObject
  author_kind: AuthorKind
  author_id: string | null
  author_name: string | null
  client_ref: string | null
  quoted: boolean
  quoted_id: string | null
  quoted_text: string | null
  quoted_type: MessageType | null
  quoted_direction: Direction | null
  status: AttemptState | null
  spoken_at: Date
  received_at: Date
  time_doubted: boolean
  banned: boolean
  superseded_by: string | null
}

/** A message with what decides how it is pushed. */
export interface ReadMessage {
  readonly message: MessageView
  readonly bodyRev: number
  readonly channelId: string
}

/**
 * The messages that `where` chooses (of `m`), in the order of `orderBy`. A quoted message is found by its id, or by
 * the id that Meta knows it by: a client's own, or one of the attempts that carried ours.
 */
export async function readMessages(
  db: Database | Trx,
  where: RawBuilder<unknown>,
  orderBy: RawBuilder<unknown>,
  limit: number,
): Promise<readonly ReadMessage[]> {
  const { rows } = await sql<Row>`
    SELECT m.id, m.rev, m.body_rev, m.channel_id, m.client_id, m.session_id, m.seq, m.direction, m.kind, m.type, m.text,
           m.content, m.author_kind, m.author_id, u.name AS author_name, m.client_ref,
           (m.reply_to IS NOT NULL OR m.reply_wamid IS NOT NULL) AS quoted,
           q.id AS quoted_id, left(q.text, 300) AS quoted_text, q.type AS quoted_type, q.direction AS quoted_direction,
           m.status, m.spoken_at, m.received_at, m.time_doubted, m.banned, m.superseded_by
      FROM message m
      LEFT JOIN user_account u ON u.id = m.author_id
      LEFT JOIN message q ON q.id = coalesce(
           m.reply_to,
           (SELECT w.id FROM message w
             WHERE w.channel_id = m.channel_id AND w.wamid = m.reply_wamid AND w.superseded_by IS NULL LIMIT 1),
           (SELECT a.message_id FROM attempt a WHERE a.channel_id = m.channel_id AND a.wamid = m.reply_wamid LIMIT 1))
     WHERE ${where} ORDER BY ${orderBy} LIMIT ${limit}`.execute(db)
  if (rows.length === 0) return []
  const sent = rows.filter((row) => row.direction === 'out').map((row) => row.id)
  const [attempts, people] = await Promise.all([
    loadAttempts(db, sent),
    loadPeople(
      db,
      rows.filter((row) => row.author_kind === 'client').map((row) => row.client_id),
    ),
  ])
  return rows.map((row) => ({
    message: viewOf(row, attempts.get(row.id) ?? [], people.get(row.client_id) ?? null),
    bodyRev: row.body_rev,
    channelId: row.channel_id,
  }))
}

function templateOf({ type, content }: Row): MessageView['template'] {
  const { name, language } = content as { name?: unknown; language?: { code?: unknown } }
  if (type !== 'template' || typeof name !== 'string' || typeof language?.code !== 'string') return null
  return { name, language: language.code }
}

function viewOf(row: Row, attempts: readonly AttemptRow[], person: Person | null): MessageView {
  const newest = newestOf(attempts)
  const byClient = row.author_kind === 'client'
  return {
    id: row.id,
    rev: row.rev,
    sessionId: row.session_id,
    clientId: row.client_id,
    seq: row.seq,
    direction: row.direction,
    kind: row.kind,
    type: row.type,
    text: row.text,
    content: row.content,
    template: templateOf(row),
    file: null,
    author: {
      kind: row.author_kind,
      id: byClient ? (person?.id ?? row.client_id) : row.author_id,
      name: byClient ? (person === null ? null : nameOfPerson(person)) : row.author_name,
    },
    status: row.status,
    statusTimes: newest === null ? {} : statusTimesOf(newest),
    waitingUntil: newest?.state === 'pending' ? iso(newest.waitUntil) : null,
    error: newest?.state === 'failed' ? errorView(newest.error) : null,
    reachedAnyway: newest?.reachedAnyway ?? false,
    attempts: attempts.map((attempt) => ({
      id: attempt.id,
      no: attempt.no,
      status: attempt.state,
      at: iso(attempt.stateAt),
      error: attempt.state === 'failed' ? errorView(attempt.error) : null,
      reachedAnyway: attempt.reachedAnyway,
    })),
    replyTo: row.quoted
      ? { messageId: row.quoted_id, text: row.quoted_text, type: row.quoted_type, direction: row.quoted_direction }
      : null,
    clientRef: row.client_ref,
    at: iso(row.spoken_at),
    receivedAt: iso(row.received_at),
    banned: row.banned,
    timeDoubted: row.time_doubted,
    supersededBy: row.superseded_by,
  }
}
