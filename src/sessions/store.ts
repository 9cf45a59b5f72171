// Puts a text or a HeroCard into its session: the gate, the message, its attempt. For every transaction that sends one.

import { later, type Trx } from '../db/database.ts'
import type { AccessFacts } from '../domain/policy.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import { heroCardClosed } from '../domain/text-field.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from './actor.ts'
import type { Aftermath } from './context.ts'
import { type SessionState, textFieldFacts, textFieldOf } from './state.ts'
import type { Card } from './templates.ts'
import { date, recordStatus, type SessionPatch, updateSession } from './write.ts'

/** Whether free text may be written now; its value is the evidence. */
export function askGate(state: SessionState, at: Instant): Verdict<JsonObject> {
  const field = textFieldOf(state, at)
  if (!field.open) return refused({ code: 'text-field-closed', reason: field.reason, until: null })
  return allowed({ asked: { at, windowMessageId: state.windowMessageId, windowUntil: field.until } })
}

/** Whether a HeroCard may be sent now; its value is the evidence. */
export function askCardGate(state: SessionState, at: Instant): Verdict<JsonObject> {
  const reason = heroCardClosed(textFieldFacts(state, at), at)
  if (reason !== null) return refused({ code: 'text-field-closed', reason, until: null })
  return allowed({ asked: { at, windowMessageId: state.windowMessageId, windowUntil: state.windowUntil } })
}

interface ToStore {
  readonly actor: Actor
  readonly clientRef: string | null
  readonly reply: { readonly messageId: string; readonly wamid: string } | null
  /** The evidence of the gate that let it pass. */
  readonly asked: JsonObject
  readonly at: Instant
}

export interface TextToStore extends ToStore {
  readonly text: string
}

export interface CardToStore extends ToStore {
  readonly card: Card
}

/**
 * The message and its first attempt, pending: the session's next one, in a transaction that has asked the gate.
 * `patch` is what else changes of the session with it, so that its rev grows once.
 */
export function storeText(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  send: TextToStore,
  patch: SessionPatch = {},
  from?: AccessFacts,
): Promise<{ readonly messageId: string; readonly rev: number }> {
  const said = { type: 'text', text: send.text, content: { body: send.text } } as const
  return store(trx, after, state, send, said, { awaits_client: false, ...patch }, from)
}

/** The same for a HeroCard. From here on the session waits for its client, whose next word rings. */
export function storeTemplate(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  send: CardToStore,
  patch: SessionPatch = {},
): Promise<{ readonly messageId: string; readonly rev: number }> {
  const { name, language, category, filled } = send.card
  const { components, shown } = filled
  const content = { name, language: { code: language }, category, components, ...shown } as unknown as JsonObject
  const said = { type: 'template', text: shown.body, content } as const
  return store(trx, after, state, send, said, { awaits_client: true, bell_on: true, ...patch })
}

async function store(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  send: ToStore,
  message: { readonly type: 'text' | 'template'; readonly text: string; readonly content: JsonObject },
  patch: SessionPatch,
  from?: AccessFacts,
): Promise<{ readonly messageId: string; readonly rev: number }> {
  const { actor, at } = send
  const messageId = newId()
  const seq = state.lastSeq + 1
  const said = { last_seq: seq, last_message_id: messageId, last_message_at: date(at), waiting_since: null }
  const rev = await updateSession(trx, after, state, { ...said, ...patch }, from)
  await later(
    trx,
    trx.insertInto('message').values({
      id: messageId,
      channel_id: state.channelId,
      client_id: state.clientId,
      session_id: state.id,
      seq,
      rev,
      body_rev: rev,
      direction: 'out',
      kind: 'message',
      type: message.type,
      text: message.text,
      content: JSON.stringify(message.content),
      author_kind: actor.kind,
      author_id: actor.rights.userId,
      client_ref: send.clientRef,
      reply_to: send.reply?.messageId ?? null,
      reply_wamid: send.reply?.wamid ?? null,
      status: 'pending',
      spoken_at: date(at),
      received_at: date(at),
    }),
  )
  await addAttempt(trx, state, { messageId, no: 1, rev, at, evidence: send.asked })
  return { messageId, rev }
}

export async function addAttempt(
  trx: Trx,
  state: SessionState,
  attempt: { messageId: string; no: number; rev: number; at: Instant; evidence: JsonObject; waitUntil?: Instant },
): Promise<void> {
  const id = newId()
  await later(
    trx,
    trx.insertInto('attempt').values({
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
    }),
  )
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
