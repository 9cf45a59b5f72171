import { type Kysely, sql } from 'kysely'

// What Meta told, as it told it, and what is still to be done about it.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE webhook_raw (
      id          uuid PRIMARY KEY,
      received_at timestamptz NOT NULL,
      body        bytea NOT NULL
    )`.execute(db)
  await sql`ALTER TABLE webhook_raw ALTER COLUMN body SET STORAGE EXTERNAL`.execute(db)
  await sql`CREATE INDEX webhook_raw_received ON webhook_raw USING brin (received_at)`.execute(db)

  // One item of a webhook that could not be taken in: why, and whether it has been since.
  await sql`
    CREATE TABLE quarantine (
      id              uuid PRIMARY KEY,
      raw_id          uuid NOT NULL,
      path            text NOT NULL,
      reason          text NOT NULL,
      detail          text,
      sqlstate        text,
      phone_number_id text,
      state           text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'redriven')),
      at              timestamptz NOT NULL,
      redriven_at     timestamptz,
      UNIQUE (raw_id, path)
    )`.execute(db)
  await sql`CREATE INDEX quarantine_number ON quarantine (phone_number_id) WHERE state = 'held'`.execute(db)

  await sql`
    CREATE TABLE status_parked (
      id          uuid PRIMARY KEY,
      channel_id  uuid NOT NULL,
      wamid       text NOT NULL,
      opaque      text,
      status      text NOT NULL,
      at          timestamptz NOT NULL,
      received_at timestamptz NOT NULL,
      raw_id      uuid,
      body        jsonb
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX status_parked_once ON status_parked (channel_id, wamid, status, at)`.execute(db)
  await sql`CREATE INDEX status_parked_received ON status_parked (received_at)`.execute(db)

  // What Meta says of numbers, templates and accounts, and errors that belong to no message.
  await sql`
    CREATE TABLE account_notice (
      id              uuid PRIMARY KEY,
      waba_id         text,
      phone_number_id text,
      field           text NOT NULL,
      value           jsonb NOT NULL,
      raw_id          uuid NOT NULL,
      path            text NOT NULL,
      at              timestamptz NOT NULL,
      UNIQUE (raw_id, path)
    )`.execute(db)

  // One row a session whose workflow is to be woken. rung grows with every ring; the relay deletes the row only if
  // nobody rang again while it signalled. due_at in the future is also the claim of whoever is signalling now.
  await sql`
    CREATE TABLE signal_outbox (
      session_id uuid PRIMARY KEY,
      start      boolean NOT NULL,
      spoke      boolean NOT NULL DEFAULT false,
      rung       int NOT NULL DEFAULT 1,
      tries      int NOT NULL DEFAULT 0,
      due_at     timestamptz NOT NULL,
      rung_at    timestamptz NOT NULL
    ) WITH (fillfactor = 50)`.execute(db)
  await sql`CREATE INDEX signal_outbox_due ON signal_outbox (due_at)`.execute(db)
}
