// How many sessions an operator has: one whose client is still awaited costs none.
import { sql } from 'kysely'
import type { Trx } from '../db/database.ts'
import type { Instant } from '../domain/words.ts'
import { date } from './write.ts'

/** As SQL over session `s` and its client `c`: a HeroCard waits for its answer, and nothing else can be written meanwhile. */
export const awaited = (at: Instant) =>
  sql`(s.awaits_client AND (c.window_expires_at IS NULL OR c.window_expires_at <= ${date(at)}))`

/** With the user's row locked, so that two decisions of one operator count one after the other. */
export async function takenSlots(trx: Trx, userId: string, at: Instant): Promise<number> {
  await sql`SELECT 1 FROM user_account WHERE id = ${userId} FOR UPDATE`.execute(trx)
  const { rows } = await sql<{ taken: number }>`
    SELECT count(*)::int AS taken FROM session s JOIN client c ON c.id = s.client_id
     WHERE s.operator_id = ${userId} AND s.ended_at IS NULL AND NOT ${awaited(at)}`.execute(trx)
  return rows[0]?.taken ?? 0
}
