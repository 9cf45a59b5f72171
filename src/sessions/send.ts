// What an operator's message is before Meta hears of it: one transaction asks the gate, stores message and attempt
// with the evidence, and rings the workflow. It is answered at once, with Temporal there or away.
import { v7 } from 'uuid'
import type { Trx } from '../db/database.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { type AttemptState, mayRetry } from '../domain/delivery.ts'
import { type AccessFacts, mayDo } from '../domain/policy.ts'
import { allowed, type Refusal, refused, type Verdict } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import type { Actor } from './actor.ts'
import { type Aftermath, type Ctx, Repeat, transact } from './context.ts'
import { lockSession, type SessionState, textFieldOf } from './state.ts'
import { date, recordEvent, recordStatus, recount, ring, type SessionPatch, updateSession } from './write.ts'

export interface Keyed {
  readonly actor: Actor
  /** The Idempotency-Key, per user; a repeat gets the first answer. */
  readonly key: string
  /** SHA-256 of method, path and body: the same key with another body is refused. */
  readonly hash: Buffer
}

type Answer = { readonly ok: true; readonly messageId: string } | { readonly ok: false; readonly refusal: Refusal }
type Sent = Verdict<{ readonly messageId: string }>

export interface TextToSend extends Keyed {
  readonly sessionId: string
  readonly text: string
  /** A message of the conversation that is quoted. */
  readonly replyTo: string | null
}

export function sendText(ctx: Ctx, send: TextToSend): Promise<Sent> {
  return once(ctx, send, 'messages', send.sessionId, async (trx, after, state, at) => {
    const gate = mayWrite(send.actor, state, at)
    if (!gate.ok) return gate
    const quoted = send.replyTo === null ? null : await quotable(trx, state, send.replyTo)
    if (quoted !== null && !quoted.ok) return quoted
    const { messageId } = await storeText(trx, after, state, {
      actor: send.actor,
      text: send.text,
      clientRef: send.key,
      reply: quoted === null || send.replyTo === null ? null : { messageId: send.replyTo, wamid: quoted.value },
      asked: gate.value,
      at,
    })
    await ring(trx, after, state.id, at)
    return allowed({ messageId })
  })
}

export interface TextToStore {
  readonly actor: Actor
  readonly text: string
  readonly clientRef: string | null
  readonly reply: { readonly messageId: string; readonly wamid: string } | null
  /** The evidence of the gate that let it pass. */
  readonly asked: JsonObject
  readonly at: Instant
}

/**
 * The message and its first attempt, pending: the session's next one, in a transaction that has asked the gate.
 * `patch` is what else changes of the session with it, so that its rev grows once.
 */
export async function storeText(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  send: TextToStore,
  patch: SessionPatch = {},
  from?: AccessFacts,
): Promise<{ readonly messageId: string; readonly rev: number }> {
  const { actor, at } = send
  const messageId = v7()
  const seq = state.lastSeq + 1
  const said = { last_seq: seq, last_message_id: messageId, last_message_at: date(at), waiting_since: null }
  const rev = await updateSession(trx, after, state.id, { ...said, ...patch }, from)
  await trx
    .insertInto('message')
    .values({
      id: messageId,
      channel_id: state.channelId,
      client_id: state.clientId,
      session_id: state.id,
      seq,
      rev,
      body_rev: rev,
      direction: 'out',
      kind: 'message',
      type: 'text',
      text: send.text,
      content: JSON.stringify({ body: send.text }),
      author_kind: actor.kind,
      author_id: actor.rights.userId,
      client_ref: send.clientRef,
      reply_to: send.reply?.messageId ?? null,
      reply_wamid: send.reply?.wamid ?? null,
      status: 'pending',
      spoken_at: date(at),
      received_at: date(at),
    })
    .execute()
  await addAttempt(trx, state, { messageId, no: 1, rev, at, evidence: send.asked })
  return { messageId, rev }
}

/**
 * A new attempt under the same message, in place of one that failed or whose outcome is unknown. Where the old one
 * has been seen to arrive after all, `evenThoughReached` must say that a second copy is meant.
 */
export async function retryMessage(
  ctx: Ctx,
  retry: Keyed & { readonly messageId: string; readonly evenThoughReached?: boolean },
): Promise<Sent> {
  const sessionId = await sessionOf(ctx, retry.messageId)
  if (sessionId === null) return refused({ code: 'not-found' })
  return once(ctx, retry, 'retry', sessionId, async (trx, after, state, at) => {
    const gate = mayWrite(retry.actor, state, at)
    if (!gate.ok) return gate
    const last = await newestAttempt(trx, retry.messageId)
    if (last === null) return refused({ code: 'not-retryable', status: 'received' })
    if (!mayRetry(last.state)) return refused({ code: 'not-retryable', status: last.state })
    if (last.reached_anyway && retry.evenThoughReached !== true) {
      return refused({ code: 'not-retryable', status: 'reachedAnyway' })
    }
    const rev = await updateSession(trx, after, state.id, { waiting_since: null })
    await addAttempt(trx, state, {
      messageId: retry.messageId,
      no: last.no + 1,
      rev,
      at,
      evidence: { ...gate.value, replaces: last.id },
    })
    await trx
      .updateTable('message')
      .set({ status: 'pending', rev, body_rev: rev })
      .where('id', '=', retry.messageId)
      .execute()
    await recount(trx, state.id)
    const actor = { kind: retry.actor.kind, id: retry.actor.rights.userId }
    const evidence: JsonObject = { messageId: retry.messageId, replaces: last.id, was: last.state }
    await recordEvent(trx, state.id, { rev, at, actor, kind: 'retried', evidence })
    await ring(trx, after, state.id, at)
    return allowed({ messageId: retry.messageId })
  })
}

/** The operator says what became of a message that Meta never confirmed. */
export async function resolveMessage(
  ctx: Ctx,
  resolve: Keyed & { readonly messageId: string; readonly outcome: 'arrived' | 'notArrived' },
): Promise<Sent> {
  const sessionId = await sessionOf(ctx, resolve.messageId)
  if (sessionId === null) return refused({ code: 'not-found' })
  return once(ctx, resolve, 'resolve', sessionId, async (trx, after, state, at) => {
    const access = mayDo(resolve.actor.rights, state, 'write')
    if (access !== 'allowed') return refused({ code: access })
    const last = await newestAttempt(trx, resolve.messageId)
    if (last === null || last.state !== 'unknown') {
      return refused({ code: 'not-retryable', status: last?.state ?? 'received' })
    }
    const arrived = resolve.outcome === 'arrived'
    const told: AttemptState = arrived ? 'accepted' : 'failed'
    const error = arrived ? null : JSON.stringify(NOT_ARRIVED)
    const rev = await updateSession(trx, after, state.id, {})
    await trx.updateTable('attempt').set({ state: told, error }).where('id', '=', last.id).execute()
    await trx.updateTable('message').set({ status: told, rev }).where('id', '=', resolve.messageId).execute()
    await recordStatus(trx, {
      attemptId: last.id,
      messageId: resolve.messageId,
      sessionId: state.id,
      rev,
      status: told,
      at,
      source: 'operator',
    })
    await recount(trx, state.id)
    const actor = { kind: resolve.actor.kind, id: resolve.actor.rights.userId }
    const evidence: JsonObject = { messageId: resolve.messageId, attemptId: last.id, outcome: resolve.outcome }
    await recordEvent(trx, state.id, { rev, at, actor, kind: 'resolved', evidence })
    return allowed({ messageId: resolve.messageId })
  })
}

const NOT_ARRIVED = {
  code: 'not-arrived',
  title: 'An operator found that it did not arrive',
  advice: 'Send it again.',
  retry: 'now',
} as const

/** The gate at the command: one's own session, and the text field open now. */
function mayWrite(actor: Actor, state: SessionState, at: Instant): Verdict<JsonObject> {
  const access = mayDo(actor.rights, state, 'write')
  return access === 'allowed' ? askGate(state, at) : refused({ code: access })
}

/** Whether free text may be written now; its value is the evidence. */
export function askGate(state: SessionState, at: Instant): Verdict<JsonObject> {
  const field = textFieldOf(state, at)
  if (!field.open) return refused({ code: 'text-field-closed', reason: field.reason, until: null })
  return allowed({ asked: { at, windowMessageId: state.windowMessageId, windowUntil: field.until } })
}

async function once(
  ctx: Ctx,
  keyed: Keyed,
  kind: string,
  sessionId: string,
  body: (trx: Trx, after: Aftermath, state: SessionState, at: Instant) => Promise<Sent>,
): Promise<Sent> {
  const userId = keyed.actor.rights.userId
  return transact(ctx, async (trx, after) => {
    const state = await lockSession(trx, sessionId)
    if (state === null) return refused({ code: 'not-found' })
    const first = await trx
      .selectFrom('command')
      .select(['hash', 'outcome'])
      .where('user_id', '=', userId)
      .where('key', '=', keyed.key)
      .executeTakeFirst()
    if (first !== undefined) {
      if (!first.hash.equals(keyed.hash)) return refused({ code: 'idempotency-key-reused' })
      const answer = first.outcome as unknown as Answer
      return answer.ok ? allowed({ messageId: answer.messageId }) : refused(answer.refusal)
    }
    const at = ctx.clock.now()
    const verdict = await body(trx, after, state, at)
    if (!verdict.ok) await recordRefusal(trx, state, keyed.actor, kind, verdict.refusal, at)
    const answer: Answer = verdict.ok
      ? { ok: true, messageId: verdict.value.messageId }
      : { ok: false, refusal: verdict.refusal }
    try {
      await trx
        .insertInto('command')
        .values({
          id: v7(),
          user_id: userId,
          key: keyed.key,
          hash: keyed.hash,
          session_id: sessionId,
          kind,
          body: JSON.stringify({}),
          state: 'decided',
          outcome: JSON.stringify(answer),
          received_at: date(at),
          decided_at: date(at),
        })
        .execute()
    } catch (error) {
      // The same key was used for another session at the same instant: look at its answer.
      if (isUniqueViolation(error)) throw new Repeat()
      throw error
    }
    return verdict
  })
}

/** A refusal by state leaves its evidence, too: which message kept the window open, and until when. */
async function recordRefusal(
  trx: Trx,
  state: SessionState,
  actor: Actor,
  kind: string,
  refusal: Refusal,
  at: Instant,
): Promise<void> {
  if (refusal.code !== 'text-field-closed' && refusal.code !== 'not-retryable') return
  const evidence: JsonObject = {
    command: kind,
    refused: refusal.code,
    reason: refusal.code === 'text-field-closed' ? refusal.reason : refusal.status,
    phase: state.phase,
    windowMessageId: state.windowMessageId,
    windowUntil: state.windowUntil,
  }
  const by = { kind: actor.kind, id: actor.rights.userId }
  await recordEvent(trx, state.id, { rev: state.rev, at, actor: by, kind: 'refused', evidence })
}

export async function addAttempt(
  trx: Trx,
  state: SessionState,
  attempt: { messageId: string; no: number; rev: number; at: Instant; evidence: JsonObject; waitUntil?: Instant },
): Promise<void> {
  const id = v7()
  await trx
    .insertInto('attempt')
    .values({
      id,
      message_id: attempt.messageId,
      session_id: state.id,
      channel_id: state.channelId,
      no: attempt.no,
      epoch: state.epoch,
      state: 'pending',
      wait_until: attempt.waitUntil === undefined ? null : date(attempt.waitUntil),
      created_at: date(attempt.at),
      evidence: JSON.stringify(attempt.evidence),
    })
    .execute()
  const { messageId, rev, at } = attempt
  await recordStatus(trx, {
    attemptId: id,
    messageId,
    sessionId: state.id,
    rev,
    status: 'pending',
    at,
    source: 'parley',
  })
}

async function quotable(trx: Trx, state: SessionState, messageId: string): Promise<Verdict<string>> {
  const row = await trx
    .selectFrom('message as m')
    .select((eb) => [
      'm.wamid',
      eb
        .selectFrom('attempt as a')
        .select('a.wamid')
        .whereRef('a.message_id', '=', 'm.id')
        .where('a.wamid', 'is not', null)
        .orderBy('a.no', 'desc')
        .limit(1)
        .as('sent_wamid'),
    ])
    .innerJoin('client as c', 'c.id', 'm.client_id')
    .where('m.id', '=', messageId)
    .where((eb) => eb.or([eb('c.id', '=', state.clientId), eb('c.joined_into', '=', state.clientId)]))
    .executeTakeFirst()
  const wamid = row?.wamid ?? row?.sent_wamid ?? null
  return wamid === null ? refused({ code: 'unknown-message' }) : allowed(wamid)
}

async function newestAttempt(trx: Trx, messageId: string) {
  const row = await trx
    .selectFrom('attempt')
    .select(['id', 'no', 'state', 'reached_anyway'])
    .where('message_id', '=', messageId)
    .orderBy('no', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : { ...row, state: row.state as AttemptState }
}

async function sessionOf(ctx: Ctx, messageId: string): Promise<string | null> {
  const row = await ctx.db
    .selectFrom('message')
    .select('session_id')
    .where('id', '=', messageId)
    .where('direction', '=', 'out')
    .executeTakeFirst()
  return row?.session_id ?? null
}
