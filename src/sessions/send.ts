// What an operator's message is before Meta hears of it: one transaction asks the gate, stores message and attempt
// with the evidence, and rings the workflow. It is answered at once, with Temporal there or away.
import { later, type Trx } from '../db/database.ts'
import { type AttemptState, mayRetry } from '../domain/delivery.ts'
import { mayDo } from '../domain/policy.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import type { Actor } from './actor.ts'
import type { Ctx } from './context.ts'
import { type Keyed, once, type Sent } from './once.ts'
import type { SessionState } from './state.ts'
import { addAttempt, askCardGate, askGate, storeTemplate, storeText } from './store.ts'
import { type ChosenCard, fillCard } from './templates.ts'
import { recordEvent, recordStatus, recount, ring, updateSession } from './write.ts'

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

export interface CardToSend extends Keyed {
  readonly sessionId: string
  readonly card: ChosenCard
}

/** A HeroCard: the one thing that may leave while the window is shut, and then only one until the client answers. */
export function sendTemplate(ctx: Ctx, send: CardToSend): Promise<Sent> {
  return once(ctx, send, 'template', send.sessionId, async (trx, after, state, at) => {
    const access = mayDo(send.actor.rights, state, 'write')
    if (access !== 'allowed') return refused({ code: access })
    const gate = askCardGate(state, at)
    if (!gate.ok) return gate
    const card = await fillCard(trx, state.channelId, send.card)
    if (!card.ok) return card
    const { actor, key } = send
    const stored = { actor, card: card.value, clientRef: key, reply: null, asked: gate.value, at }
    const { messageId } = await storeTemplate(trx, after, state, stored)
    await ring(trx, after, state.id, at)
    return allowed({ messageId })
  })
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
    const access = mayDo(retry.actor.rights, state, 'write')
    if (access !== 'allowed') return refused({ code: access })
    const last = await newestAttempt(trx, retry.messageId)
    if (last === null) return refused({ code: 'not-retryable', status: 'received' })
    const gate = last.type === 'template' ? askCardGate(state, at) : askGate(state, at)
    if (!gate.ok) return gate
    if (!mayRetry(last.state)) return refused({ code: 'not-retryable', status: last.state })
    if (last.reached_anyway && retry.evenThoughReached !== true) {
      return refused({ code: 'not-retryable', status: 'reachedAnyway' })
    }
    const rev = await updateSession(trx, after, state, { waiting_since: null })
    await addAttempt(trx, state, {
      messageId: retry.messageId,
      no: last.no + 1,
      rev,
      at,
      evidence: { ...gate.value, replaces: last.id },
    })
    const again = { status: 'pending', rev, body_rev: rev }
    await later(trx, trx.updateTable('message').set(again).where('id', '=', retry.messageId))
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
    const rev = await updateSession(trx, after, state, {})
    await later(trx, trx.updateTable('attempt').set({ state: told, error }).where('id', '=', last.id))
    await later(trx, trx.updateTable('message').set({ status: told, rev }).where('id', '=', resolve.messageId))
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
    .selectFrom('attempt as a')
    .innerJoin('message as m', 'm.id', 'a.message_id')
    .select(['a.id', 'a.no', 'a.state', 'a.reached_anyway', 'm.type'])
    .where('a.message_id', '=', messageId)
    .orderBy('a.no', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : { ...row, state: row.state as AttemptState }
}

async function sessionOf(ctx: Ctx, messageId: string): Promise<string | null> {
  const row = await ctx.db.selectFrom('message').select('session_id').where('id', '=', messageId).executeTakeFirst()
  return row?.session_id ?? null
}
