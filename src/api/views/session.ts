// A session as every screen and program sees it: the fixed shape, and how many of them are read at once.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { holds } from '../../domain/ban.ts'
import type { AccessFacts } from '../../domain/policy.ts'
import { CLOSED_BECAUSE } from '../../domain/text-field.ts'
import {
  AUTHOR_KINDS,
  type AuthorKind,
  DIRECTIONS,
  type Direction,
  type Instant,
  MESSAGE_TYPES,
  type MessageType,
  ORIGINS,
  PHASES,
} from '../../domain/words.ts'
import { loadStates, type SessionState, textFieldOf } from '../../sessions/state.ts'
import { loadSessionBans, sessionBanSchema } from './ban.ts'
import { loadPeople, nameOfPerson, type Person } from './client.ts'
import { id, iso, isoOf, time } from './common.ts'
import { loadSessionTags, type TagView, tagSchema } from './tag.ts'

export const textFieldSchema = z
  .object({
    open: z.boolean(),
    until: time.nullable().describe('When the window shuts; null while closed'),
    reason: z.enum(CLOSED_BECAUSE).nullable().describe('Why it is closed; null while open'),
  })
  .describe('Whether the operator may type freely, at the time of reading')

export const lastMessageSchema = z
  .object({
    id,
    seq: z.int(),
    direction: z.enum(DIRECTIONS),
    type: z.enum(MESSAGE_TYPES),
    text: z.string().nullable().describe('Its first 200 characters'),
    author: z.object({ kind: z.enum(AUTHOR_KINDS), id: id.nullable(), name: z.string().nullable() }),
    status: z.string().nullable().describe('As in Message; null for a message of the client'),
    at: time,
    receivedAt: time,
  })
  .describe('What a row of a list shows of the newest message; its fields are named as in Message')

export const sessionSchema = z
  .object({
    id,
    rev: z.int().describe('Grows with every visible change; of two, the greater is the newer'),
    channelId: id,
    client: z.object({
      id: id.describe('The client; after a join, the one that both have become'),
      name: z.string().nullable().describe('As WhatsApp tells it'),
      phone: z.string().nullable().describe('E.164 with +; null where WhatsApp tells none'),
      bsuid: z.string().nullable().describe("Meta's id of the person towards this business"),
      contactId: id.nullable().describe('The contact of the directory that they are linked to'),
      contactName: z.string().nullable().describe('The name there; shown before the one that WhatsApp tells'),
      contactRev: z.int().nullable().describe('Grows with every change of the contact'),
    }),
    phase: z.enum(PHASES),
    operatorId: id.nullable(),
    operatorName: z.string().nullable().describe('Name of the operator, beside the id'),
    groupId: id.nullable(),
    origin: z.enum(ORIGINS),
    previousId: id.nullable().describe('The session of the same conversation before this one'),
    nextId: id.nullable(),
    textField: textFieldSchema,
    window: z
      .object({ until: time.nullable(), messageId: id.nullable().describe('The message that opened it') })
      .describe("Meta's customer service window of the client"),
    freeEntryPoint: z
      .object({ until: time })
      .nullable()
      .describe('The client came by an advertisement: messages cost nothing until then. It opens no text field'),
    ban: sessionBanSchema,
    offer: z
      .object({
        operatorId: id.nullable().describe('Null: offered to the whole group'),
        groupId: id.nullable(),
        since: time,
        dueAt: time.nullable(),
        overdueAt: time.nullable().describe('Since when nobody has accepted it in time'),
      })
      .nullable(),
    cameBack: z
      .object({
        operatorId: id,
        operatorName: z.string().nullable(),
        outcome: z.enum(['unanswered', 'returned']),
        at: time,
      })
      .nullable()
      .describe('It was transferred to this operator, who did not accept it in time, or declined'),
    waitingSince: time.nullable().describe('Receipt of the oldest client message that nobody answered'),
    unread: z.int(),
    lastSeq: z.int().describe('`seq` of the newest message of either direction'),
    readSeq: z.int().describe('Up to which `seq` the operator has read'),
    lastMessage: lastMessageSchema.nullable(),
    lastMessageAt: time.describe('When the newest message came or was written: the order of lists of open sessions'),
    attention: z
      .object({ failed: z.int(), unknown: z.int() })
      .describe('Messages whose newest attempt failed, or that Meta never confirmed'),
    tags: z.array(tagSchema).describe('In the order of their names'),
    result: z.object({ resultId: id, note: z.string().nullable() }).nullable(),
    startedAt: time,
    acceptedAt: time.nullable(),
    wrapUpAt: time.nullable().describe('When the operator ended it and the wrap-up began'),
    wrapUpUntil: time.nullable().describe('When the wrap-up ends by itself'),
    endedAt: time.nullable(),
    endReason: z.string().nullable(),
  })
  .meta({ id: 'Session' })
export type SessionView = z.infer<typeof sessionSchema>

/** A session with what decides who may see it, now and before the change at `accessRev`. */
export interface ReadSession {
  readonly session: SessionView
  readonly state: SessionState
  readonly accessRev: number
  readonly prevAccess: AccessFacts | null
}

interface Row {
  id: string
  previous_id: string | null
  next_id: string | null
  unread: number
  read_seq: number
  failed: number
  unknown: number
  access_rev: number
  prev_access: AccessFacts | null
  started_at: Date
  ended_at: Date | null
  end_reason: string | null
  result_id: string | null
  result_note: string | null
  operator_name: string | null
  offer_group_id: string | null
  back_from: string | null
  back_from_name: string | null
  back_outcome: 'unanswered' | 'returned' | null
  back_at: Date | null
  due_at: Date | null
  free_until: Date | null
  message_id: string | null
  message_seq: number | null
  direction: Direction
  type: MessageType
  text: string | null
  author_kind: AuthorKind
  author_id: string | null
  author_name: string | null
  status: string | null
  spoken_at: Date
  received_at: Date
}

export async function readSessions(
  db: Database | Trx,
  ids: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, ReadSession>> {
  if (ids.length === 0) return new Map()
  // The states come first: what is read after them may be newer than their rev, and never older.
  const states = await loadStates(db, ids)
  const [rows, people, bans, tags] = await Promise.all([
    readRows(db, ids),
    loadPeople(
      db,
      states.map((state) => state.clientId),
    ),
    loadSessionBans(
      db,
      states.flatMap(({ ban }) => (ban !== null && holds(ban, at) ? [ban.id] : [])),
    ),
    loadSessionTags(db, ids),
  ])
  const found = new Map<string, ReadSession>()
  for (const state of states) {
    const row = rows.get(state.id)
    const person = people.get(state.clientId)
    if (row === undefined || person === undefined) continue
    const ban = state.ban === null ? null : (bans.get(state.ban.id) ?? null)
    const session = viewOf(state, row, person, { ban, tags: tags.get(state.id) ?? [] }, at)
    found.set(state.id, { session, state, accessRev: row.access_rev, prevAccess: row.prev_access })
  }
  return found
}

export async function loadSessions(
  db: Database | Trx,
  ids: readonly string[],
  at: Instant,
): Promise<ReadonlyMap<string, SessionView>> {
  const read = await readSessions(db, ids, at)
  return new Map([...read].map(([sessionId, { session }]) => [sessionId, session]))
}

async function readRows(db: Database | Trx, ids: readonly string[]): Promise<ReadonlyMap<string, Row>> {
  const { rows } = await sql<Row>`
    SELECT s.id, s.previous_id, s.next_id, s.unread, s.read_seq, s.failed, s.unknown, s.access_rev, s.prev_access,
           s.started_at, s.ended_at, s.end_reason, s.result_id, s.result_note, u.name AS operator_name,
           o.group_id AS offer_group_id, o.due_at, free.until AS free_until,
           back.operator_id AS back_from, bu.name AS back_from_name, back.outcome AS back_outcome, back.closed_at AS back_at,
           m.id AS message_id, m.seq AS message_seq, m.direction, m.type, left(m.text, 200) AS text, m.author_kind, m.author_id,
           a.name AS author_name, m.status, m.spoken_at, m.received_at
      FROM session s
      LEFT JOIN user_account u ON u.id = s.operator_id
      LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL
      CROSS JOIN LATERAL (
        SELECT coalesce(max(to_timestamp(CASE WHEN st.body -> 'conversation' ->> 'expiration_timestamp' ~ '^[0-9]{9,11}$'
                                              THEN (st.body -> 'conversation' ->> 'expiration_timestamp')::bigint END)),
                        min(st.at) + interval '72 hours') AS until
          FROM attempt_status st
         WHERE st.session_id = s.id AND st.body -> 'pricing' ->> 'type' = 'free_entry_point'
      ) free
      LEFT JOIN LATERAL (
        SELECT b.operator_id, b.outcome, b.closed_at FROM offer b
         WHERE s.phase = 'active' AND b.session_id = s.id ORDER BY b.no DESC LIMIT 1
      ) back ON back.outcome IN ('unanswered', 'returned') AND back.operator_id IS NOT NULL
      LEFT JOIN user_account bu ON bu.id = back.operator_id
      LEFT JOIN message m ON m.id = s.last_message_id
      LEFT JOIN user_account a ON a.id = m.author_id
     WHERE s.id = ANY (${ids}::uuid[])`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

function viewOf(
  state: SessionState,
  row: Row,
  person: Person,
  { ban, tags }: { readonly ban: SessionView['ban']; readonly tags: TagView[] },
  at: Instant,
): SessionView {
  const { settings } = state
  const field = textFieldOf(state, at)
  const wrapUpUntil =
    state.phase === 'wrapUp' && state.wrapUpAt !== null && settings.wrapUpMax > 0
      ? state.wrapUpAt + settings.wrapUpMax * 1000
      : null
  return {
    id: state.id,
    rev: state.rev,
    channelId: state.channelId,
    client: person,
    phase: state.phase,
    operatorId: state.operatorId,
    operatorName: row.operator_name,
    groupId: state.groupId,
    origin: state.origin,
    previousId: row.previous_id,
    nextId: row.next_id,
    textField: { open: field.open, until: isoOf(field.until), reason: field.reason },
    window: { until: isoOf(state.windowUntil), messageId: state.windowMessageId },
    freeEntryPoint: row.free_until !== null && row.free_until.getTime() > at ? { until: iso(row.free_until) } : null,
    ban,
    offer: offerOf(state, row),
    cameBack: cameBackOf(row),
    waitingSince: isoOf(state.waitingSince),
    unread: row.unread,
    lastSeq: state.lastSeq,
    readSeq: row.read_seq,
    lastMessage: lastMessageOf(row, person),
    lastMessageAt: isoOf(state.lastMessageAt),
    attention: { failed: row.failed, unknown: row.unknown },
    tags,
    result: row.result_id === null ? null : { resultId: row.result_id, note: row.result_note },
    startedAt: iso(row.started_at),
    acceptedAt: isoOf(state.acceptedAt),
    wrapUpAt: isoOf(state.wrapUpAt),
    wrapUpUntil: isoOf(wrapUpUntil),
    endedAt: iso(row.ended_at),
    endReason: row.end_reason,
  }
}

function offerOf(state: SessionState, row: Row): SessionView['offer'] {
  if (state.offerNo === null || state.offeredAt === null) return null
  const { queueTime } = state.settings
  const dueAt = row.due_at?.getTime() ?? (queueTime > 0 ? state.offeredAt + queueTime * 1000 : null)
  return {
    operatorId: state.offerOperatorId,
    groupId: row.offer_group_id,
    since: isoOf(state.offeredAt),
    dueAt: isoOf(dueAt),
    overdueAt: isoOf(state.overdueAt),
  }
}

function cameBackOf(row: Row): SessionView['cameBack'] {
  const { back_from, back_outcome, back_at } = row
  if (back_from === null || back_outcome === null || back_at === null) return null
  return { operatorId: back_from, operatorName: row.back_from_name, outcome: back_outcome, at: iso(back_at) }
}

function lastMessageOf(row: Row, person: Person): SessionView['lastMessage'] {
  if (row.message_id === null || row.message_seq === null) return null
  const byClient = row.author_kind === 'client'
  return {
    id: row.message_id,
    seq: row.message_seq,
    direction: row.direction,
    type: row.type,
    text: row.text,
    author: {
      kind: row.author_kind,
      id: byClient ? person.id : row.author_id,
      name: byClient ? nameOfPerson(person) : row.author_name,
    },
    status: row.status,
    at: iso(row.spoken_at),
    receivedAt: iso(row.received_at),
  }
}
