// What became of an attempt that was handed to Meta: accepted, refused, or unknown. Statuses may have overtaken the
// answer, so the attempt only climbs (I5). A refusal that will pass is followed by the next attempt, in the same
// transaction: a wait that everybody sees.
import { sql } from 'kysely'
import type { SendOutcome } from '../cloud-api/client.ts'
import { later, type Trx } from '../db/database.ts'
import { type AttemptState, climb } from '../domain/delivery.ts'
import {
  breaksChannel,
  inWindow,
  metaError,
  NO_TOKEN,
  NOT_REACHED,
  type SendError,
  waitAfter,
} from '../domain/meta-errors.ts'
import type { Alias, Instant, JsonObject } from '../domain/words.ts'
import { notifyChannel } from './changes.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { lockSessionAhead, type SessionState, windowDoubted } from './state.ts'
import { isParked, matchParked } from './statuses.ts'
import { addAttempt } from './store.ts'
import { date, recordEvent, recordStatus, recount, SYSTEM, updateSession } from './write.ts'

interface Attempt {
  id: string
  no: number
  state: AttemptState
  message_id: string
  newest: boolean
}

export type Settlement =
  | SendOutcome
  /** The claim grew too old before the request could be written, so it never was. */
  | { readonly outcome: 'notStarted' }
  /** The number's access token cannot be read with this SECRET_KEY. */
  | { readonly outcome: 'noToken' }

/** Returns whether other attempts of the session wait to be sent. */
export async function settle(ctx: Ctx, sessionId: string, attemptId: string, outcome: Settlement): Promise<boolean> {
  const { state, again } = await transact(ctx, async (trx, after) => {
    const ahead = await lockSessionAhead(trx, sessionId)
    const attempt = await lockAttempt(trx, attemptId)
    const locked = ahead()
    if (locked === null || attempt === null) return { state: locked, again: false }
    return { state: locked, again: await become(ctx, trx, after, locked, attempt, outcome) }
  })
  // The status may have been parked while this answer was on its way: look once more, in a transaction of its own.
  if (state !== null && outcome.outcome === 'accepted' && (await isParked(ctx, state.channelId, outcome.wamid)))
    await matchParked(ctx, state.channelId, [outcome.wamid])
  return again || (state !== null && state.sends.pending > 0)
}

/** Returns whether the message is to be sent again. */
async function become(
  ctx: Ctx,
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  attempt: Attempt,
  outcome: Settlement,
): Promise<boolean> {
  const at = ctx.clock.now()
  switch (outcome.outcome) {
    case 'accepted':
      await accept(trx, after, state, attempt, outcome, at)
      return false
    case 'notStarted':
      await later(
        trx,
        sql`UPDATE attempt SET state = 'pending', claimed_at = NULL WHERE id = ${attempt.id} AND state = 'calling'`,
      )
      return true
    case 'unknown':
      await leaveUnknown(trx, after, state, attempt, outcome.why, at)
      return false
    case 'refused':
      return fail(
        ctx,
        trx,
        after,
        state,
        attempt,
        inWindow(metaError(outcome.code, outcome.details), state.windowUntil, at),
        at,
      )
    case 'noToken':
      return fail(ctx, trx, after, state, attempt, NO_TOKEN, at)
    case 'notReached':
      return fail(ctx, trx, after, state, attempt, NOT_REACHED, at)
  }
}

/** A drain that died left these behind: whether Meta has them, nobody knows. */
export async function giveUpStale(ctx: Ctx, sessionId: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM attempt WHERE session_id = ${sessionId} AND state = 'calling' ORDER BY id`.execute(ctx.byKey)
  for (const { id } of rows) await settle(ctx, sessionId, id, { outcome: 'unknown', why: 'sender-died' })
}

async function lockAttempt(trx: Trx, attemptId: string): Promise<Attempt | null> {
  const { rows } = await sql<Attempt>`
    SELECT a.id, a.no, a.state, a.message_id,
           NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = a.message_id AND n.no > a.no) AS newest
      FROM attempt a WHERE a.id = ${attemptId} FOR UPDATE`.execute(trx)
  return rows[0] ?? null
}

async function accept(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  attempt: Attempt,
  outcome: { readonly wamid: string; readonly aliases: readonly Alias[] },
  at: Instant,
): Promise<void> {
  await later(trx, sql`UPDATE attempt SET wamid = ${outcome.wamid} WHERE id = ${attempt.id}`)
  await learn(trx, state, outcome.aliases, at)
  if (climb(attempt.state, 'accepted').moves) await move(trx, after, state, attempt, 'accepted', null, at)
}

async function leaveUnknown(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  attempt: Attempt,
  why: string,
  at: Instant,
): Promise<void> {
  if (!climb(attempt.state, 'unknown').moves) return
  const rev = await move(trx, after, state, attempt, 'unknown', null, at)
  const evidence: JsonObject = { attemptId: attempt.id, messageId: attempt.message_id, why }
  await recordEvent(trx, state.id, { rev, at, actor: SYSTEM, kind: 'unknown', evidence })
}

async function fail(
  ctx: Ctx,
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  attempt: Attempt,
  error: SendError,
  at: Instant,
): Promise<boolean> {
  if (!climb(attempt.state, 'failed').moves) return false
  const rev = await move(trx, after, state, attempt, 'failed', error, at)
  const wait = attempt.newest ? waitAfter(error.code, attempt.no) : null
  const evidence: JsonObject = {
    attemptId: attempt.id,
    messageId: attempt.message_id,
    code: error.code,
    again: wait,
    ...windowDoubted(error, state),
  }
  await recordEvent(trx, state.id, { rev, at, actor: SYSTEM, kind: 'sendFailed', evidence })
  if (wait !== null) {
    const again = {
      asked: { at, windowMessageId: state.windowMessageId, windowUntil: state.windowUntil },
      replaces: attempt.id,
    }
    await addAttempt(trx, state, {
      messageId: attempt.message_id,
      no: attempt.no + 1,
      rev,
      at,
      evidence: again,
      waitUntil: at + wait,
    })
    await later(trx, sql`UPDATE message SET status = 'pending', body_rev = ${rev} WHERE id = ${attempt.message_id}`)
    await recount(trx, state.id)
  }
  if (typeof error.code === 'number' && breaksChannel(error.code)) {
    await later(
      trx,
      sql`UPDATE channel SET state = 'down', state_reason = ${String(error.code)} WHERE id = ${state.channelId}`,
    )
    await notifyChannel(trx, state.channelId, ctx.bus.processId)
    after.channels.add(state.channelId)
  }
  return wait !== null
}

async function move(
  trx: Trx,
  after: Aftermath,
  state: SessionState,
  attempt: Attempt,
  to: AttemptState,
  error: SendError | null,
  at: Instant,
): Promise<number> {
  const rev = await updateSession(trx, after, state, {})
  await later(
    trx,
    sql`
    UPDATE attempt SET state = ${to}, error = ${error === null ? null : JSON.stringify(error)} WHERE id = ${attempt.id}`,
  )
  const status = { attemptId: attempt.id, messageId: attempt.message_id, sessionId: state.id, rev, status: to, at }
  await recordStatus(trx, { ...status, source: 'parley', ...(error === null ? {} : { body: { code: error.code } }) })
  if (attempt.newest) {
    await later(trx, sql`UPDATE message SET status = ${to}, rev = ${rev} WHERE id = ${attempt.message_id}`)
    if (to !== 'accepted') await recount(trx, state.id)
  }
  return rev
}

/** Meta's answer may name the client by an alias that nobody knew: learned where it is nobody else's. */
async function learn(trx: Trx, state: SessionState, aliases: readonly Alias[], at: Instant): Promise<void> {
  for (const alias of aliases) {
    await later(
      trx,
      sql`
      INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
      SELECT ${state.channelId}, ${alias.kind}, ${alias.value}, ${state.clientId}, ${date(at)}, 'answer'
       WHERE NOT EXISTS (SELECT 1 FROM client_alias WHERE client_id = ${state.clientId} AND kind = ${alias.kind})
      ON CONFLICT DO NOTHING`,
    )
  }
}
