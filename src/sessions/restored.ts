// PostgreSQL was restored from a backup: what Parley did since is forgotten here, but not at Meta nor in the histories of
// Temporal. A new epoch makes every snapshot newer than whatever a workflow still holds; what may have been sent in the
// time that is lost is unknown, never sent again by itself; and every open session is rung.
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { newId } from '../ids.ts'
import { LIVE_CHANNEL, type LiveNotice } from './changes.ts'
import { RECOUNT } from './recount.ts'

export interface Restored {
  readonly epoch: number
  /** Sessions that are not ended. */
  readonly open: readonly string[]
  /** Messages whose fate is unknown now. */
  readonly unknown: number
}

/** One transaction; neither API nor worker may run meanwhile. A repeat begins one more epoch, and harms nothing. */
export async function beginEpoch(db: Database, at: Date): Promise<Restored> {
  return db.transaction().execute(async (trx) => {
    const { epoch } = await trx
      .updateTable('installation')
      .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
      .returning('epoch')
      .executeTakeFirstOrThrow()
    await sql`
      CREATE TEMPORARY TABLE lost ON COMMIT DROP AS
      WITH lost AS (UPDATE attempt SET state = 'unknown' WHERE state IN ('pending', 'calling') RETURNING *)
      SELECT l.id, l.message_id, l.session_id,
             NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = l.message_id AND n.no > l.no) AS newest
        FROM lost l`.execute(trx)
    await sql`
      CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
      WITH raised AS (
        UPDATE session s SET rev = rev + 1
         WHERE ended_at IS NULL OR id IN (SELECT session_id FROM lost) RETURNING id, rev, ended_at)
      SELECT * FROM raised`.execute(trx)
    await sql`
      INSERT INTO attempt_status (id, attempt_id, message_id, session_id, rev, status, at, received_at, source, body)
      SELECT gen_random_uuid(), l.id, l.message_id, l.session_id, t.rev, 'unknown', ${at}, ${at}, 'parley',
             '{"why": "restored"}'
        FROM lost l JOIN touched t ON t.id = l.session_id`.execute(trx)
    await sql`
      UPDATE message m SET status = 'unknown', rev = t.rev FROM lost l JOIN touched t ON t.id = l.session_id
       WHERE m.id = l.message_id AND l.newest`.execute(trx)
    await sql`${sql.raw(RECOUNT)} WHERE s.id IN (SELECT session_id FROM lost)`.execute(trx)
    await sql`
      INSERT INTO session_event (session_id, n, rev, at, actor_kind, kind, key, evidence)
      SELECT t.id, coalesce((SELECT max(e.n) FROM session_event e WHERE e.session_id = t.id), 0) + 1, t.rev, ${at},
             'system', 'restored', 'restored:' || ${String(epoch)},
             jsonb_build_object('epoch', ${epoch}::int,
                                'unknown', (SELECT count(*) FROM lost l WHERE l.session_id = t.id))
        FROM touched t`.execute(trx)
    await sql`
      INSERT INTO signal_outbox (session_id, start, due_at, rung_at)
      SELECT id, true, ${at}, ${at} FROM touched WHERE ended_at IS NULL
      ON CONFLICT (session_id) DO UPDATE
        SET rung = signal_outbox.rung + 1, start = true, tries = 0, due_at = excluded.due_at`.execute(trx)
    // Whoever is connected all the same, to an API that should not run, looks at everything again.
    const notice: LiveNotice = { from: newId(), resync: true }
    await sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`.execute(trx)
    const open = await sql<{ id: string }>`SELECT id FROM touched WHERE ended_at IS NULL`.execute(trx)
    const lost = await sql<{ messages: number }>`SELECT count(DISTINCT message_id)::int AS messages FROM lost`.execute(
      trx,
    )
    return { epoch, open: open.rows.map(({ id }) => id), unknown: lost.rows[0]?.messages ?? 0 }
  })
}
