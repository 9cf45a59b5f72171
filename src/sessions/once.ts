// A command on a message is done once for each key: its first answer is kept in the same transaction, refusals included,
// and a repeat gets it again.

import { sql } from 'kysely'
import { later, soon, type Trx } from '../db/database.ts'
import { allowed, type Refusal, refused, type Verdict } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from './actor.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { lockSession, type SessionState } from './state.ts'
import { date, recordEvent } from './write.ts'

export interface Keyed {
  readonly actor: Actor
  /** The Idempotency-Key, per user; a repeat gets the first answer. */
  readonly key: string
  /** SHA-256 of method, path and body: the same key with another body is refused. */
  readonly hash: Buffer
  /** The message that it is about, where there is one already. */
  readonly messageId?: string
}

type Answer<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly refusal: Refusal }
export type Sent = Verdict<{ readonly messageId: string }>

export async function once<T extends object>(
  ctx: Ctx,
  keyed: Keyed,
  kind: string,
  sessionId: string,
  body: (trx: Trx, after: Aftermath, state: SessionState, at: Instant) => Promise<Verdict<T>>,
): Promise<Verdict<T>> {
  return transact(ctx, async (trx, after) => {
    const before = await askFirst<T>(trx, keyed)
    const state = await lockSession(trx, sessionId)
    if (state === null) return refused({ code: 'not-found' })
    const first = before()
    if (first !== null) return first
    const at = ctx.clock.now()
    const verdict = await body(trx, after, state, at)
    if (!verdict.ok) await recordRefusal(trx, state, keyed, kind, verdict.refusal, at)
    await keepAnswer(trx, keyed, { kind, sessionId, verdict, at })
    return verdict
  })
}

/** What was answered to this key before; told with the next statement that is awaited. Null: nothing yet. */
export async function askFirst<T extends object>(
  trx: Trx,
  { actor, key, hash }: Keyed,
): Promise<() => Verdict<T> | null> {
  const before = await soon<{ hash: Buffer; outcome: unknown }>(
    trx,
    sql`SELECT hash, outcome FROM command WHERE user_id = ${actor.rights.userId} AND key = ${key}`,
  )
  return () => {
    const [first] = before()
    if (first === undefined) return null
    if (!first.hash.equals(hash)) return refused({ code: 'idempotency-key-reused' })
    const { ok: _, ...value } = first.outcome as Answer<T>
    return 'refusal' in value ? refused(value.refusal) : allowed(value as unknown as T)
  }
}

/** Where the same key was used at the same instant, this fails, and all is done anew. */
export async function keepAnswer<T extends object>(
  trx: Trx,
  keyed: Keyed,
  decided: {
    readonly kind: string
    readonly sessionId: string | null
    readonly verdict: Verdict<T>
    readonly at: Instant
  },
): Promise<void> {
  const { kind, sessionId, verdict, at } = decided
  const answer = verdict.ok ? { ok: true, ...verdict.value } : { ok: false, refusal: verdict.refusal }
  await later(
    trx,
    trx.insertInto('command').values({
      id: newId(),
      user_id: keyed.actor.rights.userId,
      key: keyed.key,
      hash: keyed.hash,
      session_id: sessionId,
      kind,
      body: JSON.stringify({}),
      state: 'decided',
      outcome: JSON.stringify(answer),
      received_at: date(at),
      decided_at: date(at),
    }),
  )
}

/** A refusal by state leaves its evidence, too: which message kept the window open, and until when. */
async function recordRefusal(
  trx: Trx,
  state: SessionState,
  { actor, messageId }: Keyed,
  kind: string,
  refusal: Refusal,
  at: Instant,
): Promise<void> {
  if (refusal.code !== 'text-field-closed' && refusal.code !== 'not-retryable') return
  const evidence: JsonObject = {
    command: kind,
    ...(messageId === undefined ? {} : { messageId }),
    refused: refusal.code,
    reason: refusal.code === 'text-field-closed' ? refusal.reason : refusal.status,
    phase: state.phase,
    windowMessageId: state.windowMessageId,
    windowUntil: state.windowUntil,
  }
  const by = { kind: actor.kind, id: actor.rights.userId }
  await recordEvent(trx, state.id, { rev: state.rev, at, actor: by, kind: 'refused', evidence })
}
