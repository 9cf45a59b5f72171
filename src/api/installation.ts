// The one row that makes a database Parley's, and the way in while nobody has an account.
import { sql } from 'kysely'
import { hashToken, setupToken } from '../auth/secret-token.ts'
import type { Database } from '../db/database.ts'
import type { Instant } from '../domain/words.ts'

/**
 * The token of the address that makes the first administrator; null once there is an account. Every service of an
 * installation tells the same one, however often it starts, and the database only knows its hash.
 */
export async function install(db: Database, secretKey: string, at: Instant): Promise<string | null> {
  await sql`INSERT INTO installation (id, created_at) VALUES (1, ${new Date(at)}) ON CONFLICT DO NOTHING`.execute(db)
  const { created_at } = await db.selectFrom('installation').select('created_at').executeTakeFirstOrThrow()
  const token = setupToken(secretKey, created_at)
  const { rows } = await sql`
    UPDATE installation SET setup_token_hash = ${hashToken(token)}
     WHERE NOT EXISTS (SELECT 1 FROM user_account) RETURNING id`.execute(db)
  return rows.length > 0 ? token : null
}
