import { type Kysely, sql } from 'kysely'

// Tags of contacts; what a result is to be while its session goes on; and what it was before somebody changed it.
export async function up(db: Kysely<unknown>): Promise<void> {
  // Those of a contact that was merged stay with it, for the undo, and count as the survivor's meanwhile.
  await sql`
    CREATE TABLE contact_tag (
      contact_id uuid NOT NULL REFERENCES contact ON DELETE CASCADE,
      tag_id     uuid NOT NULL REFERENCES tag ON DELETE CASCADE,
      at         timestamptz NOT NULL,
      by_id      uuid NOT NULL,
      PRIMARY KEY (contact_id, tag_id)
    )`.execute(db)
  await sql`CREATE INDEX contact_tag_tag ON contact_tag (tag_id, contact_id)`.execute(db)

  // The session's, not the operator's: whoever has it next goes on with it.
  await sql`
    CREATE TABLE result_draft (
      session_id uuid PRIMARY KEY,
      result_id  uuid,
      note       text NOT NULL,
      by_id      uuid NOT NULL,
      at         timestamptz NOT NULL
    )`.execute(db)

  await sql`
    CREATE TABLE result_change (
      id          uuid PRIMARY KEY,
      session_id  uuid NOT NULL,
      at          timestamptz NOT NULL,
      by_id       uuid NOT NULL,
      from_result uuid,
      from_note   text,
      to_result   uuid NOT NULL,
      to_note     text
    )`.execute(db)
  // Rare among statuses, and asked for by every list of sessions.
  await sql`
    CREATE INDEX attempt_status_free_entry ON attempt_status (session_id, at)
     WHERE body -> 'pricing' ->> 'type' = 'free_entry_point'`.execute(db)
  await sql`CREATE INDEX result_change_session ON result_change (session_id, id)`.execute(db)
}
