// What every change of the directory is made of. Locks: contacts in the order of their ids, then clients, then sessions;
// ingest locks no contact, so that nothing it does can wait for one. A contact's name stands wherever its clients stand,
// so each client's session on the screens is changed with it, by the usual path: its rev, its evidence, its frame.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import { type ContactValue, displayName, type KnownAs, searchKey, sortKey } from '../domain/contact.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from '../sessions/actor.ts'
import type { Aftermath } from '../sessions/context.ts'
import { date, recordEvent, updateSession } from '../sessions/write.ts'

export interface LockedContact {
  readonly id: string
  readonly rev: number
}

export interface StoredValue extends ContactValue {
  readonly id: string
  readonly key: string
  readonly position: number
  readonly mergeId: string | null
}

/** A contact that was merged is the one it became. Null where there is none, or it was removed. */
export async function becameOf(trx: Trx, contactId: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE path AS (
      SELECT id, merged_into, deleted_at FROM contact WHERE id = ${contactId}
      UNION ALL
      SELECT c.id, c.merged_into, c.deleted_at FROM path p JOIN contact c ON c.id = p.merged_into
    ) SELECT id FROM path WHERE merged_into IS NULL AND deleted_at IS NULL`.execute(trx)
  return rows[0]?.id ?? null
}

/** Each as the contact it has become, by the id that was asked for; absent where there is none. */
export async function lockContacts(trx: Trx, asked: readonly string[]): Promise<ReadonlyMap<string, LockedContact>> {
  const became = new Map<string, string>()
  for (const contactId of asked) {
    const id = await becameOf(trx, contactId)
    if (id !== null) became.set(contactId, id)
  }
  const ids = [...new Set(became.values())].sort()
  const locked = new Map<string, LockedContact>()
  for (const id of ids) {
    const { rows } = await sql<LockedContact & { merged_into: string | null; deleted_at: Date | null }>`
      SELECT id, rev, merged_into, deleted_at FROM contact WHERE id = ${id} FOR UPDATE`.execute(trx)
    const row = rows[0]
    // Merged or removed while this waited.
    if (row === undefined || row.merged_into !== null || row.deleted_at !== null) throw new Repeat()
    locked.set(id, { id: row.id, rev: row.rev })
  }
  return new Map([...became].map(([contactId, id]) => [contactId, locked.get(id) as LockedContact]))
}

export async function loadValues(trx: Trx, contactId: string): Promise<readonly StoredValue[]> {
  const { rows } = await sql<StoredValue>`
    SELECT v.id, v.kind, v.field_id AS "fieldId", v.value, v.key, v.position, v.merge_id AS "mergeId"
      FROM contact_value v LEFT JOIN contact_field f ON f.id = v.field_id
     WHERE v.contact_id = ${contactId}
     ORDER BY array_position(ARRAY['name', 'phone', 'email', 'field'], v.kind), f.position, v.position, v.id`.execute(
    trx,
  )
  return rows
}

/** Clients that are linked now, locked; those that were joined with another are told by that one. */
export async function clientsOf(trx: Trx, contactId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM client WHERE contact_id = ${contactId} AND joined_into IS NULL ORDER BY id FOR UPDATE`.execute(trx)
  return rows.map((row) => row.id)
}

async function knownAs(trx: Trx, contactId: string): Promise<KnownAs> {
  const { rows } = await sql<{ name: string | null; phones: string[] | null; bsuids: string[] | null }>`
    SELECT c.name, array_agg(a.value) FILTER (WHERE a.kind = 'phone') AS phones,
           array_agg(a.value) FILTER (WHERE a.kind = 'bsuid') AS bsuids
      FROM client c LEFT JOIN client_alias a ON a.client_id = c.id
     WHERE c.contact_id = ${contactId} AND c.joined_into IS NULL GROUP BY c.id`.execute(trx)
  return {
    names: rows.flatMap((row) => row.name ?? []),
    phones: rows.flatMap((row) => row.phones ?? []),
    bsuids: rows.flatMap((row) => row.bsuids ?? []),
  }
}

/** Brings the contact's own row up to what its values and clients are now, and tells the sessions that show it. */
export async function settleContact(
  trx: Trx,
  after: Aftermath,
  contact: LockedContact,
  by: Actor,
  at: Instant,
  tell: { readonly clientIds?: readonly string[]; readonly change: string },
): Promise<void> {
  const values = await loadValues(trx, contact.id)
  await later(
    trx,
    trx
      .updateTable('contact')
      .set({
        rev: contact.rev + 1,
        name: displayName(values),
        sort_key: sortKey(values),
        search_key: searchKey(values, await knownAs(trx, contact.id)),
        updated_at: date(at),
      })
      .where('id', '=', contact.id),
  )
  const clientIds = tell.clientIds ?? (await clientsOf(trx, contact.id))
  await tellSessions(trx, after, clientIds, by, at, { change: tell.change, contactId: contact.id })
}

/** The session that a screen shows of each client: the open one, else the newest. Where it goes to is left alone. */
export async function tellSessions(
  trx: Trx,
  after: Aftermath,
  clientIds: readonly string[],
  by: Actor,
  at: Instant,
  evidence: JsonObject,
): Promise<void> {
  for (const clientId of [...new Set(clientIds)].sort()) {
    await sql`SELECT 1 FROM client WHERE id = ${clientId} FOR UPDATE`.execute(trx)
    const { rows } = await sql<{ id: string; rev: number }>`
      SELECT id, rev FROM session WHERE client_id = ${clientId} ORDER BY ended_at DESC LIMIT 1`.execute(trx)
    const session = rows[0]
    if (session === undefined) continue
    const rev = await updateSession(trx, after, session, {})
    const actor = { kind: by.kind, id: by.rights.userId }
    await recordEvent(trx, session.id, { rev, at, actor, kind: 'contact', evidence: { ...evidence, clientId } })
  }
}

export async function addValues(
  trx: Trx,
  contactId: string,
  values: readonly (ContactValue & { readonly key: string })[],
  from: { readonly position: number; readonly mergeId?: string },
): Promise<void> {
  if (values.length === 0) return
  await later(
    trx,
    trx
      .insertInto('contact_value')
      .values(
        values.map((value, n) => ({
          id: newId(),
          contact_id: contactId,
          kind: value.kind,
          field_id: value.fieldId,
          value: value.value,
          key: value.key,
          position: from.position + n,
          merge_id: from.mergeId ?? null,
        })),
      )
      .onConflict((conflict) => conflict.doNothing()),
  )
}

export async function recordChange(
  trx: Trx,
  contactId: string,
  kind: string,
  by: Actor,
  at: Instant,
  detail: JsonObject,
): Promise<void> {
  await later(
    trx,
    trx.insertInto('contact_change').values({
      id: newId(),
      contact_id: contactId,
      at: date(at),
      actor_kind: by.kind,
      actor_id: by.rights.userId,
      kind,
      detail: JSON.stringify(detail),
    }),
  )
}
