// A session as the rules see it: its row with client, channel, offer, settings and sends, read in one query; and the
// snapshot that its workflow follows.
import { sql } from 'kysely'
import { behindCommit, type Database, later, soon, type Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import { type Ban, holds } from '../domain/ban.ts'
import type { SendError } from '../domain/meta-errors.ts'
import type { AccessFacts } from '../domain/policy.ts'
import { type Settings, settingsFrom } from '../domain/settings.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { type TextField, type TextFieldFacts, textField } from '../domain/text-field.ts'
import { type TimerFacts, timers } from '../domain/timers.ts'
import type { Alias, AliasKind, Instant, JsonObject, Origin, Phase } from '../domain/words.ts'

export interface SessionState extends TimerFacts, AccessFacts {
  readonly id: string
  readonly clientId: string
  readonly channelId: string
  readonly rev: number
  readonly epoch: number
  readonly origin: Origin
  readonly destination: Alias
  /** The destination still leads to this client, and not to whoever has the number now. */
  readonly destinationHeld: boolean
  readonly windowMessageId: string | null
  readonly awaitsClient: boolean
  /** Of the bans of the client's aliases that were not lifted the one that lasts longest; it may have run out. */
  readonly ban: Ban | null
  readonly bellOn: boolean
  readonly channelUp: boolean
  readonly channelReason: string | null
  readonly lastSeq: number
  readonly lastInSeq: number
  readonly offerNo: number | null
  readonly offeredAt: Instant | null
  readonly sends: Snapshot['sends']
  readonly settings: Settings
}

interface Row {
  id: string
  client_id: string
  channel_id: string
  rev: number
  epoch: number
  origin: Origin
  phase: Phase
  destination_kind: AliasKind
  destination: string
  destination_held: boolean
  operator_id: string | null
  group_id: string | null
  window_expires_at: Date | null
  window_message_id: string | null
  awaits_client: boolean
  ban: { id: string; until: number | null } | null
  bell_on: boolean
  channel_state: string
  channel_reason: string | null
  last_seq: number
  last_in_seq: number
  offer_no: number | null
  offer_operator_id: string | null
  offered_at: Date | null
  due_at: Date | null
  overdue_at: Date | null
  warned_window: Date | null
  shut_window: Date | null
  waiting_since: Date | null
  last_message_at: Date
  accepted_at: Date | null
  wrap_up_at: Date | null
  settings: { key: string; value: unknown }[] | null
  pending: number
  calling: number
  wait_until: Date | null
}

const instant = (date: Date | null): Instant | null => (date === null ? null : date.getTime())

/** The states of those sessions that exist. Reads only; hold the locks of `lockSession` where it must not change. */
export async function loadStates(db: Database | Trx, sessionIds: readonly string[]): Promise<readonly SessionState[]> {
  const { rows } = await sql<Row>`
    SELECT ${STATE} WHERE s.id = ANY (${sessionIds}::uuid[])`.execute(db)
  return rows.map(stateOf)
}

/** A session's row in the outbox. */
export interface OutboxBell {
  readonly sessionId: string
  readonly start: boolean
  readonly spoke: boolean
  readonly rung: number
  readonly tries: number
}

/** The bells of those sessions that have one, each with the state that it rings for, both as of one moment. */
export async function loadBells(db: Database, sessionIds: readonly string[]): Promise<readonly Bell[]> {
  return (await bellsOf(sessionIds).execute(db)).rows.map(bellOf)
}

/** The same, as they stand when the transaction is committed. */
export async function bellsBehindCommit(
  trx: Trx,
  sessionIds: readonly string[],
): Promise<() => readonly Bell[] | null> {
  const rows = await behindCommit<BellRow>(trx, bellsOf(sessionIds))
  return () => rows()?.map(bellOf) ?? null
}

export interface Bell {
  readonly bell: OutboxBell
  readonly state: SessionState
}

type BellRow = Row & Omit<OutboxBell, 'sessionId'>

const bellsOf = (sessionIds: readonly string[]) => sql<BellRow>`
  SELECT b.start, b.spoke, b.rung, b.tries, ${STATE} JOIN signal_outbox b ON b.session_id = s.id
   WHERE s.id = ANY (${sessionIds}::uuid[])`

function bellOf(row: BellRow): Bell {
  const { start, spoke, rung, tries } = row
  return { bell: { sessionId: row.id, start, spoke, rung, tries }, state: stateOf(row) }
}

const BAN = sql`
  SELECT json_build_object('id', b.id, 'until', extract(epoch FROM b.until) * 1000)
    FROM client_alias ca
    JOIN ban_alias ba ON ba.kind = ca.kind AND ba.value = ca.value
    JOIN ban b ON b.id = ba.ban_id
   WHERE ca.client_id = coalesce(c.joined_into, c.id) AND b.lifted_at IS NULL
   ORDER BY b.until DESC NULLS FIRST LIMIT 1`

const STATE = sql`
           s.id, s.client_id, s.channel_id, s.rev, i.epoch, s.origin, s.phase, s.destination_kind, s.destination,
           EXISTS (SELECT 1 FROM client_alias ca WHERE ca.channel_id = s.channel_id AND ca.kind = s.destination_kind
                      AND ca.value = s.destination AND ca.client_id IN (s.client_id, c.joined_into)) AS destination_held,
           s.operator_id, s.group_id, c.window_expires_at, c.window_message_id, s.awaits_client, s.bell_on,
           (${BAN}) AS ban,
           ch.state AS channel_state, ch.state_reason AS channel_reason, s.last_seq, s.last_in_seq,
           o.no AS offer_no, o.operator_id AS offer_operator_id, o.offered_at, o.due_at, o.overdue_at,
           s.warned_window, s.shut_window, s.waiting_since, s.last_message_at, s.accepted_at, s.wrap_up_at,
           (SELECT json_agg(setting) FROM setting) AS settings,
           coalesce(a.pending, 0)::int AS pending, coalesce(a.calling, 0)::int AS calling, a.wait_until
      FROM session s
      JOIN client c ON c.id = s.client_id
      JOIN channel ch ON ch.id = s.channel_id
      CROSS JOIN installation i
      LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL
      LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a.state = 'pending') AS pending,
               count(*) FILTER (WHERE a.state = 'calling') AS calling,
               (array_agg(a.wait_until ORDER BY m.seq, a.no) FILTER (WHERE a.state = 'pending'))[1] AS wait_until
          FROM attempt a JOIN message m ON m.id = a.message_id
         WHERE a.session_id = s.id AND a.state IN ('pending', 'calling')
      ) a ON true`

function stateOf(row: Row): SessionState {
  return {
    id: row.id,
    clientId: row.client_id,
    channelId: row.channel_id,
    rev: row.rev,
    epoch: row.epoch,
    origin: row.origin,
    phase: row.phase,
    destination: { kind: row.destination_kind, value: row.destination },
    destinationHeld: row.destination_held,
    operatorId: row.operator_id,
    groupId: row.group_id,
    offerOperatorId: row.offer_operator_id,
    windowUntil: instant(row.window_expires_at),
    windowMessageId: row.window_message_id,
    awaitsClient: row.awaits_client,
    ban: row.ban,
    bellOn: row.bell_on,
    channelUp: row.channel_state === 'up',
    channelReason: row.channel_reason,
    lastSeq: row.last_seq,
    lastInSeq: row.last_in_seq,
    offerNo: row.offer_no,
    offeredAt: instant(row.offered_at),
    offerDueAt: instant(row.due_at),
    overdueAt: instant(row.overdue_at),
    warnedWindow: instant(row.warned_window),
    shutWindow: instant(row.shut_window),
    waitingSince: instant(row.waiting_since),
    lastMessageAt: row.last_message_at.getTime(),
    acceptedAt: instant(row.accepted_at),
    wrapUpAt: instant(row.wrap_up_at),
    settings: settingsFrom(row.settings ?? []),
    sends: { pending: row.pending, calling: row.calling, waitUntil: instant(row.wait_until) },
  }
}

export const textFieldFacts = (state: SessionState, at: Instant): TextFieldFacts => ({
  phase: state.phase,
  window: { until: state.windowUntil, messageId: state.windowMessageId },
  awaitsClient: state.awaitsClient,
  banned: holds(state.ban, at),
  channelUp: state.channelUp,
})

export const textFieldOf = (state: SessionState, at: Instant): TextField => textField(textFieldFacts(state, at), at)

export const snapshotOf = (state: SessionState, at: Instant): Snapshot => ({
  epoch: state.epoch,
  rev: state.rev,
  phase: state.phase,
  textField: textFieldOf(state, at),
  windowUntil: state.windowUntil,
  timers: timers(state, state.settings),
  sends: state.sends,
})

export async function loadSnapshot(db: Database | Trx, sessionId: string, at: Instant): Promise<Snapshot | null> {
  const [state] = await loadStates(db, [sessionId])
  return state === undefined ? null : snapshotOf(state, at)
}

/**
 * Locks the session's client and reads both, in one round trip; null where there is no such session. The client is the
 * mutex: whoever changes a session holds it, so the session's own row needs no lock of its own.
 */
export async function lockSession(trx: Trx, sessionId: string): Promise<SessionState | null> {
  await later(trx, lockClientOf(sessionId))
  const { rows } = await lockedState(sessionId).execute(trx)
  return underLock(rows)
}

/** The same, in the round trip of the next statement that is awaited, which then sees what the lock protects. */
export async function lockSessionAhead(trx: Trx, sessionId: string): Promise<() => SessionState | null> {
  await later(trx, lockClientOf(sessionId))
  const rows = await soon<LockedRow>(trx, lockedState(sessionId))
  return () => underLock(rows())
}

type LockedRow = Row & { locked: string }

const lockClientOf = (sessionId: string) => sql`
  SELECT set_config('parley.locked', c.id::text, true) FROM client c
   WHERE c.id = (SELECT client_id FROM session WHERE id = ${sessionId}) FOR UPDATE`

const lockedState = (sessionId: string) => sql<LockedRow>`
  SELECT current_setting('parley.locked', true) AS locked, ${STATE} WHERE s.id = ${sessionId}`

function underLock([row]: readonly LockedRow[]): SessionState | null {
  // Its client was joined with another one while this waited: that one's row is the mutex now.
  if (row !== undefined && row.client_id !== row.locked) throw new Repeat()
  return row === undefined ? null : stateOf(row)
}

/** Evidence of a refusal in which Meta and Parley do not agree on the window: what had opened it, and until when. */
export const windowDoubted = (error: SendError, state: SessionState): JsonObject =>
  error.windowUntil === undefined ? {} : { windowUntil: error.windowUntil, windowMessageId: state.windowMessageId }
