// Statuses that came before anybody knew their message: parked, and matched again by whoever learns the wamid, and by
// a sweep until they expire.
import { sql } from 'kysely'
import { later } from '../db/database.ts'
import { type AttemptState, climb, isMetaStatus } from '../domain/delivery.ts'
import { breaksChannel, errorOfStatus, inWindow } from '../domain/meta-errors.ts'
import type { JsonObject } from '../domain/words.ts'
import { notifyChannel } from './changes.ts'
import { type Ctx, transact } from './context.ts'
import { lockSession, windowDoubted } from './state.ts'
import { recordEvent, recount, updateSession } from './write.ts'

interface Parked {
  id: string
  status: string
  at: Date
  received_at: Date
  raw_id: string | null
  body: JsonObject | null
  wamid: string
  attempt_id: string
  session_id: string
}

export async function isParked(ctx: Ctx, channelId: string, wamid: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT 1 FROM status_parked WHERE channel_id = ${channelId} AND wamid = ${wamid} LIMIT 1`.execute(ctx.byKey)
  return rows.length > 0
}

/** Matches what is parked under these wamids, or, without them, everything that can be matched by now. */
export async function matchParked(
  ctx: Ctx,
  channelId: string | null,
  wamids: readonly string[] | null,
): Promise<number> {
  const { rows } = await sql<Parked>`
    SELECT p.id, p.status, p.at, p.received_at, p.raw_id, p.body, p.wamid, a.id AS attempt_id, a.session_id
      FROM status_parked p
      JOIN LATERAL (
        SELECT id, session_id FROM attempt WHERE channel_id = p.channel_id AND wamid = p.wamid
        UNION
        SELECT id, session_id FROM attempt
         WHERE id = CASE WHEN p.opaque ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p.opaque::uuid END
           AND channel_id = p.channel_id
        LIMIT 1) a ON true
     WHERE (${wamids}::text[] IS NULL OR p.wamid = ANY (${wamids}::text[]))
       AND (${channelId}::uuid IS NULL OR p.channel_id = ${channelId})
     ORDER BY p.at, p.received_at, p.id LIMIT 500`.execute(ctx.db)
  for (const parked of rows) await apply(ctx, parked)
  return rows.length
}

function apply(ctx: Ctx, parked: Parked): Promise<void> {
  return transact(ctx, async (trx, after) => {
    const state = await lockSession(trx, parked.session_id)
    const taken = await sql`DELETE FROM status_parked WHERE id = ${parked.id} RETURNING id`.execute(trx)
    if (state === null || taken.rows.length === 0) return
    const { rows } = await sql<{ state: AttemptState; message_id: string; newest: boolean }>`
      SELECT a.state, a.message_id,
             NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = a.message_id AND n.no > a.no) AS newest
        FROM attempt a WHERE a.id = ${parked.attempt_id} FOR UPDATE`.execute(trx)
    const attempt = rows[0]
    if (attempt === undefined) return
    const step = isMetaStatus(parked.status) ? climb(attempt.state, parked.status) : null
    const moves = step?.moves === true
    const rev = moves ? await updateSession(trx, after, state, {}) : null
    await later(
      trx,
      sql`
      INSERT INTO attempt_status (id, attempt_id, message_id, session_id, rev, status, at, received_at, source, raw_id, body)
      VALUES (${parked.id}, ${parked.attempt_id}, ${attempt.message_id}, ${state.id}, ${rev}, ${parked.status}, ${parked.at},
              ${parked.received_at}, 'meta', ${parked.raw_id}, ${parked.body === null ? null : JSON.stringify(parked.body)})
      ON CONFLICT DO NOTHING`,
    )
    const error =
      parked.status === 'failed' ? inWindow(errorOfStatus(parked.body ?? {}), state.windowUntil, ctx.clock.now()) : null
    await later(
      trx,
      sql`
      UPDATE attempt SET wamid = coalesce(wamid, ${parked.wamid}), state = ${moves ? parked.status : attempt.state},
             error = CASE WHEN ${moves} THEN ${error === null ? null : JSON.stringify(error)}::jsonb ELSE error END,
             reached_anyway = reached_anyway OR ${step !== null && !step.moves && step.reachedAnyway}
       WHERE id = ${parked.attempt_id}`,
    )
    if (moves && rev !== null && error !== null) {
      const evidence = {
        attemptId: parked.attempt_id,
        messageId: attempt.message_id,
        code: error.code,
        ...windowDoubted(error, state),
      }
      const actor = { kind: 'meta', id: null } as const
      await recordEvent(trx, state.id, { rev, at: ctx.clock.now(), actor, kind: 'sendFailed', evidence })
      if (typeof error.code === 'number' && breaksChannel(error.code)) {
        await later(
          trx,
          sql`UPDATE channel SET state = 'down', state_reason = ${String(error.code)} WHERE id = ${state.channelId}`,
        )
        await notifyChannel(trx, state.channelId, ctx.bus.processId)
        after.channels.add(state.channelId)
      }
    }
    if (moves && attempt.newest) {
      await later(trx, sql`UPDATE message SET status = ${parked.status}, rev = ${rev} WHERE id = ${attempt.message_id}`)
      await recount(trx, state.id)
    }
  })
}
