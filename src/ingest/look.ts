// The first of a batch's two round trips: it begins the transaction, keeps the raw bodies, finds out who and what the
// items name, locks those clients (the mutexes), and reads how they stand. What is read behind the lock, in statements of
// their own, sees what the last holder of the lock committed.
import type { Client as PgClient } from 'pg'
import { type Statement, Trip } from '../db/trip.ts'
import type { AttemptState } from '../domain/delivery.ts'
import { settingsFrom } from '../domain/settings.ts'
import type { Alias, AliasKind, Instant, Phase } from '../domain/words.ts'
import type { ClientFacts, Facts, RawRow, SessionFacts, WamidKey } from './facts.ts'
import { aliasName, wamidKey } from './facts.ts'

export interface Named {
  readonly phoneNumberIds: readonly string[]
  readonly aliases: readonly { readonly phoneNumberId: string; readonly alias: Alias }[]
  readonly messages: readonly WamidKey[]
  readonly statuses: readonly WamidKey[]
  /** Attempts named by the data that came back with a status. */
  readonly opaques: readonly string[]
}

/** `wait`: for clients that somebody else holds; else those are passed over. */
export async function lookAndLock(
  pg: PgClient,
  raws: readonly RawRow[],
  named: Named,
  { wait }: { readonly wait: boolean },
): Promise<Facts> {
  const trip = new Trip(pg)
  trip.ask(BEGIN)
  if (raws.length > 0) keep(trip, raws)
  const channels = trip.ask<ChannelRow>(CHANNELS, [named.phoneNumberIds])
  const ofStatuses = named.statuses.length > 0
  if (ofStatuses) {
    trip.ask(NAME_ATTEMPTS, [
      named.statuses.map((key) => key.phoneNumberId),
      named.statuses.map((key) => key.wamid),
      named.opaques,
    ])
  }
  trip.ask(NAME_CLIENTS, [
    named.phoneNumberIds,
    named.aliases.map((key) => key.phoneNumberId),
    named.aliases.map((key) => key.alias.kind),
    named.aliases.map((key) => key.alias.value),
  ])
  if (wait) trip.ask(PATIENCE)
  const clients = trip.ask<ClientRow>(wait ? LOCK_WAITING : LOCK)
  const aliases = trip.ask<AliasRow>(ALIASES)
  const anyBan = trip.ask<{ any: boolean }>(ANY_BAN)
  const sessions = trip.ask<SessionRow>(SESSIONS)
  const attempts = ofStatuses ? trip.ask<AttemptRow>(ATTEMPTS) : null
  const theirs = ofStatuses ? trip.ask<SessionRow>(SESSIONS_OF_ATTEMPTS) : null
  const messages =
    named.messages.length === 0
      ? null
      : trip.ask<MessageRow>(MESSAGES, [
          named.phoneNumberIds,
          named.messages.map((key) => key.phoneNumberId),
          named.messages.map((key) => key.wamid),
        ])
  await trip.send()
  const bans = anyBan.rows[0]?.any === true ? await bansOf(pg, named) : []

  const aliasesOf = Map.groupBy(aliases.rows, (row) => row.client_id)
  const allSessions = theirs === null ? sessions.rows : [...sessions.rows, ...theirs.rows]
  return {
    channels: new Map(
      channels.rows.map((row) => [
        row.phone_number_id,
        { id: row.id, phoneNumberId: row.phone_number_id, groupId: row.group_id },
      ]),
    ),
    queueTime: settingsFrom(channels.rows.map((row) => ({ key: 'queueTime', value: row.queue_time }))).queueTime,
    aliases: aliases.rows.map((row) => ({
      channelId: row.channel_id,
      kind: row.kind,
      value: row.value,
      clientId: row.client_id,
    })),
    clients: new Map(clients.rows.map((row) => [row.id, clientOf(row, aliasesOf.get(row.id) ?? [])])),
    bans: new Map(bans.map((row) => [aliasName(row), at(row.until)])),
    sessions: new Map(allSessions.map((row) => [row.id, sessionOf(row)])),
    lastSessions: new Map(sessions.rows.map((row) => [row.client_id, row.id])),
    messages: new Map(
      (messages?.rows ?? []).map((row) => [
        wamidKey(row.phone_number_id, row.wamid),
        {
          id: row.id,
          channelId: row.channel_id,
          wamid: row.wamid,
          kind: row.kind,
          sessionId: row.session_id,
          seq: row.seq,
        },
      ]),
    ),
    attempts: (attempts?.rows ?? []).map((row) => ({
      id: row.id,
      channelId: row.channel_id,
      messageId: row.message_id,
      sessionId: row.session_id,
      clientId: row.client_id,
      wamid: row.wamid,
      state: row.state,
      newest: row.newest,
      reachedAnyway: row.reached_anyway,
    })),
  }
}

/** The bodies travel as one, so that they need no hexadecimal and the statement is always the same. */
function keep(trip: Trip, raws: readonly RawRow[]): void {
  let end = 0
  const from = raws.map(({ body }) => {
    const start = end
    end += body.length
    return start + 1
  })
  trip.ask(KEEP, [
    raws.map((raw) => raw.id),
    raws.map((raw) => new Date(raw.receivedAt)),
    from,
    raws.map((raw) => raw.body.length),
    Buffer.concat(raws.map((raw) => raw.body)),
  ])
}

const BEGIN: Statement = { name: 'ingest-begin', text: 'BEGIN' }

const KEEP: Statement = {
  name: 'ingest-keep',
  text: `INSERT INTO webhook_raw (id, received_at, body)
         SELECT r.id, r.at, substr($5::bytea, r.start, r.length)
           FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::int[]) AS r(id, at, start, length)
         ON CONFLICT DO NOTHING`,
}

const CHANNELS: Statement = {
  name: 'ingest-channels',
  text: `SELECT id, phone_number_id, group_id, (SELECT value FROM setting WHERE key = 'queueTime') AS queue_time
           FROM channel WHERE phone_number_id = ANY ($1::text[])`,
}

/** Few, and looked up once: each key then finds its own among them. */
const THEIR_CHANNELS = `WITH c AS MATERIALIZED (SELECT id, phone_number_id FROM channel WHERE phone_number_id = ANY ($1::text[]))`

// Whom and what the items name is remembered in the transaction: the statements behind need it, and there is no time to
// ask and tell it again.
const NAMED_CLIENTS = 'parley.named_clients'
const NAMED_ATTEMPTS = 'parley.named_attempts'
const remember = (name: string): string => `set_config('${name}', coalesce(array_agg(id)::text, '{}'), true)`
const remembered = (name: string): string => `nullif(current_setting('${name}', true), '')::uuid[]`

const NAME_ATTEMPTS: Statement = {
  name: 'ingest-name-attempts',
  text: `SELECT ${remember(NAMED_ATTEMPTS)}
           FROM (SELECT a.id FROM unnest($1::text[], $2::text[]) AS k(pnid, wamid)
                   JOIN channel c ON c.phone_number_id = k.pnid
                  CROSS JOIN LATERAL (SELECT id FROM attempt a
                                       WHERE a.channel_id = c.id AND a.wamid = k.wamid OFFSET 0) a
                  UNION SELECT id FROM attempt WHERE id = ANY ($3::uuid[])) AS found`,
}

const NAME_CLIENTS: Statement = {
  name: 'ingest-name-clients',
  text: `${THEIR_CHANNELS}
         SELECT ${remember(NAMED_CLIENTS)}
           FROM (SELECT a.client_id AS id FROM unnest($2::text[], $3::text[], $4::text[]) AS k(pnid, kind, value)
                   JOIN c ON c.phone_number_id = k.pnid
                  CROSS JOIN LATERAL (SELECT client_id FROM client_alias a
                                       WHERE a.channel_id = c.id AND a.kind = k.kind AND a.value = k.value LIMIT 1) a
                  UNION SELECT s.client_id FROM attempt a JOIN session s ON s.id = a.session_id
                         WHERE a.id = ANY (${remembered(NAMED_ATTEMPTS)})) AS found`,
}

const PATIENCE: Statement = { name: 'ingest-patience', text: "SET LOCAL lock_timeout = '1s'" }

const lock = (name: string, how: string): Statement => ({
  name,
  text: `SELECT id, channel_id, name, rev, window_expires_at, window_message_id FROM client
          WHERE id = ANY (${remembered(NAMED_CLIENTS)}) ORDER BY id FOR UPDATE ${how}`,
})
const LOCK = lock('ingest-lock', 'SKIP LOCKED')
const LOCK_WAITING = lock('ingest-lock-wait', '')

const ALIASES: Statement = {
  name: 'ingest-aliases',
  text: `SELECT client_id, channel_id, kind, value FROM client_alias WHERE client_id = ANY (${remembered(NAMED_CLIENTS)})`,
}

const ANY_BAN: Statement = {
  name: 'ingest-any-ban',
  text: 'SELECT EXISTS (SELECT 1 FROM ban WHERE lifted_at IS NULL AND expired_at IS NULL) AS any',
}

/** Newcomers' aliases are banned before anybody has them. */
const BANS: Statement = {
  name: 'ingest-bans',
  text: `SELECT k.kind, k.value, b.until
           FROM (SELECT kind, value FROM unnest($1::text[], $2::text[]) AS n(kind, value)
                 UNION SELECT kind, value FROM client_alias WHERE client_id = ANY (${remembered(NAMED_CLIENTS)})) k
          CROSS JOIN LATERAL (SELECT b.until FROM ban_alias ba JOIN ban b ON b.id = ba.ban_id
                               WHERE ba.kind = k.kind AND ba.value = k.value AND b.lifted_at IS NULL
                               ORDER BY b.until DESC NULLS FIRST LIMIT 1) b`,
}

/** A trip of its own, for the few companies who have somebody on the blacklist: the others' batches need not look. */
async function bansOf(pg: PgClient, named: Named): Promise<readonly BanRow[]> {
  const trip = new Trip(pg)
  const bans = trip.ask<BanRow>(BANS, [
    named.aliases.map((key) => key.alias.kind),
    named.aliases.map((key) => key.alias.value),
  ])
  await trip.send()
  return bans.rows
}

const SESSION_COLUMNS = `id, client_id, channel_id, phase, rev, last_seq, last_in_seq, unread, waiting_since, last_message_id,
       last_message_at, bell_on, awaits_client, wrap_up_at, end_reason, ended_at`

/** Of each client the open one, or, where none is, the one that ended last. */
const SESSIONS: Statement = {
  name: 'ingest-sessions',
  text: `SELECT s.* FROM unnest(${remembered(NAMED_CLIENTS)}) AS k(client_id)
          CROSS JOIN LATERAL (SELECT ${SESSION_COLUMNS} FROM session WHERE client_id = k.client_id
                               ORDER BY ended_at DESC NULLS FIRST LIMIT 1) s`,
}

const SESSIONS_OF_ATTEMPTS: Statement = {
  name: 'ingest-sessions-of-attempts',
  text: `SELECT ${SESSION_COLUMNS} FROM session
          WHERE id IN (SELECT session_id FROM attempt WHERE id = ANY (${remembered(NAMED_ATTEMPTS)}))`,
}

const ATTEMPTS: Statement = {
  name: 'ingest-attempts',
  text: `SELECT a.id, a.channel_id, a.message_id, a.session_id, s.client_id, a.wamid, a.state, a.reached_anyway,
                NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = a.message_id AND n.no > a.no) AS newest
           FROM attempt a JOIN session s ON s.id = a.session_id WHERE a.id = ANY (${remembered(NAMED_ATTEMPTS)})`,
}

const MESSAGES: Statement = {
  name: 'ingest-messages',
  text: `${THEIR_CHANNELS}
         SELECT c.phone_number_id, m.id, m.channel_id, m.wamid, m.kind, m.session_id, m.seq
           FROM unnest($2::text[], $3::text[]) AS k(pnid, wamid)
           JOIN c ON c.phone_number_id = k.pnid
          CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.channel_id = c.id AND m.wamid = k.wamid
                                 AND m.superseded_by IS NULL LIMIT 1) m`,
}

interface ChannelRow {
  id: string
  phone_number_id: string
  group_id: string
  queue_time: unknown
}

interface ClientRow {
  id: string
  channel_id: string
  name: string | null
  rev: number
  window_expires_at: Date | null
  window_message_id: string | null
}

interface AliasRow {
  client_id: string
  channel_id: string
  kind: AliasKind
  value: string
}

interface BanRow {
  kind: AliasKind
  value: string
  until: Date | null
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

interface MessageRow {
  phone_number_id: string
  id: string
  channel_id: string
  wamid: string
  kind: string
  session_id: string | null
  seq: number | null
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

const at = (date: Date | null): Instant | null => (date === null ? null : date.getTime())

const clientOf = (row: ClientRow, aliases: readonly AliasRow[]): ClientFacts => ({
  id: row.id,
  channelId: row.channel_id,
  aliases: aliases.map(({ kind, value }) => ({ kind, value })),
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
