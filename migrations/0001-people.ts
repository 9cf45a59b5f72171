import { type Kysely, sql } from 'kysely'

// Who works here: accounts, sign-ins, tokens, groups, presence, settings, and the idempotent commands they give.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE installation (
      id               int PRIMARY KEY CHECK (id = 1),
      epoch            int NOT NULL DEFAULT 1,
      setup_token_hash bytea,
      created_at       timestamptz NOT NULL
    )`.execute(db)

  await sql`
    CREATE TABLE user_account (
      id            uuid PRIMARY KEY,
      email         text NOT NULL UNIQUE CHECK (email = lower(email)),
      name          text NOT NULL,
      role          text NOT NULL CHECK (role IN ('operator', 'supervisor', 'administrator')),
      password_hash text NOT NULL,
      slots         int NOT NULL DEFAULT 5 CHECK (slots > 0),
      see_others    boolean NOT NULL DEFAULT false,
      disabled_at   timestamptz,
      rights_rev    int NOT NULL DEFAULT 1,
      created_at    timestamptz NOT NULL
    )`.execute(db)

  await sql`
    CREATE TABLE login (
      id           uuid PRIMARY KEY,
      user_id      uuid NOT NULL REFERENCES user_account ON DELETE CASCADE,
      token_hash   bytea NOT NULL UNIQUE,
      user_agent   text,
      created_at   timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX login_user ON login (user_id)`.execute(db)

  await sql`
    CREATE TABLE token (
      id           uuid PRIMARY KEY,
      user_id      uuid NOT NULL REFERENCES user_account ON DELETE CASCADE,
      name         text NOT NULL,
      token_hash   bytea NOT NULL UNIQUE,
      created_at   timestamptz NOT NULL,
      expires_at   timestamptz,
      last_used_at timestamptz,
      revoked_at   timestamptz
    )`.execute(db)

  await sql`CREATE TABLE group_ (id uuid PRIMARY KEY, name text NOT NULL UNIQUE)`.execute(db)
  await sql`
    CREATE TABLE group_member (
      group_id uuid NOT NULL REFERENCES group_ ON DELETE CASCADE,
      user_id  uuid NOT NULL REFERENCES user_account ON DELETE CASCADE,
      PRIMARY KEY (group_id, user_id)
    )`.execute(db)
  await sql`CREATE INDEX group_member_user ON group_member (user_id)`.execute(db)

  await sql`CREATE TABLE setting (key text PRIMARY KEY, value jsonb NOT NULL)`.execute(db)

  await sql`
    CREATE TABLE presence (
      user_id     uuid PRIMARY KEY REFERENCES user_account ON DELETE CASCADE,
      state       text NOT NULL CHECK (state IN ('online', 'away', 'offline')),
      reason      text,
      since       timestamptz NOT NULL,
      lease_until timestamptz NOT NULL
    )`.execute(db)

  // A command is stored before it is decided; whoever moves it out of 'received' first (the decision, or the
  // caller's timeout) is what the caller is told, so a refusal by timeout never happens after all.
  await sql`
    CREATE TABLE command (
      id          uuid PRIMARY KEY,
      user_id     uuid NOT NULL,
      key         text NOT NULL,
      hash        bytea NOT NULL,
      session_id  uuid,
      kind        text NOT NULL,
      body        jsonb NOT NULL,
      state       text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'decided', 'abandoned')),
      outcome     jsonb,
      received_at timestamptz NOT NULL,
      decided_at  timestamptz,
      UNIQUE (user_id, key)
    )`.execute(db)
  await sql`CREATE INDEX command_received_at ON command (received_at)`.execute(db)
}
