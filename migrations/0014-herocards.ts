import { type Kysely, sql } from 'kysely'

// HeroCards: the message templates of each number as Meta last told them. One that Meta no longer has stays, marked, because
// messages name it; a send asks this table twice, at the command and right before it leaves.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE message_template (
      id               uuid PRIMARY KEY,
      channel_id       uuid NOT NULL REFERENCES channel ON DELETE CASCADE,
      meta_id          text NOT NULL,
      name             text NOT NULL,
      language         text NOT NULL,
      category         text NOT NULL,
      status           text NOT NULL,
      quality          text,
      rejected_reason  text,
      parameter_format text NOT NULL,
      components       jsonb NOT NULL,
      synced_at        timestamptz NOT NULL,
      UNIQUE (channel_id, name, language)
    )`.execute(db)
  await sql`
    ALTER TABLE channel
      ADD COLUMN templates_synced_at timestamptz,
      ADD COLUMN templates_error text`.execute(db)
}
