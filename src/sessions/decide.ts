// The decisions: a command of an operator, or a timer that fired, judged by the rules of the domain on the locked
// row, in one transaction that also leaves the evidence. Called by the session's workflow; by the API only where the
// workflow has already ended. A decision that is repeated finds its first outcome.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { accept, type CommandKind, end, giveResult, type ResultGiven } from '../domain/commands.ts'
import { mayDo } from '../domain/policy.ts'
import { allowed, type Refusal, refused, type Verdict } from '../domain/refusal.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { dueTimer, type TimerName } from '../domain/timers.ts'
import type { EndReason, Instant, JsonObject } from '../domain/words.ts'
import { type Actor, loadRights } from './actor.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { dropResultDraft, recordResultChange, resultFacts } from './results.ts'
import { takenSlots } from './slots.ts'
import { loadSnapshot, lockSession, type SessionState, textFieldOf } from './state.ts'
import { askGate, storeText, type TextToStore } from './store.ts'
import { date, type EventActor, recordEvent, type SessionPatch, SYSTEM, updateSession } from './write.ts'

/** `abandoned`: the caller has been told that nothing was done, so nothing was. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal }

export interface Decided {
  readonly outcome: Outcome | 'abandoned'
  readonly snapshot: Snapshot | null
}

export interface CommandBody {
  readonly lastSeq?: number
  readonly result?: ResultGiven | null
  readonly resultId?: string
  readonly note?: string | null
  /** A last text to the client, sent in the same decision that ends. */
  readonly farewell?: string | null
}

/** A command as it is kept until it is decided: `by` is absent in what an older version stored, for operators alone. */
export interface StoredCommand extends CommandBody {
  readonly by?: Actor['kind']
}

export async function decideCommand(ctx: Ctx, commandId: string): Promise<Decided> {
  return transact(ctx, async (trx, after) => {
    const command = await trx
      .selectFrom('command')
      .select(['user_id', 'session_id', 'kind', 'body', 'state', 'outcome'])
      .where('id', '=', commandId)
      .forUpdate()
      .executeTakeFirst()
    if (command === undefined || command.session_id === null) return { outcome: 'abandoned', snapshot: null }
    const at = ctx.clock.now()
    if (command.state !== 'received') {
      const outcome = command.state === 'decided' ? (command.outcome as unknown as Outcome) : 'abandoned'
      return { outcome, snapshot: await loadSnapshot(trx, command.session_id, at) }
    }
    const state = await lockSession(trx, command.session_id)
    const rights = await loadRights(trx, command.user_id)
    const { by = 'operator', ...body } = command.body as StoredCommand
    const verdict =
      state === null || rights === null
        ? refused({ code: 'not-found' })
        : await judge(trx, after, command.kind as CommandKind, {
            state,
            actor: { kind: by, rights },
            body,
            commandId,
            at,
          })
    const outcome: Outcome = verdict.ok ? { ok: true } : { ok: false, refusal: verdict.refusal }
    const decided = { state: 'decided', outcome: JSON.stringify(outcome), decided_at: date(at) }
    await later(trx, trx.updateTable('command').set(decided).where('id', '=', commandId))
    return { outcome, snapshot: await loadSnapshot(trx, command.session_id, at) }
  })
}

interface Case {
  readonly state: SessionState
  readonly actor: Actor
  readonly body: CommandBody
  readonly commandId: string
  readonly at: Instant
}

const toldAs = ({ kind, rights }: Actor): EventActor => ({ kind, id: rights.userId })

async function judge(trx: Trx, after: Aftermath, kind: CommandKind, given: Case): Promise<Verdict<null>> {
  const { state, actor, commandId, at } = given
  const access = mayDo(actor.rights, state, kind)
  if (access !== 'allowed') return refused({ code: access })
  const decision = { accept: decideAccept, end: decideEnd, result: decideResult }[kind]
  const verdict = await decision(trx, after, given)
  if (!verdict.ok) {
    // A refusal by state is a decision, too; it changes nothing that anybody sees, so the rev stays.
    const evidence = whyRefused(kind, verdict.refusal, given)
    await recordEvent(trx, state.id, {
      rev: state.rev,
      at,
      actor: toldAs(actor),
      kind: 'refused',
      key: commandId,
      evidence,
    })
  }
  return verdict
}

/** What the rule itself tells of its refusal, and what of the row and of the command it was judged by. */
function whyRefused(command: CommandKind, { code, ...facts }: Refusal, { state, body }: Case): JsonObject {
  return {
    command,
    refused: code,
    ...facts,
    phase: state.phase,
    lastInSeq: state.lastInSeq,
    // Not as `seen`: that is what an end which took place had seen.
    ...(command === 'end' ? { lastSeq: body.lastSeq ?? 0 } : {}),
    ...(code === 'text-field-closed' ? { windowMessageId: state.windowMessageId, windowUntil: state.windowUntil } : {}),
  }
}

async function decideAccept(trx: Trx, after: Aftermath, { state, actor, commandId, at }: Case): Promise<Verdict<null>> {
  const { rights } = actor
  const taken = await takenSlots(trx, rights.userId, at)
  const facts = { ...state, offeredToOperator: state.offerOperatorId }
  const verdict = accept(facts, { userId: rights.userId, slots: rights.slots, taken })
  if (!verdict.ok) return verdict
  await closeOffer(trx, state, at, 'accepted')
  const shut = !textFieldOf({ ...state, phase: 'active' }, at).open
  const patch = { phase: 'active', operator_id: rights.userId, accepted_at: date(at), bell_on: shut }
  const rev = await updateSession(trx, after, state, patch, state)
  const evidence: JsonObject = { offer: state.offerNo, offeredAt: state.offeredAt, taken, slots: rights.slots }
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind: 'accepted', key: commandId, evidence })
  return allowed(null)
}

async function decideEnd(
  trx: Trx,
  after: Aftermath,
  { state, actor, body, commandId, at }: Case,
): Promise<Verdict<null>> {
  const given = body.result ?? null
  const facts = { ...state, offeredToOperator: state.offerOperatorId }
  const verdict = end(
    facts,
    { lastSeq: body.lastSeq ?? 0, result: given },
    await resultFacts(trx, given, state.groupId),
  )
  if (!verdict.ok) return verdict
  const farewell = body.farewell ?? null
  const gate = farewell === null ? null : askGate(state, at)
  if (gate !== null && !gate.ok) return gate
  await closeOffer(trx, state, at, 'ended')
  const ended = verdict.value.phase === 'ended'
  const patch = {
    phase: verdict.value.phase,
    operator_id: state.operatorId ?? actor.rights.userId,
    wrap_up_at: date(at),
    end_reason: 'operator' as const,
    bell_on: !ended,
    ...(ended ? { ended_at: date(at) } : {}),
    ...(given === null ? {} : { result_id: given.resultId, result_note: given.note }),
  }
  const rev =
    farewell === null || gate === null
      ? await updateSession(trx, after, state, patch, state)
      : (await storeText(trx, after, state, lastWords(actor, farewell, gate.value, at), patch, state)).rev
  if (given !== null) await dropResultDraft(trx, state.id)
  const evidence: JsonObject = {
    seen: body.lastSeq ?? 0,
    lastInSeq: state.lastInSeq,
    resultId: given?.resultId ?? null,
    sendsUnderWay: state.sends.pending + state.sends.calling + (farewell === null ? 0 : 1),
  }
  const kind = ended ? 'ended' : 'wrapUp'
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind, key: commandId, evidence })
  return allowed(null)
}

const lastWords = (actor: Actor, text: string, asked: JsonObject, at: Instant): TextToStore => ({
  actor,
  text,
  clientRef: null,
  reply: null,
  asked,
  at,
})

async function decideResult(
  trx: Trx,
  after: Aftermath,
  { state, actor, body, commandId, at }: Case,
): Promise<Verdict<null>> {
  const given = { resultId: body.resultId ?? '', note: body.note ?? null }
  const verdict = giveResult({ ...state, offeredToOperator: null }, given, await resultFacts(trx, given, state.groupId))
  if (!verdict.ok) return verdict
  const patch = { result_id: given.resultId, result_note: given.note }
  const by = actor.rights.userId
  const changed = verdict.value.ends ? {} : await recordResultChange(trx, { sessionId: state.id, given, by, at })
  await dropResultDraft(trx, state.id)
  const rev = verdict.value.ends
    ? await updateSession(trx, after, state, { ...patch, phase: 'ended', ended_at: date(at), bell_on: false }, state)
    : await updateSession(trx, after, state, patch)
  const kind = verdict.value.ends ? 'ended' : 'resultChanged'
  const evidence: JsonObject = { resultId: given.resultId, ...changed }
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind, key: commandId, evidence })
  return allowed(null)
}

async function closeOffer(trx: Trx, state: SessionState, at: Instant, outcome: string): Promise<void> {
  if (state.offerNo === null) return
  const closed = trx.updateTable('offer').set({ closed_at: date(at), outcome })
  await later(trx, closed.where('session_id', '=', state.id).where('no', '=', state.offerNo))
}

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
      const patch = await fire(trx, state, name, at)
      const { phase, end_reason: reason } = patch
      const rev = await updateSession(trx, after, state, patch, phase === undefined ? undefined : state)
      const evidence: JsonObject = {
        timer: name,
        dueAt: timer.dueAt,
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
  windowWarning: 'windowWarning',
  windowExpiry: 'windowShut',
  inactivity: 'inactive',
  noAnswer: 'ended',
  wrapUpMax: 'ended',
}

/** What becomes of the session. */
async function fire(trx: Trx, state: SessionState, name: TimerName, at: Instant): Promise<SessionPatch> {
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
      return {}
    case 'windowWarning':
      return window === null ? {} : { warned_window: window }
    case 'windowExpiry':
      // From here on the session waits for its client: the next message rings.
      return { bell_on: true, ...(window === null ? {} : { shut_window: window }) }
    case 'inactivity':
      return { phase: 'wrapUp', wrap_up_at: date(at), end_reason: 'inactivity', bell_on: true }
    case 'noAnswer':
      return { phase: 'ended', ended_at: date(at), end_reason: 'noAnswer', bell_on: false }
    case 'wrapUpMax': {
      const { end_reason } = await trx
        .selectFrom('session')
        .select('end_reason')
        .where('id', '=', state.id)
        .executeTakeFirstOrThrow()
      const reason: EndReason = end_reason === 'inactivity' ? end_reason : 'wrapUpMax'
      return { phase: 'ended', ended_at: date(at), end_reason: reason, bell_on: false }
    }
  }
}

async function hasEvent(trx: Trx, sessionId: string, key: string): Promise<boolean> {
  const { rows } = await sql`SELECT 1 FROM session_event WHERE session_id = ${sessionId} AND key = ${key}`.execute(trx)
  return rows.length > 0
}
