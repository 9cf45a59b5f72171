// Accept, end and result: the commands that carry a session from its first operator to its result.
import type { Trx } from '../../db/database.ts'
import { indexText } from '../../db/queries/search-index.ts'
import { accept, end, giveResult } from '../../domain/commands.ts'
import { allowed, type Verdict } from '../../domain/refusal.ts'
import type { Instant, JsonObject } from '../../domain/words.ts'
import type { Actor } from '../actor.ts'
import type { Aftermath } from '../context.ts'
import { dropResultDraft, recordResultChange, resultFacts } from '../results.ts'
import { takenSlots } from '../slots.ts'
import { textFieldOf } from '../state.ts'
import { askGate, storeText, type TextToStore } from '../store.ts'
import { date, recordEvent, updateSession } from '../write.ts'
import { type Case, closeOffer, factsOf, toldAs } from './case.ts'

export async function decideAccept(
  trx: Trx,
  after: Aftermath,
  { state, actor, commandId, at }: Case,
): Promise<Verdict<null>> {
  const { rights } = actor
  const taken = await takenSlots(trx, rights.userId, at)
  const verdict = accept(factsOf(state), { userId: rights.userId, slots: rights.slots, taken })
  if (!verdict.ok) return verdict
  await closeOffer(trx, state, at, 'accepted')
  const shut = !textFieldOf({ ...state, phase: 'active' }, at).open
  const patch = { phase: 'active', operator_id: rights.userId, accepted_at: date(at), bell_on: shut }
  const rev = await updateSession(trx, after, state, patch, state)
  const evidence: JsonObject = { offer: state.offerNo, offeredAt: state.offeredAt, taken, slots: rights.slots }
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind: 'accepted', key: commandId, evidence })
  return allowed(null)
}

export async function decideEnd(
  trx: Trx,
  after: Aftermath,
  { state, actor, body, commandId, at }: Case,
): Promise<Verdict<null>> {
  const given = body.result ?? null
  const verdict = end(
    factsOf(state),
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
  if (given !== null) {
    await dropResultDraft(trx, state.id)
    await indexResult(trx, state.id, given.note, at)
  }
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

export async function decideResult(
  trx: Trx,
  after: Aftermath,
  { state, actor, body, commandId, at }: Case,
): Promise<Verdict<null>> {
  const given = { resultId: body.resultId ?? '', note: body.note ?? null }
  const verdict = giveResult(factsOf(state), given, await resultFacts(trx, given, state.groupId))
  if (!verdict.ok) return verdict
  const patch = { result_id: given.resultId, result_note: given.note }
  const by = actor.rights.userId
  const changed = verdict.value.ends ? {} : await recordResultChange(trx, { sessionId: state.id, given, by, at })
  await dropResultDraft(trx, state.id)
  await indexResult(trx, state.id, given.note, at)
  const rev = verdict.value.ends
    ? await updateSession(trx, after, state, { ...patch, phase: 'ended', ended_at: date(at), bell_on: false }, state)
    : await updateSession(trx, after, state, patch)
  const kind = verdict.value.ends ? 'ended' : 'resultChanged'
  const evidence: JsonObject = { resultId: given.resultId, ...changed }
  await recordEvent(trx, state.id, { rev, at, actor: toldAs(actor), kind, key: commandId, evidence })
  return allowed(null)
}

const indexResult = (trx: Trx, sessionId: string, note: string | null, at: Instant): Promise<void> =>
  indexText(trx, { id: sessionId, kind: 'result', sessionId, at, text: note ?? '' })
