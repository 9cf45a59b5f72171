// Rings the workflows of all open sessions, or of those of one channel, because something that all of them follow has
// changed. The bells come due one after another, so that this is no burst.
import { sql } from 'kysely'
import type { Trx } from '../db/database.ts'
import type { Instant } from '../domain/words.ts'
import type { Aftermath } from '../sessions/context.ts'
import { date } from '../sessions/write.ts'

const AT_ONCE = 50
const MS_EACH = 10

export async function ringOpenSessions(
  trx: Trx,
  after: Aftermath,
  at: Instant,
  channelId: string | null,
): Promise<void> {
  const { rows } = await sql<{ session_id: string }>`
    INSERT INTO signal_outbox (session_id, start, due_at, rung_at)
    SELECT id, false, ${date(at)}::timestamptz + n * interval '1 millisecond' * ${MS_EACH}, ${date(at)}
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM session
             WHERE ended_at IS NULL AND (${channelId}::uuid IS NULL OR channel_id = ${channelId})) AS open
     ORDER BY id
    ON CONFLICT (session_id) DO UPDATE SET rung = signal_outbox.rung + 1, tries = 0, rung_at = excluded.rung_at
    RETURNING session_id`.execute(trx)
  for (const row of rows.slice(0, AT_ONCE)) after.rings.add(row.session_id)
}
