// The few writes that every change of a session is made of: the row with its next rev, the evidence, the bell, the
// attempt's status.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import type { AccessFacts } from '../domain/policy.ts'
import type { EndReason, Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Aftermath } from './context.ts'
import { RECOUNT } from './recount.ts'

export interface EventActor {
  readonly kind: 'client' | 'operator' | 'program' | 'system' | 'meta'
  readonly id: string | null
}

export const SYSTEM: EventActor = { kind: 'system', id: null }

/** The claim that a bell carries for whoever wrote it: until then nobody else delivers it. */
export const BELL_CLAIM_MS = 2_500

export const date = (at: Instant): Date => new Date(at)

export interface SessionPatch {
  readonly phase?: string
  readonly operator_id?: string | null
  readonly group_id?: string | null
  readonly bell_on?: boolean
  readonly awaits_client?: boolean
  readonly last_seq?: number
  readonly unread?: number
  readonly read_seq?: number
  readonly waiting_since?: Date | null
  readonly last_message_id?: string
  readonly last_message_at?: Date
  readonly warned_window?: Date
  readonly shut_window?: Date
  readonly accepted_at?: Date
  readonly wrap_up_at?: Date | null
  readonly ended_at?: Date
  readonly end_reason?: EndReason | null
  readonly result_id?: string
  readonly result_note?: string | null
  readonly next_id?: string
  readonly destination_kind?: string
  readonly destination?: string
}

/**
 * Writes the row and raises its rev, once in a transaction. `session` is as it was read under its client's lock. With
 * `from`, the change alters who may see the session, and the facts before it are kept for the live view.
 */
export async function updateSession(
  trx: Trx,
  after: Aftermath,
  session: { readonly id: string; readonly rev: number },
  patch: SessionPatch,
  from?: AccessFacts,
): Promise<number> {
  const rev = session.rev + 1
  await later(
    trx,
    trx
      .updateTable('session')
      .set({
        ...patch,
        rev,
        ...(from === undefined ? {} : { access_rev: rev, prev_access: JSON.stringify(accessOf(from)) }),
      })
      .where('id', '=', session.id),
  )
  after.changes.push({ sessionId: session.id, rev })
  return rev
}

const accessOf = (facts: AccessFacts): AccessFacts => ({
  phase: facts.phase,
  groupId: facts.groupId,
  operatorId: facts.operatorId,
  offerOperatorId: facts.offerOperatorId,
})

/** Appends to the session's evidence. With a key, a second event of that key is refused by the database. */
export async function recordEvent(
  trx: Trx,
  sessionId: string,
  event: { rev: number; at: Instant; actor: EventActor; kind: string; key?: string; evidence: JsonObject },
): Promise<void> {
  await later(
    trx,
    sql`
    INSERT INTO session_event (session_id, n, rev, at, actor_kind, actor_id, kind, key, evidence)
    SELECT ${sessionId}, coalesce(max(n), 0) + 1, ${event.rev}, ${date(event.at)}, ${event.actor.kind},
           ${event.actor.id}, ${event.kind}, ${event.key ?? null}, ${JSON.stringify(event.evidence)}
      FROM session_event WHERE session_id = ${sessionId}`,
  )
}

/** The session's workflow is to look at the row again; `start` where it may not run yet. */
export async function ring(trx: Trx, after: Aftermath, sessionId: string, at: Instant, start = false): Promise<void> {
  await later(
    trx,
    sql`
    INSERT INTO signal_outbox (session_id, start, due_at, rung_at)
    VALUES (${sessionId}, ${start}, ${date(at + BELL_CLAIM_MS)}, ${date(at)})
    ON CONFLICT (session_id) DO UPDATE
      SET rung = signal_outbox.rung + 1, start = signal_outbox.start OR excluded.start, tries = 0,
          due_at = excluded.due_at, rung_at = excluded.rung_at`,
  )
  after.rings.add(sessionId)
}

export async function recordStatus(
  trx: Trx,
  status: {
    attemptId: string
    messageId: string
    sessionId: string
    rev: number
    status: string
    at: Instant
    source: 'parley' | 'operator'
    body?: JsonObject
  },
): Promise<void> {
  await later(
    trx,
    trx.insertInto('attempt_status').values({
      id: newId(),
      attempt_id: status.attemptId,
      message_id: status.messageId,
      session_id: status.sessionId,
      rev: status.rev,
      status: status.status,
      at: date(status.at),
      received_at: date(status.at),
      source: status.source,
      body: status.body === undefined ? null : JSON.stringify(status.body),
    }),
  )
}

export async function recount(trx: Trx, sessionId: string): Promise<void> {
  await later(trx, sql`${sql.raw(RECOUNT)} WHERE s.id = ${sessionId}`)
}
