// A timer fired: judged by the rules of the domain on the locked row, in one transaction that also leaves the evidence.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { dueTimer, type TimerName } from '../domain/timers.ts'
import type { EndReason, Instant, JsonObject } from '../domain/words.ts'
import { decline } from './commands/hand-over.ts'
import { type Ctx, transact } from './context.ts'
import { loadSnapshot, lockSession, type SessionState } from './state.ts'
import { date, recordEvent, type SessionPatch, SYSTEM, updateSession } from './write.ts'

/**
 * A timer fired. `armedRev` is the session's rev at which it was armed, and makes a repeated firing find its first
 * outcome. When the facts have moved on meanwhile nothing happens, and the snapshot tells what to wait for now.
 */
export async function decideTimer(
  ctx: Ctx,
  sessionId: string,
  name: TimerName,
  armedRev: number,
): Promise<Snapshot | null> {
  return transact(ctx, async (trx, after) => {
    const state = await lockSession(trx, sessionId)
    if (state === null) return null
    const at = ctx.clock.now()
    const key = `${name}:${armedRev}`
    const timer = dueTimer(state, state.settings, name, at)
    if (timer !== null && !(await hasEvent(trx, sessionId, key))) {
      const { patch, told = {} } = await fire(trx, state, name, at)
      const { end_reason: reason } = patch
      const moves = patch.phase !== undefined || name === 'offerUnanswered'
      const rev = await updateSession(trx, after, state, patch, moves ? state : undefined)
      const evidence: JsonObject = {
        timer: name,
        dueAt: timer.dueAt,
        ...told,
        ...(reason == null ? {} : { reason }),
        windowUntil: state.windowUntil,
        windowMessageId: state.windowMessageId,
      }
      await recordEvent(trx, sessionId, { rev, at, actor: SYSTEM, kind: EVENT_OF[name], key, evidence })
    }
    return loadSnapshot(trx, sessionId, at)
  })
}

const EVENT_OF: Record<TimerName, string> = {
  offerOverdue: 'offerOverdue',
  offerUnanswered: 'offerUnanswered',
  windowWarning: 'windowWarning',
  windowExpiry: 'windowShut',
  inactivity: 'inactive',
  noAnswer: 'ended',
  wrapUpMax: 'ended',
}

interface Fired {
  readonly patch: SessionPatch
  /** What the event tells beside the timer. */
  readonly told?: JsonObject
}

/** What becomes of the session. */
async function fire(trx: Trx, state: SessionState, name: TimerName, at: Instant): Promise<Fired> {
  const window = state.windowUntil === null ? null : date(state.windowUntil)
  switch (name) {
    case 'offerOverdue':
      await later(
        trx,
        trx
          .updateTable('offer')
          .set({ overdue_at: date(at) })
          .where('session_id', '=', state.id)
          .where('closed_at', 'is', null),
      )
      return { patch: {} }
    case 'offerUnanswered':
      return decline(trx, state, at, 'unanswered')
    case 'windowWarning':
      return { patch: window === null ? {} : { warned_window: window } }
    case 'windowExpiry':
      // From here on the session waits for its client: the next message rings.
      return { patch: { bell_on: true, ...(window === null ? {} : { shut_window: window }) } }
    case 'inactivity':
      return { patch: { phase: 'wrapUp', wrap_up_at: date(at), end_reason: 'inactivity', bell_on: true } }
    case 'noAnswer':
      return { patch: { phase: 'ended', ended_at: date(at), end_reason: 'noAnswer', bell_on: false } }
    case 'wrapUpMax': {
      const { end_reason } = await trx
        .selectFrom('session')
        .select('end_reason')
        .where('id', '=', state.id)
        .executeTakeFirstOrThrow()
      const reason: EndReason = end_reason === 'inactivity' ? end_reason : 'wrapUpMax'
      return { patch: { phase: 'ended', ended_at: date(at), end_reason: reason, bell_on: false } }
    }
  }
}

async function hasEvent(trx: Trx, sessionId: string, key: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM session_event WHERE session_id = ${sessionId} AND key = ${key}`.execute(trx)
  return rows.length > 0
}
