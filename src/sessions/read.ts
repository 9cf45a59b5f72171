// The operator has read: the unread count follows, and the caller learns which message Meta may be told about.
import { sql } from 'kysely'
import { mayDo } from '../domain/policy.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import type { Actor } from './actor.ts'
import { type Ctx, transact } from './context.ts'
import { lockSession } from './state.ts'
import { updateSession } from './write.ts'

export interface Read {
  readonly channelId: string
  /** The newest client message read so far that Meta knows; null where there is none. */
  readonly wamid: string | null
  readonly receipts: boolean
}

export async function readUpTo(
  ctx: Ctx,
  read: { actor: Actor; sessionId: string; seq: number },
): Promise<Verdict<Read>> {
  return transact(ctx, async (trx, after) => {
    const state = await lockSession(trx, read.sessionId)
    if (state === null) return refused({ code: 'not-found' })
    const access = mayDo(read.actor.rights, state, 'read')
    if (access !== 'allowed') return refused({ code: access })
    const { rows } = await sql<{ unread: number; was: number; read_seq: number; wamid: string | null }>`
      SELECT s.unread AS was, greatest(s.read_seq, ${Math.min(read.seq, state.lastSeq)}::int) AS read_seq,
             (SELECT count(*)::int FROM message m WHERE m.session_id = s.id AND m.direction = 'in' AND m.kind = 'message' AND NOT m.banned
                AND m.seq > greatest(s.read_seq, ${read.seq}::int)) AS unread,
             (SELECT m.wamid FROM message m WHERE m.session_id = s.id AND m.direction = 'in' AND m.wamid IS NOT NULL
                AND m.seq <= ${read.seq}::int ORDER BY m.seq DESC LIMIT 1) AS wamid
        FROM session s WHERE s.id = ${state.id}`.execute(trx)
    const row = rows[0]
    if (row === undefined) return refused({ code: 'not-found' })
    if (row.unread !== row.was) {
      await updateSession(trx, after, state, { unread: row.unread, read_seq: row.read_seq })
    }
    return allowed({ channelId: state.channelId, wamid: row.wamid, receipts: state.settings.readReceipts })
  })
}
