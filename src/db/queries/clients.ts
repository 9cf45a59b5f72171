// Who may see a client.
import { sql } from 'kysely'
import type { Rights } from '../../domain/policy.ts'
import type { Database } from '../database.ts'
import { maySeeSql, OPEN_OFFER } from './access.ts'
import { everyClientOf } from './sessions.ts'

/** Whoever may see one session of a client may see the client; an administrator sees all. */
export async function maySeeClient(db: Database, rights: Rights, clientId: string): Promise<boolean> {
  if (rights.role === 'administrator') {
    return (await sql`SELECT 1 FROM client WHERE id = ${clientId}`.execute(db)).rows.length > 0
  }
  const { rows } = await sql`
    SELECT 1 FROM session s ${OPEN_OFFER}
     WHERE s.client_id IN (${everyClientOf(clientId)}) AND ${maySeeSql(rights)} LIMIT 1`.execute(db)
  return rows.length > 0
}
