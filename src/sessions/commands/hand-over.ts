// Transfer, return and take over: who has a session next, in one transaction with the offer, the note for whoever comes
// next, and the evidence. Sends under way finish under their sender's name: nothing here touches them.
import { sql } from 'kysely'
import type { Trx } from '../../db/database.ts'
import { allowed, refused } from '../../domain/refusal.ts'
import { backTo, giveBack, type Target, type TargetFacts, takeOver, transfer } from '../../domain/transfer.ts'
import type { Instant, JsonObject } from '../../domain/words.ts'
import { addNote } from '../notes.ts'
import { type SessionState, textFieldOf } from '../state.ts'
import { date, recordEvent, type SessionPatch, updateSession } from '../write.ts'
import { closeOffer, type Decision, factsOf, openOffer, toldAs } from './case.ts'

/** Signed in, whether online or away, as SQL over `u`, an enabled account. */
const signedIn = (at: Instant) => sql`EXISTS (
  SELECT 1 FROM presence p WHERE p.user_id = u.id AND p.state <> 'offline' AND p.lease_until > ${date(at)})`

export const decideTransfer: Decision = async (trx, after, { state, actor, body, commandId, at }) => {
  const { target } = body
  if (target === undefined) return refused({ code: 'wrong-target', of: 'operatorId', reason: 'unknown' })
  const verdict = transfer(factsOf(state), target, await targetFacts(trx, target, at))
  if (!verdict.ok) return verdict
  const to = {
    operatorId: target.kind === 'operator' ? target.operatorId : null,
    groupId: target.kind === 'group' ? target.groupId : state.groupId,
  }
  await closeOffer(trx, state, at, 'transferred')
  const had = state.operatorId ?? (await sender(trx, state, at))?.userId ?? null
  const dueAt = dueOf(state, to.operatorId, at)
  await openOffer(trx, state.id, at, { ...to, dueAt, backTo: had })
  const patch = { phase: 'queued', operator_id: null, group_id: to.groupId, bell_on: false } as const
  const rev = await updateSession(trx, after, state, patch, state)
  const byId = actor.rights.userId
  const note = body.note ?? null
  const noteId =
    note === null
      ? null
      : await addNote(trx, {
          sessionId: state.id,
          text: note,
          byId,
          at,
          toOperatorId: to.operatorId,
          toGroupId: target.kind === 'group' ? target.groupId : null,
        })
  const evidence: JsonObject = {
    fromOperatorId: state.operatorId,
    toOperatorId: to.operatorId,
    toGroupId: target.kind === 'group' ? target.groupId : null,
    dueAt,
    noteId,
    sendsUnderWay: state.sends.pending + state.sends.calling,
  }
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind: 'transferred', key: commandId, evidence })
  return allowed(null)
}

export const decideReturn: Decision = async (trx, after, { state, actor, commandId, at }) => {
  const verdict = giveBack(factsOf(state))
  if (!verdict.ok) return verdict
  const { patch, told } = verdict.value.declines
    ? await decline(trx, state, at, 'returned')
    : await toQueue(trx, state, at)
  const rev = await updateSession(trx, after, state, patch, state)
  await recordEvent(trx, state.id, {
    rev,
    at,
    actor: toldAs(actor),
    kind: 'returned',
    key: commandId,
    evidence: { fromOperatorId: state.operatorId ?? state.offerOperatorId, ...told },
  })
  return allowed(null)
}

export const decideTakeOver: Decision = async (trx, after, { state, actor, commandId, at }) => {
  const { userId } = actor.rights
  const verdict = takeOver(factsOf(state), userId)
  if (!verdict.ok) return verdict
  await closeOffer(trx, state, at, 'takenOver')
  const rev = await updateSession(trx, after, state, had(state, userId, at), state)
  await recordEvent(trx, state.id, {
    rev,
    at,
    actor: toldAs(actor),
    kind: 'takenOver',
    key: commandId,
    evidence: { fromOperatorId: state.operatorId ?? state.offerOperatorId },
  })
  return allowed(null)
}

interface Moved {
  readonly patch: SessionPatch
  readonly told: JsonObject
}

/** An offer to one operator that came to nothing: back to whoever had the session, as the settings say, else to the queue. */
export async function decline(
  trx: Trx,
  state: SessionState,
  at: Instant,
  outcome: 'unanswered' | 'returned',
): Promise<Moved> {
  const to = backTo(await sender(trx, state, at), state.settings)
  const told = { fromOperatorId: state.offerOperatorId }
  if (to !== null) {
    await closeOffer(trx, state, at, outcome)
    return { patch: had(state, to, at), told: { ...told, toOperatorId: to } }
  }
  const queued = await toQueue(trx, state, at, outcome)
  return { patch: queued.patch, told: { ...told, ...queued.told } }
}

async function toQueue(trx: Trx, state: SessionState, at: Instant, outcome = 'returned'): Promise<Moved> {
  await closeOffer(trx, state, at, outcome)
  const { groupId } = state
  await openOffer(trx, state.id, at, { groupId, operatorId: null, dueAt: dueOf(state, null, at), backTo: null })
  return { patch: { phase: 'queued', operator_id: null, bell_on: false }, told: { toGroupId: groupId } }
}

/** The session is that operator's from here on; where the field is shut, the next message of the client rings. */
const had = (state: SessionState, operatorId: string, at: Instant): SessionPatch => ({
  phase: 'active',
  operator_id: operatorId,
  accepted_at: date(at),
  bell_on: !textFieldOf({ ...state, phase: 'active' }, at).open,
})

function dueOf({ settings }: SessionState, operatorId: string | null, at: Instant): Instant | null {
  const seconds = operatorId === null ? settings.queueTime : settings.timeToAccept
  return seconds > 0 ? at + seconds * 1000 : null
}

/** Whoever had the session before the offer that is open; null where nobody had. */
async function sender(trx: Trx, state: SessionState, at: Instant) {
  if (state.offerNo === null) return null
  const { rows } = await sql<{ userId: string; there: boolean }>`
    SELECT u.id AS "userId", ${signedIn(at)} AS there FROM offer o JOIN user_account u ON u.id = o.back_to
     WHERE o.session_id = ${state.id} AND o.no = ${state.offerNo} AND u.disabled_at IS NULL`.execute(trx)
  return rows[0] ?? null
}

async function targetFacts(trx: Trx, target: Target, at: Instant): Promise<TargetFacts> {
  const { rows } =
    target.kind === 'operator'
      ? await sql<{ there: boolean }>`
          SELECT ${signedIn(at)} AS there FROM user_account u
           WHERE u.id = ${target.operatorId} AND u.disabled_at IS NULL`.execute(trx)
      : await sql<{ there: boolean }>`
          SELECT EXISTS (SELECT 1 FROM group_member m JOIN user_account u ON u.id = m.user_id AND u.disabled_at IS NULL
                          WHERE m.group_id = g.id AND ${signedIn(at)}) AS there
            FROM group_ g WHERE g.id = ${target.groupId}`.execute(trx)
  return rows[0] ?? null
}
