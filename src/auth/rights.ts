// A change of somebody's rights is told to every process in the commit that makes it: their sockets close within a
// second and come back with the rights as they are now.
import { sql } from 'kysely'
import type { Trx } from '../db/database.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../sessions/changes.ts'

export async function rightsChanged(trx: Trx, userIds: readonly string[], from: string): Promise<void> {
  if (userIds.length === 0) return
  await sql`UPDATE user_account SET rights_rev = rights_rev + 1 WHERE id = ANY (${userIds}::uuid[])`.execute(trx)
  const notices = userIds.map((rights) => JSON.stringify({ from, rights } satisfies LiveNotice))
  await sql`SELECT pg_notify(${LIVE_CHANNEL}, notice) FROM unnest(${notices}::text[]) AS notice`.execute(trx)
}
