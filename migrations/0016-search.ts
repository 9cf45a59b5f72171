import { type Kysely, sql } from 'kysely'

// Full text, filled behind the messages: an index on `message` itself would be paid for by every webhook.
export async function up(db: Kysely<unknown>): Promise<void> {
  // `id` is the message's, the note's, or, of a result's note, the session's.
  await sql`
    CREATE TABLE search_entry (
      id         uuid PRIMARY KEY,
      kind       text NOT NULL CHECK (kind IN ('message', 'note', 'result')),
      session_id uuid NOT NULL,
      at         timestamptz NOT NULL,
      words      tsvector NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX search_entry_words ON search_entry USING gin (words)`.execute(db)
  await sql`CREATE INDEX search_entry_session ON search_entry (session_id)`.execute(db)
  // For words that many texts have: the newest are then found sooner by their time.
  await sql`CREATE INDEX search_entry_at ON search_entry (at, id)`.execute(db)
  await sql`CREATE TABLE search_progress (id int PRIMARY KEY CHECK (id = 1), until uuid NOT NULL)`.execute(db)
  await sql`INSERT INTO search_progress VALUES (1, '00000000-0000-0000-0000-000000000000')`.execute(db)
  // Messages that were looked at too early: a placeholder has no words until the real message takes its place.
  await sql`CREATE TABLE search_again (message_id uuid PRIMARY KEY)`.execute(db)
}
