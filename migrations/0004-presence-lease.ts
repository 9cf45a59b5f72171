import { type Kysely, sql } from 'kysely'

// Whether the lease of a presence hangs on live connections, or, for who never had one, on the last request.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE presence ADD COLUMN by_socket boolean NOT NULL DEFAULT false`.execute(db)
}
