import { type Kysely, sql } from 'kysely'

// Transfers: whose an offer was before it was made, so that one nobody takes finds its way back; and notes, of which a
// transfer's is one.
export async function up(db: Kysely<unknown>): Promise<void> {
  // `back_to`: whoever had the session when it was offered on; null where nobody had.
  await sql`ALTER TABLE offer ADD COLUMN back_to uuid`.execute(db)
  await sql`
    CREATE TABLE session_note (
      id             uuid PRIMARY KEY,
      session_id     uuid NOT NULL,
      text           text NOT NULL,
      by_id          uuid NOT NULL,
      at             timestamptz NOT NULL,
      to_operator_id uuid,
      to_group_id    uuid
    )`.execute(db)
  await sql`CREATE INDEX session_note_session ON session_note (session_id, id)`.execute(db)
}
