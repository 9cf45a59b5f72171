// A contact of the directory as screens and programs see it, with the clients that are linked to it.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import type { ValueKind } from '../../domain/contact.ts'
import type { JsonObject } from '../../domain/words.ts'
import { phoneOf } from './client.ts'
import { id, iso, type Page, time } from './common.ts'
import { loadContactTags, tagSchema } from './tag.ts'

export const linkedClientSchema = z
  .object({
    id,
    channelId: id,
    channelName: z.string(),
    name: z.string().nullable().describe('As WhatsApp tells it'),
    phone: z.string().nullable().describe('E.164 with +; null where WhatsApp tells none'),
    bsuid: z.string().nullable(),
  })
  .meta({ id: 'LinkedClient' })
export type LinkedClientView = z.infer<typeof linkedClientSchema>

export const contactSchema = z
  .object({
    id: id.describe('After a merge, that of the contact both have become'),
    rev: z.int(),
    name: z.string().nullable().describe('The first of its names: what lists and sessions show'),
    names: z.array(z.string()),
    phones: z.array(z.string()).describe('E.164 with +'),
    emails: z.array(z.string()),
    fields: z.record(z.string(), z.array(z.string())).describe("By the key of the directory's own fields"),
    clients: z.array(linkedClientSchema),
    tags: z.array(tagSchema),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Contact' })
export type ContactView = z.infer<typeof contactSchema>

interface Row {
  id: string
  rev: number
  name: string | null
  created_at: Date
  updated_at: Date
}

/** A contact that was merged is the one it has become. Undefined where there is none. */
export async function becameContact(db: Database, contactId: string): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE path AS (
      SELECT id, merged_into, deleted_at FROM contact WHERE id = ${contactId}
      UNION ALL
      SELECT c.id, c.merged_into, c.deleted_at FROM path p JOIN contact c ON c.id = p.merged_into
    ) SELECT id FROM path WHERE merged_into IS NULL AND deleted_at IS NULL`.execute(db)
  return rows[0]?.id
}

/** In the order of the ids; those that are no longer there are left out. */
export async function loadContacts(db: Database, ids: readonly string[]): Promise<ContactView[]> {
  if (ids.length === 0) return []
  const [{ rows }, values, clients, tags] = await Promise.all([
    sql<Row>`
      SELECT id, rev, name, created_at, updated_at FROM contact
       WHERE id = ANY (${ids}::uuid[]) AND merged_into IS NULL AND deleted_at IS NULL`.execute(db),
    sql<{ contact_id: string; kind: ValueKind; field: string | null; value: string }>`
      SELECT v.contact_id, v.kind, f.key AS field, v.value
        FROM contact_value v LEFT JOIN contact_field f ON f.id = v.field_id
       WHERE v.contact_id = ANY (${ids}::uuid[]) AND f.archived_at IS NULL
       ORDER BY f.position, v.position, v.id`.execute(db),
    loadLinked(db, ids),
    loadContactTags(db, ids),
  ])
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((contactId) => {
    const row = byId.get(contactId)
    if (row === undefined) return []
    const own = values.rows.filter((value) => value.contact_id === contactId)
    const of = (kind: ValueKind) => own.filter((value) => value.kind === kind).map((value) => value.value)
    const fields: Record<string, string[]> = {}
    for (const { field, value } of own) if (field !== null) fields[field] = [...(fields[field] ?? []), value]
    return {
      id: row.id,
      rev: row.rev,
      name: row.name,
      names: of('name'),
      phones: of('phone'),
      emails: of('email'),
      fields,
      clients: [...(clients.get(contactId) ?? [])],
      tags: tags.get(contactId) ?? [],
      createdAt: iso(row.created_at),
      updatedAt: iso(row.updated_at),
    }
  })
}

async function loadLinked(
  db: Database,
  contactIds: readonly string[],
): Promise<ReadonlyMap<string, readonly LinkedClientView[]>> {
  const { rows } = await sql<LinkedClientView & { contact_id: string }>`
    SELECT c.contact_id, c.id, c.channel_id AS "channelId", ch.name AS "channelName", c.name, a.phone, a.bsuid
      FROM client c JOIN channel ch ON ch.id = c.channel_id
      CROSS JOIN LATERAL (
        SELECT (array_agg(a.value ORDER BY a.valid_from DESC) FILTER (WHERE a.kind = 'phone'))[1] AS phone,
               (array_agg(a.value ORDER BY a.valid_from DESC) FILTER (WHERE a.kind = 'bsuid'))[1] AS bsuid
          FROM client_alias a WHERE a.client_id = c.id
      ) a
     WHERE c.contact_id = ANY (${contactIds}::uuid[]) AND c.joined_into IS NULL
     ORDER BY c.created_at, c.id`.execute(db)
  const linked = new Map<string, LinkedClientView[]>()
  for (const { contact_id, ...client } of rows)
    linked.set(contact_id, [...(linked.get(contact_id) ?? []), { ...client, phone: phoneOf(client.phone) }])
  return linked
}

export const contactChangeSchema = z
  .object({
    id,
    at: time,
    actor: z.object({ kind: z.string(), id: id.nullable(), name: z.string().nullable() }),
    type: z.string().describe('created, imported, changed, linked, disconnected, merged, mergedInto, mergeUndone'),
    detail: z
      .record(z.string(), z.unknown())
      .describe('What was added and removed, or what it was linked or merged with'),
  })
  .meta({ id: 'ContactChange' })
export type ContactChangeView = z.infer<typeof contactChangeSchema>

/** Newest first. */
export async function loadChanges(
  db: Database,
  contactId: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<ContactChangeView>> {
  const before = query.cursor === undefined ? null : decodeCursor(z.uuid(), query.cursor)
  const { rows } = await sql<{
    id: string
    at: Date
    actor_kind: string
    actor_id: string | null
    actor_name: string | null
    kind: string
    detail: JsonObject
  }>`
    SELECT h.id, h.at, h.actor_kind, h.actor_id, u.name AS actor_name, h.kind, h.detail
      FROM contact_change h LEFT JOIN user_account u ON u.id = h.actor_id
     WHERE h.contact_id = ${contactId} AND (${before}::uuid IS NULL OR h.id < ${before})
     ORDER BY h.id DESC LIMIT ${query.limit + 1}`.execute(db)
  const page = rows.slice(0, query.limit)
  const last = page.at(-1)
  return {
    items: page.map((row) => ({
      id: row.id,
      at: iso(row.at),
      actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
      type: row.kind,
      detail: row.detail,
    })),
    next: rows.length > query.limit && last !== undefined ? encodeCursor(last.id) : null,
  }
}

const SAME = ['phone', 'email', 'name'] as const

const suggestionSchema = z
  .object({ contact: contactSchema, reasons: z.array(z.enum(SAME)).describe('What is the same') })
  .meta({ id: 'ContactSuggestion' })
export const suggestionsSchema = z.object({ items: z.array(suggestionSchema), next: z.null() })

/** The contacts that were found, each with what is the same; in the order in which they were found. */
export async function suggestionsOf(
  db: Database,
  found: readonly { readonly contactId: string; readonly reasons: readonly (typeof SAME)[number][] }[],
): Promise<z.infer<typeof suggestionsSchema>> {
  const contacts = await loadContacts(
    db,
    found.map((match) => match.contactId),
  )
  const items = contacts.map((contact) => ({
    contact,
    reasons: [...(found.find((match) => match.contactId === contact.id)?.reasons ?? [])],
  }))
  return { items, next: null }
}

export const contactMergeSchema = z
  .object({
    id,
    contactId: id.describe('The contact that was merged into this one'),
    name: z.string().nullable(),
    at: time,
    byName: z.string().nullable(),
  })
  .meta({ id: 'ContactMerge' })

/** Those that can be undone, newest first. */
export async function loadMerges(db: Database, contactId: string): Promise<z.infer<typeof contactMergeSchema>[]> {
  const { rows } = await sql<{ id: string; merged_id: string; name: string | null; at: Date; by_name: string | null }>`
    SELECT m.id, m.merged_id, c.name, m.at, u.name AS by_name
      FROM contact_merge m JOIN contact c ON c.id = m.merged_id LEFT JOIN user_account u ON u.id = m.by_user
     WHERE m.survivor_id = ${contactId} AND m.undone_at IS NULL AND c.deleted_at IS NULL
     ORDER BY m.at DESC, m.id DESC`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    contactId: row.merged_id,
    name: row.name,
    at: iso(row.at),
    byName: row.by_name,
  }))
}
