import { type Kysely, sql } from 'kysely'

// The Contacts Directory and the canned texts. What a contact is searched by is one column of folded words, made by
// src/domain/contact.ts: its trigram index serves parts of words, numbers in any notation and mistyped names alike.
// Both extensions belong to PostgreSQL itself and are trusted: the owner of the database may create them.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE EXTENSION IF NOT EXISTS pg_trgm`.execute(db)
  await sql`CREATE EXTENSION IF NOT EXISTS fuzzystrmatch`.execute(db)

  await sql`
    CREATE TABLE contact_field (
      id          uuid PRIMARY KEY,
      key         text NOT NULL UNIQUE CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
      name        text NOT NULL,
      position    int NOT NULL DEFAULT 0,
      archived_at timestamptz
    )`.execute(db)

  // Nothing of a contact that was removed is kept but its id; one that was merged stays as it was, for the undo.
  await sql`
    CREATE TABLE contact (
      id          uuid PRIMARY KEY,
      rev         int NOT NULL DEFAULT 1,
      name        text,
      sort_key    text COLLATE "C" NOT NULL,
      search_key  text NOT NULL,
      merged_into uuid REFERENCES contact,
      created_at  timestamptz NOT NULL,
      created_by  uuid,
      updated_at  timestamptz NOT NULL,
      deleted_at  timestamptz
    )`.execute(db)
  // The list, in order; and what a search looks into.
  await sql`CREATE INDEX contact_sorted ON contact (sort_key, id) WHERE merged_into IS NULL AND deleted_at IS NULL`.execute(
    db,
  )
  await sql`CREATE INDEX contact_search ON contact USING gin (search_key gin_trgm_ops)
             WHERE merged_into IS NULL AND deleted_at IS NULL`.execute(db)
  await sql`CREATE INDEX contact_merged ON contact (merged_into) WHERE merged_into IS NOT NULL`.execute(db)

  // key: the value as it is compared, digits of a number or folded letters; merge_id: copied by that merge.
  await sql`
    CREATE TABLE contact_value (
      id         uuid PRIMARY KEY,
      contact_id uuid NOT NULL REFERENCES contact ON DELETE CASCADE,
      kind       text NOT NULL CHECK (kind IN ('name', 'phone', 'email', 'field')),
      field_id   uuid REFERENCES contact_field,
      value      text NOT NULL,
      key        text NOT NULL,
      position   int NOT NULL,
      merge_id   uuid,
      CHECK ((kind = 'field') = (field_id IS NOT NULL))
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX contact_value_once ON contact_value (contact_id, kind, field_id, value) NULLS NOT DISTINCT`.execute(
    db,
  )
  // Who else has this number, address or name: suggestions, and what an import matches by.
  await sql`CREATE INDEX contact_value_key ON contact_value (kind, key)`.execute(db)

  // Who changed what, and when; emptied when the contact is removed.
  await sql`
    CREATE TABLE contact_change (
      id         uuid PRIMARY KEY,
      contact_id uuid NOT NULL REFERENCES contact,
      at         timestamptz NOT NULL,
      actor_kind text NOT NULL,
      actor_id   uuid,
      kind       text NOT NULL,
      detail     jsonb NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX contact_change_contact ON contact_change (contact_id, id)`.execute(db)

  // What a merge moved, so that it can be undone.
  await sql`
    CREATE TABLE contact_merge (
      id          uuid PRIMARY KEY,
      survivor_id uuid NOT NULL REFERENCES contact,
      merged_id   uuid NOT NULL REFERENCES contact,
      client_ids  uuid[] NOT NULL,
      at          timestamptz NOT NULL,
      by_user     uuid,
      undone_at   timestamptz,
      undone_by   uuid
    )`.execute(db)
  await sql`CREATE INDEX contact_merge_survivor ON contact_merge (survivor_id) WHERE undone_at IS NULL`.execute(db)
  await sql`CREATE INDEX contact_merge_merged ON contact_merge (merged_id) WHERE undone_at IS NULL`.execute(db)

  // No foreign key: the client is written with every message.
  await sql`ALTER TABLE client ADD COLUMN contact_id uuid`.execute(db)
  await sql`CREATE INDEX client_contact ON client (contact_id) WHERE contact_id IS NOT NULL`.execute(db)

  // One row a file that was imported; the report has a line for each of its rows.
  await sql`
    CREATE TABLE contact_import (
      id        uuid PRIMARY KEY,
      at        timestamptz NOT NULL,
      by_user   uuid NOT NULL,
      file_name text,
      mapping   jsonb NOT NULL,
      counts    jsonb NOT NULL,
      report    jsonb NOT NULL
    )`.execute(db)

  await sql`
    CREATE TABLE canned_folder (
      id         uuid PRIMARY KEY,
      name       text NOT NULL,
      group_ids  uuid[] NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX canned_folder_name ON canned_folder (lower(name))`.execute(db)

  // Of the company where it names neither a group nor a user.
  await sql`
    CREATE TABLE canned_text (
      id         uuid PRIMARY KEY,
      group_id   uuid REFERENCES group_ ON DELETE CASCADE,
      user_id    uuid REFERENCES user_account ON DELETE CASCADE,
      folder_id  uuid REFERENCES canned_folder,
      name       text NOT NULL,
      shortcut   text,
      search_key text NOT NULL,
      updated_at timestamptz NOT NULL,
      CHECK (group_id IS NULL OR user_id IS NULL)
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX canned_text_shortcut ON canned_text (shortcut, group_id, user_id) NULLS NOT DISTINCT
             WHERE shortcut IS NOT NULL`.execute(db)
  await sql`
    CREATE TABLE canned_text_variant (
      text_id  uuid NOT NULL REFERENCES canned_text ON DELETE CASCADE,
      language text NOT NULL,
      text     text NOT NULL,
      position int NOT NULL,
      PRIMARY KEY (text_id, language)
    )`.execute(db)
}
