import { type Kysely, sql } from 'kysely'

// The blacklist, tags, and results that a group has for itself.
export async function up(db: Kysely<unknown>): Promise<void> {
  // Nothing of a ban is deleted: who lifted it, and when it was told that it had run out, stand beside it.
  await sql`
    CREATE TABLE ban (
      id         uuid PRIMARY KEY,
      client_id  uuid,
      reason     text NOT NULL,
      until      timestamptz,
      at         timestamptz NOT NULL,
      by_id      uuid NOT NULL,
      lifted_at  timestamptz,
      lifted_by  uuid,
      expired_at timestamptz
    )`.execute(db)
  await sql`CREATE INDEX ban_until ON ban (until) WHERE lifted_at IS NULL AND expired_at IS NULL AND until IS NOT NULL`.execute(
    db,
  )
  await sql`CREATE INDEX ban_active ON ban (id) WHERE lifted_at IS NULL AND expired_at IS NULL`.execute(db)
  await sql`CREATE INDEX ban_client ON ban (client_id) WHERE client_id IS NOT NULL`.execute(db)

  // Platform-wide: an alias is banned on every channel.
  await sql`
    CREATE TABLE ban_alias (
      kind   text NOT NULL CHECK (kind IN ('bsuid', 'phone')),
      value  text NOT NULL,
      ban_id uuid NOT NULL REFERENCES ban,
      PRIMARY KEY (kind, value, ban_id)
    )`.execute(db)
  await sql`CREATE INDEX ban_alias_ban ON ban_alias (ban_id)`.execute(db)

  await sql`ALTER TABLE message ADD COLUMN banned boolean NOT NULL DEFAULT false`.execute(db)

  await sql`
    CREATE TABLE tag (
      id         uuid PRIMARY KEY,
      name       text NOT NULL,
      color      text NOT NULL,
      created_by uuid,
      created_at timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX tag_name ON tag (lower(name))`.execute(db)
  await sql`
    CREATE TABLE session_tag (
      session_id uuid NOT NULL,
      tag_id     uuid NOT NULL REFERENCES tag ON DELETE CASCADE,
      at         timestamptz NOT NULL,
      by_id      uuid NOT NULL,
      PRIMARY KEY (session_id, tag_id)
    )`.execute(db)
  await sql`CREATE INDEX session_tag_tag ON session_tag (tag_id, session_id)`.execute(db)

  // A result without any group is everybody's; whatever limits it limits the branch under it.
  await sql`
    CREATE TABLE result_group (
      result_id uuid NOT NULL REFERENCES result ON DELETE CASCADE,
      group_id  uuid NOT NULL REFERENCES group_ ON DELETE CASCADE,
      PRIMARY KEY (result_id, group_id)
    )`.execute(db)
}
