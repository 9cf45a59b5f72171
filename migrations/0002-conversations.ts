import { type Kysely, sql } from 'kysely'

// Channels, clients, sessions and their messages. Hot tables carry no foreign keys: ingest writes them in batches
// whose parents it has just locked, and the keys cost a tenth of its rate.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE result (
      id            uuid PRIMARY KEY,
      parent_id     uuid REFERENCES result,
      name          text NOT NULL,
      note_required boolean NOT NULL DEFAULT false,
      position      int NOT NULL,
      archived_at   timestamptz
    )`.execute(db)

  await sql`
    CREATE TABLE channel (
      id                   uuid PRIMARY KEY,
      phone_number_id      text NOT NULL UNIQUE,
      waba_id              text NOT NULL,
      name                 text NOT NULL,
      display_phone_number text NOT NULL,
      token_enc            bytea,
      group_id             uuid NOT NULL REFERENCES group_,
      simulated            boolean NOT NULL DEFAULT false,
      state                text NOT NULL DEFAULT 'up' CHECK (state IN ('up', 'down')),
      state_reason         text,
      mps                  int NOT NULL DEFAULT 80 CHECK (mps > 0),
      next_slot_at         timestamptz,
      created_at           timestamptz NOT NULL
    )`.execute(db)

  // The client row is the mutex of everything that happens to one client on one channel.
  await sql`
    CREATE TABLE client (
      id                uuid PRIMARY KEY,
      channel_id        uuid NOT NULL,
      joined_into       uuid,
      name              text,
      rev               int NOT NULL DEFAULT 0,
      window_expires_at timestamptz,
      window_message_id uuid,
      pair_tokens       double precision NOT NULL DEFAULT 45,
      pair_at           timestamptz,
      created_at        timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX client_joined ON client (joined_into) WHERE joined_into IS NOT NULL`.execute(db)

  await sql`
    CREATE TABLE client_alias (
      channel_id uuid NOT NULL,
      kind       text NOT NULL CHECK (kind IN ('bsuid', 'phone')),
      value      text NOT NULL,
      client_id  uuid NOT NULL,
      valid_from timestamptz NOT NULL,
      source     text NOT NULL,
      PRIMARY KEY (channel_id, kind, value)
    )`.execute(db)
  await sql`CREATE INDEX client_alias_client ON client_alias (client_id)`.execute(db)
  await sql`
    CREATE TABLE client_alias_history (
      id         uuid PRIMARY KEY,
      channel_id uuid NOT NULL,
      kind       text NOT NULL,
      value      text NOT NULL,
      client_id  uuid NOT NULL,
      valid_from timestamptz NOT NULL,
      valid_to   timestamptz NOT NULL,
      reason     text NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX client_alias_history_client ON client_alias_history (client_id)`.execute(db)

  // prev_access/access_rev: who could see the session before the change at access_rev, so that the live view can
  // tell those who lost it that it is gone, in whatever process the change was made.
  await sql`
    CREATE TABLE session (
      id                 uuid PRIMARY KEY,
      client_id          uuid NOT NULL,
      channel_id         uuid NOT NULL,
      destination_kind   text NOT NULL CHECK (destination_kind IN ('bsuid', 'phone')),
      destination        text NOT NULL,
      phase              text NOT NULL CHECK (phase IN ('queued', 'active', 'wrapUp', 'ended')),
      origin             text NOT NULL CHECK (origin IN ('inbound', 'direct', 'reconnect')),
      operator_id        uuid,
      group_id           uuid,
      previous_id        uuid,
      next_id            uuid,
      rev                int NOT NULL DEFAULT 1,
      bell_on            boolean NOT NULL DEFAULT false,
      awaits_client      boolean NOT NULL DEFAULT false,
      last_seq           int NOT NULL DEFAULT 0,
      last_in_seq        int NOT NULL DEFAULT 0,
      read_seq           int NOT NULL DEFAULT 0,
      unread             int NOT NULL DEFAULT 0,
      waiting_since      timestamptz,
      last_message_id    uuid,
      last_message_at    timestamptz NOT NULL,
      failed             int NOT NULL DEFAULT 0,
      unknown            int NOT NULL DEFAULT 0,
      warned_window      timestamptz,
      shut_window        timestamptz,
      access_rev         int NOT NULL DEFAULT 1,
      prev_access        jsonb,
      started_at         timestamptz NOT NULL,
      accepted_at        timestamptz,
      wrap_up_at         timestamptz,
      ended_at           timestamptz,
      end_reason         text,
      result_id          uuid,
      result_note        text
    ) WITH (fillfactor = 80)`.execute(db)
  // I2: at most one session of a client is not ended.
  await sql`CREATE UNIQUE INDEX session_open_client ON session (client_id) WHERE ended_at IS NULL`.execute(db)
  await sql`CREATE INDEX session_client ON session (client_id, started_at)`.execute(db)
  await sql`CREATE INDEX session_open_group ON session (group_id, phase) WHERE ended_at IS NULL`.execute(db)
  await sql`CREATE INDEX session_open_operator ON session (operator_id) WHERE ended_at IS NULL`.execute(db)
  await sql`CREATE INDEX session_activity ON session (last_message_at, id)`.execute(db)

  await sql`
    CREATE TABLE offer (
      session_id  uuid NOT NULL,
      no          int NOT NULL,
      group_id    uuid,
      operator_id uuid,
      offered_at  timestamptz NOT NULL,
      due_at      timestamptz,
      overdue_at  timestamptz,
      closed_at   timestamptz,
      outcome     text,
      PRIMARY KEY (session_id, no)
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX offer_open ON offer (session_id) WHERE closed_at IS NULL`.execute(db)

  // rev: the session's rev at the message's last visible change (the client's, where it belongs to no session);
  // body_rev: the same, of everything but its status, so that a status is pushed as a status.
  await sql`
    CREATE TABLE message (
      id            uuid PRIMARY KEY,
      channel_id    uuid NOT NULL,
      client_id     uuid NOT NULL,
      session_id    uuid,
      seq           int,
      rev           int NOT NULL,
      body_rev      int NOT NULL,
      direction     text NOT NULL CHECK (direction IN ('in', 'out')),
      kind          text NOT NULL,
      type          text NOT NULL,
      text          text,
      content       jsonb NOT NULL,
      wamid         text,
      author_kind   text NOT NULL CHECK (author_kind IN ('client', 'operator', 'program', 'system')),
      author_id     uuid,
      client_ref    text,
      reply_to      uuid,
      reply_wamid   text,
      status        text,
      spoken_at     timestamptz NOT NULL,
      received_at   timestamptz NOT NULL,
      time_doubted  boolean NOT NULL DEFAULT false,
      raw_id        uuid,
      superseded_by uuid
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX message_seq ON message (session_id, seq)`.execute(db)
  await sql`CREATE UNIQUE INDEX message_wamid ON message (channel_id, wamid) WHERE superseded_by IS NULL`.execute(db)
  await sql`CREATE INDEX message_client ON message (client_id, id)`.execute(db)

  await sql`
    CREATE TABLE attempt (
      id            uuid PRIMARY KEY,
      message_id    uuid NOT NULL,
      session_id    uuid NOT NULL,
      channel_id    uuid NOT NULL,
      no            int NOT NULL,
      epoch         int NOT NULL,
      state         text NOT NULL CHECK (state IN
                      ('pending', 'calling', 'unknown', 'accepted', 'sent', 'delivered', 'read', 'played', 'failed')),
      wait_until    timestamptz,
      paced         boolean NOT NULL DEFAULT false,
      wamid         text,
      created_at    timestamptz NOT NULL,
      claimed_at    timestamptz,
      evidence      jsonb,
      error         jsonb,
      reached_anyway boolean NOT NULL DEFAULT false,
      UNIQUE (message_id, no)
    )`.execute(db)
  await sql`CREATE INDEX attempt_wamid ON attempt (channel_id, wamid) WHERE wamid IS NOT NULL`.execute(db)
  await sql`CREATE INDEX attempt_due ON attempt (session_id) WHERE state IN ('pending', 'calling')`.execute(db)

  // Every status that was ever told, by Meta or by Parley's own steps; what the attempt shows is the ladder's top.
  await sql`
    CREATE TABLE attempt_status (
      id          uuid PRIMARY KEY,
      attempt_id  uuid NOT NULL,
      message_id  uuid NOT NULL,
      session_id  uuid NOT NULL,
      rev         int,
      status      text NOT NULL,
      at          timestamptz NOT NULL,
      received_at timestamptz NOT NULL,
      source      text NOT NULL CHECK (source IN ('meta', 'parley', 'operator')),
      raw_id      uuid,
      body        jsonb
    )`.execute(db)
  await sql`CREATE INDEX attempt_status_message ON attempt_status (message_id)`.execute(db)
  // A status that Meta tells twice is kept once.
  await sql`CREATE UNIQUE INDEX attempt_status_once ON attempt_status (attempt_id, status, at) WHERE source = 'meta'`.execute(
    db,
  )
  await sql`CREATE INDEX attempt_status_rev ON attempt_status (session_id, rev)`.execute(db)

  // Append-only evidence: who, when, what, why allowed or refused; ids, enums and times only.
  await sql`
    CREATE TABLE session_event (
      session_id uuid NOT NULL,
      n          int NOT NULL,
      rev        int NOT NULL,
      at         timestamptz NOT NULL,
      actor_kind text NOT NULL,
      actor_id   uuid,
      kind       text NOT NULL,
      key        text,
      evidence   jsonb NOT NULL,
      PRIMARY KEY (session_id, n)
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX session_event_key ON session_event (session_id, key) WHERE key IS NOT NULL`.execute(db)

  await sql`
    CREATE TABLE draft (
      session_id uuid NOT NULL,
      user_id    uuid NOT NULL,
      text       text NOT NULL,
      at         timestamptz NOT NULL,
      PRIMARY KEY (session_id, user_id)
    )`.execute(db)
}
