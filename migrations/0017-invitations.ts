import { type Kysely, sql } from 'kysely'

// How somebody comes to the password of an account that an administrator has made for them: one address each, for a while.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE invitation (
      user_id    uuid PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
      token_hash bytea NOT NULL UNIQUE,
      by_id      uuid NOT NULL,
      at         timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db)
}
