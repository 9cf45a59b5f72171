// The rows that a batch writes, and how: everything in one round trip that ends with the commit. Each kind
// of row travels as one JSON parameter, so that a statement's text never depends on how many rows there are.
import type { Client as PgClient } from 'pg'
import { type Statement, Trip } from '../db/trip.ts'
import type { SendError } from '../domain/meta-errors.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import { type Change, LIVE_CHANNEL, noticeOf } from '../sessions/changes.ts'
import { RECOUNT } from '../sessions/recount.ts'
import { BELL_CLAIM_MS } from '../sessions/write.ts'
import type { NewAlias } from './facts.ts'

export interface SessionWrite {
  readonly id: string
  readonly client_id: string
  readonly channel_id: string
  readonly destination_kind: string
  readonly destination: string
  readonly phase: string
  readonly group_id: string | null
  readonly previous_id: string | null
  readonly rev: number
  readonly bell_on: boolean
  readonly awaits_client: boolean
  readonly last_seq: number
  readonly last_in_seq: number
  readonly unread: number
  readonly waiting_since: string | null
  readonly last_message_id: string | null
  readonly last_message_at: string
  readonly started_at: string
  readonly wrap_up_at: string | null
  readonly end_reason: string | null
}

export interface MessageWrite {
  readonly id: string
  readonly channel_id: string
  readonly client_id: string
  readonly session_id: string | null
  readonly seq: number | null
  rev: number
  readonly direction: string
  readonly kind: string
  readonly type: string
  readonly text: string | null
  readonly content: JsonObject
  readonly wamid: string
  readonly author_kind: string
  readonly author_id: string | null
  readonly reply_wamid: string | null
  readonly spoken_at: string
  readonly received_at: string
  readonly time_doubted: boolean
  readonly banned: boolean
  readonly raw_id: string
}

export interface EventWrite {
  readonly session_id: string
  /** 1 for the session's first event of this batch, 2 for its second … */
  readonly k: number
  readonly rev: number
  readonly at: string
  readonly actor_kind: 'client' | 'meta'
  readonly actor_id: string | null
  readonly kind: string
  readonly evidence: JsonObject
}

export interface AttemptWrite {
  readonly id: string
  state: string | null
  wamid: string | null
  error: SendError | null
  reached_anyway: boolean
  /** The message's status, where this is its newest attempt and moved. */
  message_status: string | null
  rev: number
}

export interface StatusWrite {
  readonly id: string
  readonly attempt_id: string
  readonly message_id: string
  readonly session_id: string
  readonly rev: number | null
  readonly status: string
  readonly at: string
  readonly received_at: string
  readonly raw_id: string
  readonly body: JsonObject
}

export interface ParkedWrite {
  readonly id: string
  readonly channel_id: string
  readonly wamid: string
  readonly opaque: string | null
  readonly status: string
  readonly at: string
  readonly received_at: string
  readonly raw_id: string
  readonly body: JsonObject
}

export interface NoticeWrite {
  readonly id: string
  readonly raw_id: string
  readonly path: string
  readonly waba_id: string | null
  readonly phone_number_id: string | null
  readonly field: string
  readonly value: JsonObject
  readonly at: string
}

export interface QuarantineWrite {
  readonly id: string
  readonly raw_id: string
  readonly path: string
  readonly reason: string
  readonly detail: string | null
  readonly sqlstate: string | null
  readonly phone_number_id: string | null
  readonly at: string
}

export interface ClientWrite {
  readonly id: string
  readonly channel_id: string
  readonly name: string | null
  readonly rev: number
  readonly window_expires_at: string | null
  readonly window_message_id: string | null
}

export interface Writes {
  readonly newClients: readonly ClientWrite[]
  readonly newAliases: readonly NewAlias[]
  readonly clients: readonly ClientWrite[]
  readonly newSessions: readonly SessionWrite[]
  readonly sessions: readonly SessionWrite[]
  readonly linked: readonly { id: string; next_id: string; rev: number }[]
  readonly offers: readonly { session_id: string; group_id: string | null; offered_at: string; due_at: string | null }[]
  readonly messages: readonly MessageWrite[]
  readonly replaced: readonly MessageWrite[]
  readonly superseded: readonly { id: string; by: string }[]
  readonly events: readonly EventWrite[]
  readonly attempts: readonly AttemptWrite[]
  readonly statuses: readonly StatusWrite[]
  readonly recount: readonly string[]
  readonly parked: readonly ParkedWrite[]
  readonly notices: readonly NoticeWrite[]
  readonly quarantined: readonly QuarantineWrite[]
  readonly redriven: readonly { rawId: string; path: string }[]
  readonly rings: readonly { session_id: string; start: boolean; spoke: boolean }[]
  readonly changes: readonly Change[]
  readonly clientChanges: readonly { clientId: string; rev: number }[]
  readonly channelsDown: readonly { id: string; reason: string }[]
}

const CLIENT_COLUMNS = `id uuid, channel_id uuid, name text, rev int, window_expires_at timestamptz, window_message_id uuid`
const SESSION_COLUMNS = `id uuid, client_id uuid, channel_id uuid, destination_kind text, destination text, phase text, group_id uuid,
  previous_id uuid, rev int, bell_on boolean, awaits_client boolean, last_seq int, last_in_seq int, unread int, waiting_since timestamptz,
  last_message_id uuid, last_message_at timestamptz, started_at timestamptz, wrap_up_at timestamptz, end_reason text`
/** What a client's message changes of a session that is there. */
const CHANGED_COLUMNS = `id uuid, phase text, rev int, bell_on boolean, awaits_client boolean, last_seq int, last_in_seq int, unread int,
  waiting_since timestamptz, last_message_id uuid, last_message_at timestamptz, wrap_up_at timestamptz, end_reason text`
const MESSAGE_COLUMNS = `id uuid, channel_id uuid, client_id uuid, session_id uuid, seq int, rev int, direction text, kind text, type text,
  text text, content jsonb, wamid text, author_kind text, author_id uuid, reply_wamid text, spoken_at timestamptz,
  received_at timestamptz, time_doubted boolean, banned boolean, raw_id uuid`

/** What a message quotes: the newest that has this id at Meta, received or sent. */
const REPLY_TO = `CASE WHEN r.reply_wamid IS NOT NULL THEN coalesce(
    (SELECT q.id FROM message q WHERE q.channel_id = r.channel_id AND q.wamid = r.reply_wamid AND q.superseded_by IS NULL),
    (SELECT a.message_id FROM attempt a WHERE a.channel_id = r.channel_id AND a.wamid = r.reply_wamid ORDER BY a.no DESC LIMIT 1)) END`

/** Writes everything and commits. Order: what frees a unique key comes before what takes it. */
export async function write(pg: PgClient, writes: Writes, now: Instant, processId: string): Promise<void> {
  const trip = new Trip(pg)
  const put = (name: string, rows: readonly unknown[], text: string, ...more: unknown[]): void => {
    if (rows.length > 0) trip.ask({ name: `ingest-write-${name}`, text }, [JSON.stringify(rows), ...more])
  }
  const at = new Date(now)

  put(
    'superseded',
    writes.superseded,
    `UPDATE message m SET superseded_by = r.by FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, by uuid) WHERE m.id = r.id`,
  )
  put(
    'new-clients',
    writes.newClients,
    `INSERT INTO client (id, channel_id, name, rev, window_expires_at, window_message_id, created_at)
     SELECT id, channel_id, name, rev, window_expires_at, window_message_id, $2
       FROM jsonb_to_recordset($1::jsonb) AS r(${CLIENT_COLUMNS})`,
    at,
  )
  // Whoever was first with an alias makes this fail, and everything is looked at anew. In one order everywhere, so that
  // two batches with the same newcomers cannot deadlock.
  put(
    'new-aliases',
    writes.newAliases
      .map(({ channelId, alias, clientId }) => ({ channel_id: channelId, ...alias, client_id: clientId }))
      .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)),
    `INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
     SELECT channel_id, kind, value, client_id, $2, 'webhook'
       FROM jsonb_to_recordset($1::jsonb) AS r(channel_id uuid, kind text, value text, client_id uuid)`,
    at,
  )
  put(
    'clients',
    writes.clients,
    `UPDATE client c SET name = r.name, rev = r.rev, window_expires_at = r.window_expires_at, window_message_id = r.window_message_id
       FROM jsonb_to_recordset($1::jsonb) AS r(${CLIENT_COLUMNS})
      WHERE c.id = r.id`,
  )
  put(
    'linked',
    writes.linked,
    `UPDATE session s SET next_id = r.next_id, rev = r.rev FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, next_id uuid, rev int) WHERE s.id = r.id`,
  )
  put(
    'new-sessions',
    writes.newSessions,
    `INSERT INTO session (id, client_id, channel_id, destination_kind, destination, phase, origin, group_id, previous_id, rev, bell_on,
                          awaits_client, last_seq, last_in_seq, unread, waiting_since, last_message_id, last_message_at, started_at)
     SELECT id, client_id, channel_id, destination_kind, destination, phase, 'inbound', group_id, previous_id, rev, bell_on,
            awaits_client, last_seq, last_in_seq, unread, waiting_since, last_message_id, last_message_at, started_at
       FROM jsonb_to_recordset($1::jsonb) AS r(${SESSION_COLUMNS})`,
  )
  put(
    'sessions-changed',
    writes.sessions,
    `UPDATE session s SET phase = r.phase, rev = r.rev, bell_on = r.bell_on, awaits_client = r.awaits_client, last_seq = r.last_seq,
            last_in_seq = r.last_in_seq, unread = r.unread, waiting_since = r.waiting_since, last_message_id = r.last_message_id,
            last_message_at = r.last_message_at, wrap_up_at = r.wrap_up_at, end_reason = r.end_reason
       FROM jsonb_to_recordset($1::jsonb) AS r(${CHANGED_COLUMNS}) WHERE s.id = r.id`,
  )
  put(
    'offers',
    writes.offers,
    `INSERT INTO offer (session_id, no, group_id, offered_at, due_at)
     SELECT session_id, 1, group_id, offered_at, due_at
       FROM jsonb_to_recordset($1::jsonb) AS r(session_id uuid, group_id uuid, offered_at timestamptz, due_at timestamptz)`,
  )
  put(
    'messages',
    writes.messages,
    `INSERT INTO message (id, channel_id, client_id, session_id, seq, rev, body_rev, direction, kind, type, text, content, wamid,
                          author_kind, author_id, reply_to, reply_wamid, spoken_at, received_at, time_doubted, banned, raw_id)
     SELECT id, channel_id, client_id, session_id, seq, rev, rev, direction, kind, type, text, content, wamid,
            author_kind, author_id, ${REPLY_TO}, reply_wamid, spoken_at, received_at, time_doubted, banned, raw_id
       FROM jsonb_to_recordset($1::jsonb) AS r(${MESSAGE_COLUMNS})`,
  )
  put(
    'replaced',
    writes.replaced,
    `UPDATE message m SET rev = r.rev, body_rev = r.rev, kind = r.kind, type = r.type, text = r.text, content = r.content,
            reply_to = ${REPLY_TO}, reply_wamid = r.reply_wamid, spoken_at = r.spoken_at, received_at = r.received_at,
            time_doubted = r.time_doubted, banned = r.banned, raw_id = r.raw_id
       FROM jsonb_to_recordset($1::jsonb) AS r(${MESSAGE_COLUMNS}) WHERE m.id = r.id`,
  )
  put(
    'search-again',
    writes.replaced,
    `INSERT INTO search_again SELECT id FROM jsonb_to_recordset($1::jsonb) AS r(id uuid) ON CONFLICT DO NOTHING`,
  )
  put(
    'attempts',
    writes.attempts,
    `UPDATE attempt a SET state = coalesce(r.state, a.state), wamid = coalesce(a.wamid, r.wamid), reached_anyway = a.reached_anyway OR r.reached_anyway,
            error = CASE WHEN r.state IS NULL THEN a.error ELSE r.error END
       FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, state text, wamid text, error jsonb, reached_anyway boolean) WHERE a.id = r.id`,
  )
  put(
    'message-statuses',
    writes.attempts.filter((attempt) => attempt.message_status !== null),
    `UPDATE message m SET status = r.message_status, rev = r.rev
       FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, message_status text, rev int) JOIN attempt a ON a.id = r.id
      WHERE m.id = a.message_id`,
  )
  put(
    'statuses',
    writes.statuses,
    `INSERT INTO attempt_status (id, attempt_id, message_id, session_id, rev, status, at, received_at, source, raw_id, body)
     SELECT id, attempt_id, message_id, session_id, rev, status, at, received_at, 'meta', raw_id, body
       FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, attempt_id uuid, message_id uuid, session_id uuid, rev int, status text,
            at timestamptz, received_at timestamptz, raw_id uuid, body jsonb)
     ON CONFLICT DO NOTHING`,
  )
  put(
    'events',
    writes.events,
    `INSERT INTO session_event (session_id, n, rev, at, actor_kind, actor_id, kind, evidence)
     SELECT r.session_id, r.k + coalesce((SELECT max(e.n) FROM session_event e WHERE e.session_id = r.session_id), 0), r.rev, r.at,
            r.actor_kind, r.actor_id, r.kind, r.evidence
       FROM jsonb_to_recordset($1::jsonb) AS r(session_id uuid, k int, rev int, at timestamptz, actor_kind text, actor_id uuid, kind text, evidence jsonb)`,
  )
  put(
    'parked',
    writes.parked,
    `INSERT INTO status_parked (id, channel_id, wamid, opaque, status, at, received_at, raw_id, body)
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, channel_id uuid, wamid text, opaque text, status text, at timestamptz,
            received_at timestamptz, raw_id uuid, body jsonb)
     ON CONFLICT DO NOTHING`,
  )
  put(
    'notices',
    writes.notices,
    `INSERT INTO account_notice (id, raw_id, path, waba_id, phone_number_id, field, value, at)
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, raw_id uuid, path text, waba_id text, phone_number_id text, field text, value jsonb, at timestamptz)
     ON CONFLICT DO NOTHING`,
  )
  put(
    'quarantined',
    writes.quarantined,
    `INSERT INTO quarantine (id, raw_id, path, reason, detail, sqlstate, phone_number_id, at)
     SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, raw_id uuid, path text, reason text, detail text, sqlstate text, phone_number_id text, at timestamptz)
     ON CONFLICT (raw_id, path) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, sqlstate = excluded.sqlstate, state = 'held'`,
  )
  put(
    'redriven',
    writes.redriven,
    `UPDATE quarantine q SET state = 'redriven', redriven_at = $2
       FROM jsonb_to_recordset($1::jsonb) AS r("rawId" uuid, path text) WHERE q.raw_id = r."rawId" AND q.path = r.path`,
    at,
  )
  put(
    'recount',
    writes.recount,
    `${RECOUNT}
      WHERE s.id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::jsonb) AS value)`,
  )
  put(
    'rings',
    writes.rings,
    `INSERT INTO signal_outbox (session_id, start, spoke, due_at, rung_at)
     SELECT session_id, start, spoke, $2, $3 FROM jsonb_to_recordset($1::jsonb) AS r(session_id uuid, start boolean, spoke boolean)
     ON CONFLICT (session_id) DO UPDATE
       SET rung = signal_outbox.rung + 1, start = signal_outbox.start OR excluded.start, spoke = signal_outbox.spoke OR excluded.spoke,
           tries = 0, due_at = excluded.due_at, rung_at = excluded.rung_at`,
    new Date(now + BELL_CLAIM_MS),
    at,
  )
  put(
    'channels-down',
    writes.channelsDown,
    `UPDATE channel c SET state = 'down', state_reason = r.reason FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, reason text) WHERE c.id = r.id`,
  )
  if (writes.changes.length + writes.clientChanges.length > 0)
    trip.ask(NOTIFY, [LIVE_CHANNEL, noticeOf(writes.changes, processId, writes.clientChanges)])
  for (const { id } of writes.channelsDown)
    trip.ask(NOTIFY, [LIVE_CHANNEL, JSON.stringify({ from: processId, channel: id })])
  trip.ask(COMMIT)
  await trip.send()
}

const orderOf = (alias: { channel_id: string; kind: string; value: string }): string =>
  `${alias.channel_id}\n${alias.kind}\n${alias.value}`

const NOTIFY: Statement = { name: 'ingest-notify', text: 'SELECT pg_notify($1, $2)' }
const COMMIT: Statement = { name: 'ingest-commit', text: 'COMMIT' }
