// The second round trip of a batch: it adds who is new, locks the clients (the mutexes), and reads how they stand.
import type { Client as PgClient } from 'pg'
import { type Statement, Trip } from '../db/trip.ts'
import type { AttemptState } from '../domain/delivery.ts'
import type { Alias, AliasKind, Instant, Phase } from '../domain/words.ts'
import {
  type ClientFacts,
  knownMessageOf,
  type Locked,
  LookAgain,
  type MessageRow,
  type NewAlias,
  type NewClient,
  type SessionFacts,
} from './facts.ts'

const at = (date: Date | null): Instant | null => (date === null ? null : date.getTime())

export async function lockAndRead(
  pg: PgClient,
  now: Instant,
  make: { clients: readonly NewClient[]; aliases: readonly NewAlias[] },
  want: {
    clientIds: readonly string[]
    /** Ghosts, as they were before the lock. */
    ghosts: readonly { channelId: string; wamid: string }[]
    attemptIds: readonly string[]
    wait: boolean
  },
): Promise<Locked> {
  const trip = new Trip(pg)
  if (make.clients.length > 0) {
    trip.ask(NEW_CLIENTS, [
      make.clients.map((c) => c.id),
      make.clients.map((c) => c.channelId),
      make.clients.map((c) => c.name),
      new Date(now),
    ])
  }
  // In one order everywhere, so that two batches with the same newcomers cannot deadlock.
  const sorted = [...make.aliases].sort((a, b) => (aliasKey(a) < aliasKey(b) ? -1 : 1))
  const added =
    sorted.length === 0
      ? null
      : trip.ask(NEW_ALIASES, [
          sorted.map((a) => a.channelId),
          sorted.map((a) => a.alias.kind),
          sorted.map((a) => a.alias.value),
          sorted.map((a) => a.clientId),
          new Date(now),
        ])
  if (want.wait) trip.ask(PATIENCE)
  const clients = trip.ask<ClientRow>(want.wait ? LOCK_WAITING : LOCK, [want.clientIds])
  // Read after the lock, in statements of their own: they must see what the last holder of the lock committed.
  const aliases = trip.ask<{ client_id: string; kind: AliasKind; value: string }>(CLIENT_ALIASES, [want.clientIds])
  const sessions = trip.ask<SessionRow>(SESSIONS, [want.clientIds])
  const theirs = want.attemptIds.length === 0 ? null : trip.ask<SessionRow>(SESSIONS_OF_ATTEMPTS, [want.attemptIds])
  // A message that came meanwhile is refused by its unique id, and found at the next look. A ghost that was replaced
  // meanwhile is not.
  const ghosts =
    want.ghosts.length === 0
      ? null
      : trip.ask<MessageRow>(WAMIDS, [want.ghosts.map((w) => w.channelId), want.ghosts.map((w) => w.wamid)])
  const attempts = want.attemptIds.length === 0 ? null : trip.ask<AttemptRow>(ATTEMPT_STATES, [want.attemptIds])
  await trip.send()
  if (added !== null && added.rowCount !== make.aliases.length) throw new LookAgain()

  const rows = [...sessions.rows, ...(theirs?.rows ?? [])]
  const found = clients.rows
  const held = new Set(found.map((row) => row.id))
  // An alias may be learned only under its client's lock: two batches would each teach a client another BSUID.
  if (make.aliases.some((alias) => !held.has(alias.clientId))) throw new LookAgain({ wait: true })
  const aliasesOf = Map.groupBy(aliases.rows, (row) => row.client_id)
  return {
    clients: new Map(
      found.map((row) => {
        const own = aliasesOf.get(row.id) ?? []
        return [
          row.id,
          clientOf(
            row,
            own.map(({ kind, value }) => ({ kind, value })),
          ),
        ]
      }),
    ),
    sessions: new Map(rows.map((row) => [row.id, sessionOf(row)])),
    lastSessions: new Map(sessions.rows.map((row) => [row.client_id, row.id])),
    ghosts: (ghosts?.rows ?? []).map(knownMessageOf),
    attempts: new Map(
      (attempts?.rows ?? []).map((row) => [
        row.id,
        {
          id: row.id,
          channelId: row.channel_id,
          messageId: row.message_id,
          sessionId: row.session_id,
          clientId: row.client_id,
          wamid: row.wamid,
          state: row.state,
          newest: row.newest,
          reachedAnyway: row.reached_anyway,
        },
      ]),
    ),
  }
}

const NEW_CLIENTS: Statement = {
  name: 'ingest-new-clients',
  text: `INSERT INTO client (id, channel_id, name, created_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n(id, channel_id, name), (SELECT $4::timestamptz) AS t`,
}

const NEW_ALIASES: Statement = {
  name: 'ingest-new-aliases',
  text: `INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
         SELECT n.*, $5::timestamptz, 'webhook' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS n(channel_id, kind, value, client_id)
         ON CONFLICT DO NOTHING`,
}

const PATIENCE: Statement = { name: 'ingest-patience', text: "SET LOCAL lock_timeout = '1s'" }

const lock = (name: string, how: string): Statement => ({
  name,
  text: `WITH locked AS (
           SELECT id, channel_id, name, rev, window_expires_at, window_message_id, joined_into FROM client
            WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE ${how})
         SELECT * FROM locked`,
})
const LOCK = lock('ingest-lock', 'SKIP LOCKED')
const LOCK_WAITING = lock('ingest-lock-wait', '')

const CLIENT_ALIASES: Statement = {
  name: 'ingest-client-aliases',
  text: 'SELECT client_id, kind, value FROM client_alias WHERE client_id = ANY ($1::uuid[])',
}

const SESSION_COLUMNS = `id, client_id, channel_id, phase, rev, last_seq, last_in_seq, unread, waiting_since, last_message_id,
       last_message_at, bell_on, awaits_client, wrap_up_at, end_reason, ended_at`

/** Of each client the open one, or, where none is, the one that ended last. */
const SESSIONS: Statement = {
  name: 'ingest-sessions',
  text: `SELECT s.* FROM unnest($1::uuid[]) AS k(client_id)
          CROSS JOIN LATERAL (SELECT ${SESSION_COLUMNS} FROM session WHERE client_id = k.client_id
                               ORDER BY ended_at DESC NULLS FIRST LIMIT 1) s`,
}

const SESSIONS_OF_ATTEMPTS: Statement = {
  name: 'ingest-sessions-of-attempts',
  text: `SELECT ${SESSION_COLUMNS} FROM session
          WHERE id IN (SELECT session_id FROM attempt WHERE id = ANY ($1::uuid[]))`,
}

const WAMIDS: Statement = {
  name: 'ingest-wamids',
  text: `SELECT m.id, m.channel_id, m.wamid, m.kind, m.session_id, m.seq
           FROM unnest($1::uuid[], $2::text[]) AS k(channel_id, wamid)
          CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.channel_id = k.channel_id AND m.wamid = k.wamid
                                 AND m.superseded_by IS NULL LIMIT 1) m`,
}

const ATTEMPT_STATES: Statement = {
  name: 'ingest-attempt-states',
  text: `SELECT a.id, a.channel_id, a.message_id, a.session_id, s.client_id, a.wamid, a.state, a.reached_anyway,
                NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = a.message_id AND n.no > a.no) AS newest
           FROM attempt a JOIN session s ON s.id = a.session_id WHERE a.id = ANY ($1::uuid[])`,
}

const aliasKey = (a: NewAlias): string => `${a.channelId}\n${a.alias.kind}\n${a.alias.value}`

interface ClientRow {
  id: string
  channel_id: string
  name: string | null
  rev: number
  window_expires_at: Date | null
  window_message_id: string | null
  joined_into: string | null
}

interface SessionRow {
  id: string
  client_id: string
  channel_id: string
  phase: Phase
  rev: number
  last_seq: number
  last_in_seq: number
  unread: number
  waiting_since: Date | null
  last_message_id: string | null
  last_message_at: Date
  bell_on: boolean
  awaits_client: boolean
  wrap_up_at: Date | null
  end_reason: string | null
  ended_at: Date | null
}

interface AttemptRow {
  id: string
  channel_id: string
  message_id: string
  session_id: string
  client_id: string
  wamid: string | null
  state: AttemptState
  newest: boolean
  reached_anyway: boolean
}

const clientOf = (row: ClientRow, aliases: readonly Alias[]): ClientFacts => ({
  id: row.id,
  channelId: row.channel_id,
  joinedInto: row.joined_into,
  aliases,
  name: row.name,
  rev: row.rev,
  windowUntil: at(row.window_expires_at),
  windowMessageId: row.window_message_id,
})

const sessionOf = (row: SessionRow): SessionFacts => ({
  id: row.id,
  clientId: row.client_id,
  channelId: row.channel_id,
  phase: row.phase,
  rev: row.rev,
  lastSeq: row.last_seq,
  lastInSeq: row.last_in_seq,
  unread: row.unread,
  waitingSince: at(row.waiting_since),
  lastMessageId: row.last_message_id,
  lastMessageAt: row.last_message_at.getTime(),
  bellOn: row.bell_on,
  awaitsClient: row.awaits_client,
  wrapUpAt: at(row.wrap_up_at),
  endReason: row.end_reason,
  ended: row.ended_at !== null,
})
