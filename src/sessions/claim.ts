// The second asking of the gate, right before a message leaves: one transaction takes the session's next pending
// attempt, judges window, channel and pace by the clock of now, and either lets it go (`calling`), makes it wait,
// or refuses it. Nothing is posted to Meta without a claim (I4, I6).
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { holds } from '../domain/ban.ts'
import { takeNumberSlot, takePairToken } from '../domain/delivery.ts'
import {
  CHANNEL_DOWN,
  CLIENT_BANNED,
  NOT_SENDABLE,
  NOT_THEIRS,
  RESTORED,
  type SendError,
  WINDOW_SHUT,
} from '../domain/meta-errors.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { isApproved } from '../domain/template.ts'
import { SEND_MARGIN_MS } from '../domain/window.ts'
import type { Alias, Instant, JsonObject } from '../domain/words.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { lockSessionAhead, type SessionState, snapshotOf } from './state.ts'
import { date, recordEvent, recordStatus, recount, SYSTEM, updateSession } from './write.ts'

/** A wait up to this long is sat out by the one who claims; a longer one is shown and left to a timer. */
const SHORT_WAIT_MS = 1_000

export interface Claimed {
  readonly attemptId: string
  readonly sessionId: string
  readonly claimedAt: Instant
  readonly to: Alias
  readonly message: Outgoing
  readonly replyTo: string | null
  readonly channel: { readonly phoneNumberId: string; readonly tokenEnc: Buffer | null; readonly simulated: boolean }
}

/** What is handed to Meta. */
export type Outgoing =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'template'; readonly template: JsonObject }

export type Claim =
  | { readonly claim: 'post'; readonly claimed: Claimed }
  | { readonly claim: 'refused' }
  /** A drain that died left an attempt in Meta's hands: `giveUpStale` comes first. */
  | { readonly claim: 'stale' }
  | { readonly claim: 'wait'; readonly until: Instant; readonly short: boolean; readonly snapshot: Snapshot }
  | { readonly claim: 'none'; readonly snapshot: Snapshot | null }

interface Next {
  id: string
  no: number
  epoch: number
  wait_until: Date | null
  paced: boolean
  message_id: string
  type: string
  text: string | null
  content: JsonObject
  template_status: string | null
  reply_wamid: string | null
  phone_number_id: string
  token_enc: Buffer | null
  simulated: boolean
  mps: number
  /** When the number may send again, in milliseconds, fractions included: cut to whole ones, 80 a second would become 83. */
  next_slot_at: number | null
  pair_tokens: number
  pair_at: Date | null
}

export async function claimNext(ctx: Ctx, sessionId: string): Promise<Claim> {
  return transact(ctx, async (trx, after): Promise<Claim> => {
    const locked = await lockSessionAhead(trx, sessionId)
    const next = await firstPending(trx, sessionId)
    const state = locked()
    if (state === null) return { claim: 'none', snapshot: null }
    if (state.sends.calling > 0) return { claim: 'stale' }
    const at = ctx.clock.now()
    if (next === null) return { claim: 'none', snapshot: snapshotOf(state, at) }

    const error = refusal(state, next, at)
    if (error !== null) {
      await refuse(trx, after, state, next, error, at)
      return { claim: 'refused' }
    }
    const pace = await takePlace(trx, state, next, at)
    if (pace.until > at) return waits(trx, after, state, next, pace, at)

    const evidence: JsonObject = {
      claim: { at, windowMessageId: state.windowMessageId, windowUntil: state.windowUntil },
    }
    await later(
      trx,
      sql`
      UPDATE attempt SET state = 'calling', paced = true, claimed_at = ${date(at)}, evidence = evidence || ${JSON.stringify(evidence)}
       WHERE id = ${next.id} AND state = 'pending'`,
    )
    return {
      claim: 'post',
      claimed: {
        attemptId: next.id,
        sessionId,
        claimedAt: at,
        to: state.destination,
        message: outgoing(next),
        replyTo: next.reply_wamid,
        channel: { phoneNumberId: next.phone_number_id, tokenEnc: next.token_enc, simulated: next.simulated },
      },
    }
  })
}

function outgoing({ type, text, content }: Next): Outgoing {
  if (type !== 'template') return { type: 'text', text: text ?? '' }
  const { name, language, components } = content
  return {
    type: 'template',
    template: { name: name ?? null, language: language ?? null, components: components ?? [] },
  }
}

/** Its channel is locked with it: the number's pace is one for all sessions. */
async function firstPending(trx: Trx, sessionId: string): Promise<Next | null> {
  const { rows } = await sql<Next>`
    SELECT a.id, a.no, a.epoch, a.wait_until, a.paced, a.message_id, m.type, m.text, m.content, m.reply_wamid,
           CASE WHEN m.type = 'template' THEN (
             SELECT t.status FROM message_template t WHERE t.channel_id = a.channel_id AND t.name = m.content ->> 'name'
                AND t.language = m.content -> 'language' ->> 'code') END AS template_status,
           ch.phone_number_id, ch.token_enc, ch.simulated, ch.mps,
           (extract(epoch FROM ch.next_slot_at) * 1000)::float8 AS next_slot_at, c.pair_tokens, c.pair_at
      FROM attempt a
      JOIN message m ON m.id = a.message_id
      JOIN channel ch ON ch.id = a.channel_id
      JOIN session s ON s.id = a.session_id
      JOIN client c ON c.id = s.client_id
     WHERE a.session_id = ${sessionId} AND a.state = 'pending'
     ORDER BY m.seq, a.no LIMIT 1 FOR UPDATE OF ch`.execute(trx)
  return rows[0] ?? null
}

/** The gate. It asks neither phase nor operator: what was allowed before the end still leaves after it. */
function refusal(state: SessionState, next: Next, at: Instant): SendError | null {
  if (next.epoch !== state.epoch) return RESTORED
  if (holds(state.ban, at)) return CLIENT_BANNED
  if (!state.channelUp) return CHANNEL_DOWN
  if (!state.destinationHeld) return NOT_THEIRS
  // Its way out is open when the window is shut; what WhatsApp thinks of it may have changed since the command.
  if (next.type === 'template') return isApproved(next.template_status) ? null : NOT_SENDABLE
  if (state.windowUntil === null || at + SEND_MARGIN_MS >= state.windowUntil) return WINDOW_SHUT
  return null
}

async function refuse(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  next: Next,
  error: SendError,
  at: Instant,
): Promise<void> {
  // A session whose window has shut waits for its client from here on: the next message rings.
  const rev = await updateSession(trx, after, state, error === WINDOW_SHUT ? { bell_on: true } : {})
  await later(trx, sql`UPDATE attempt SET state = 'failed', error = ${JSON.stringify(error)} WHERE id = ${next.id}`)
  await later(trx, sql`UPDATE message SET status = 'failed', rev = ${rev} WHERE id = ${next.message_id}`)
  await recordStatus(trx, {
    attemptId: next.id,
    messageId: next.message_id,
    sessionId: state.id,
    rev,
    status: 'failed',
    at,
    source: 'parley',
    body: { code: error.code },
  })
  await recount(trx, state.id)
  const evidence: JsonObject = {
    attemptId: next.id,
    messageId: next.message_id,
    code: error.code,
    ...(error === CLIENT_BANNED && state.ban !== null ? { banId: state.ban.id } : {}),
    windowUntil: state.windowUntil,
    windowMessageId: state.windowMessageId,
  }
  await recordEvent(trx, state.id, { rev, at, actor: SYSTEM, kind: 'sendRefused', evidence })
}

interface Pace {
  readonly until: Instant
  /** The attempt has its place in the pace of pair and number. */
  readonly taken: boolean
}

/** From when the attempt may leave: its place in the pace of pair and number is taken once, and kept. */
async function takePlace(trx: Trx, state: SessionState, next: Next, at: Instant): Promise<Pace> {
  const waitsUntil = next.wait_until?.getTime() ?? 0
  if (next.paced || waitsUntil > at + SHORT_WAIT_MS) return { until: waitsUntil, taken: next.paced }
  const pair = takePairToken({ tokens: next.pair_tokens, at: next.pair_at?.getTime() ?? null }, at)
  await later(
    trx,
    sql`
    UPDATE client SET pair_tokens = ${pair.pair.tokens}, pair_at = ${date(pair.pair.at ?? at)}
     WHERE id = ${state.clientId}`,
  )
  const slot = takeNumberSlot(next.next_slot_at, next.mps, at)
  await later(
    trx,
    sql`
    UPDATE channel SET next_slot_at = to_timestamp(${slot.next / 1000}::float8) WHERE id = ${state.channelId}`,
  )
  return { until: Math.max(waitsUntil, pair.from, Math.floor(slot.from)), taken: true }
}

async function waits(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  next: Next,
  { until, taken }: Pace,
  at: Instant,
): Promise<Claim> {
  const short = until - at <= SHORT_WAIT_MS
  const known = next.wait_until?.getTime() === until
  await later(trx, sql`UPDATE attempt SET wait_until = ${date(until)}, paced = ${taken} WHERE id = ${next.id}`)
  const sends = { ...state.sends, waitUntil: until }
  if (short || known) return { claim: 'wait', until, short, snapshot: snapshotOf({ ...state, sends }, at) }
  const rev = await updateSession(trx, after, state, {})
  await later(trx, sql`UPDATE message SET rev = ${rev}, body_rev = ${rev} WHERE id = ${next.message_id}`)
  const evidence: JsonObject = { attemptId: next.id, until }
  await recordEvent(trx, state.id, { rev, at, actor: SYSTEM, kind: 'paced', evidence })
  return { claim: 'wait', until, short, snapshot: snapshotOf({ ...state, rev, sends }, at) }
}
