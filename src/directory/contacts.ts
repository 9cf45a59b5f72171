// Contacts are made, changed and removed; each in one transaction that leaves its trace.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { type ContactValue, displayName, keyOf, searchKey, sortKey } from '../domain/contact.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from '../sessions/actor.ts'
import { type Ctx, transact } from '../sessions/context.ts'
import { date } from '../sessions/write.ts'
import {
  addValues,
  clientsOf,
  loadValues,
  lockContacts,
  recordChange,
  type StoredValue,
  settleContact,
  tellSessions,
} from './store.ts'
import { type ValueList, valuesOf } from './values.ts'

const NOBODY_YET = { names: [], phones: [], bsuids: [] }

const told = (value: ContactValue): JsonObject => ({ kind: value.kind, fieldId: value.fieldId, value: value.value })

export function createContact(ctx: Ctx, by: Actor, lists: readonly ValueList[]): Promise<string> {
  return transact(ctx, (trx) => insertContact(trx, by, valuesOf(lists), ctx.clock.now()))
}

export async function insertContact(
  trx: Trx,
  by: Actor,
  values: readonly ContactValue[],
  at: Instant,
  { id = newId(), kind = 'created' }: { readonly id?: string; readonly kind?: 'created' | 'imported' } = {},
): Promise<string> {
  await later(
    trx,
    trx.insertInto('contact').values({
      id,
      name: displayName(values),
      sort_key: sortKey(values),
      search_key: searchKey(values, NOBODY_YET),
      created_at: date(at),
      created_by: by.rights.userId,
      updated_at: date(at),
    }),
  )
  await addValues(
    trx,
    id,
    values.map((value) => ({ ...value, key: keyOf(value) })),
    { position: 0 },
  )
  await recordChange(trx, id, kind, by, at, { added: values.map(told) })
  return id
}

export type Changed = 'changed' | 'not-found' | { readonly newer: number }

/** With `rev`, only where nobody changed it meanwhile. */
export function changeContact(
  ctx: Ctx,
  by: Actor,
  contactId: string,
  lists: readonly ValueList[],
  rev: number | null,
): Promise<Changed> {
  return transact(ctx, async (trx, after) => {
    const contact = (await lockContacts(trx, [contactId])).get(contactId)
    if (contact === undefined) return 'not-found'
    if (rev !== null && rev !== contact.rev) return { newer: contact.rev }
    const at = ctx.clock.now()
    const known = await loadValues(trx, contact.id)
    const changes = lists.map((list) => difference(known, list))
    const added = changes.flatMap((change) => change.added)
    const removed = changes.flatMap((change) => change.removed)
    if (added.length + removed.length + changes.flatMap((change) => change.moved).length === 0) return 'changed'
    if (removed.length > 0)
      await later(
        trx,
        trx.deleteFrom('contact_value').where(
          'id',
          'in',
          removed.map((value) => value.id),
        ),
      )
    for (const { value, position } of changes.flatMap((change) => change.moved))
      await later(trx, trx.updateTable('contact_value').set({ position }).where('id', '=', value.id))
    for (const { value, position } of added)
      await addValues(trx, contact.id, [{ ...value, key: keyOf(value) }], { position })
    await recordChange(trx, contact.id, 'changed', by, at, {
      added: added.map(({ value }) => told(value)),
      removed: removed.map(told),
    })
    await settleContact(trx, after, contact, by, at, { change: 'changed' })
    return 'changed'
  })
}

/** What stays keeps its row, and with it where it came from. */
function difference(known: readonly StoredValue[], list: ValueList) {
  const before = known.filter((value) => value.kind === list.kind && value.fieldId === list.fieldId)
  const added: { value: ContactValue; position: number }[] = []
  const moved: { value: StoredValue; position: number }[] = []
  const kept = new Set<string>()
  for (const [position, text] of list.values.entries()) {
    const same = before.find((value) => value.value === text)
    if (same === undefined) {
      added.push({ value: { kind: list.kind, fieldId: list.fieldId, value: text }, position })
      continue
    }
    kept.add(same.id)
    if (same.position !== position) moved.push({ value: same, position })
  }
  return { added, moved, removed: before.filter((value) => !kept.has(value.id)) }
}

/** "Remove from Contact Directory": its clients stay with their conversations, and nothing of the contact is kept. */
export function removeContact(ctx: Ctx, by: Actor, contactId: string): Promise<boolean> {
  return transact(ctx, async (trx, after) => {
    const contact = (await lockContacts(trx, [contactId])).get(contactId)
    if (contact === undefined) return false
    const at = ctx.clock.now()
    const clientIds = await clientsOf(trx, contact.id)
    // What was merged into it goes with it: it was this person, too.
    const { rows } = await sql<{ id: string }>`
      WITH RECURSIVE gone AS (
        SELECT id FROM contact WHERE id = ${contact.id}
        UNION ALL
        SELECT c.id FROM gone g JOIN contact c ON c.merged_into = g.id
      ) SELECT id FROM gone`.execute(trx)
    const ids = rows.map((row) => row.id)
    await later(trx, sql`UPDATE client SET contact_id = NULL WHERE contact_id = ${contact.id}`)
    await later(trx, trx.deleteFrom('contact_value').where('contact_id', 'in', ids))
    await later(trx, trx.deleteFrom('contact_tag').where('contact_id', 'in', ids))
    await later(trx, trx.updateTable('contact_change').set({ detail: '{}' }).where('contact_id', 'in', ids))
    await later(
      trx,
      trx
        .updateTable('contact')
        .set({ name: null, sort_key: '', search_key: '', deleted_at: date(at) })
        .where('id', 'in', ids),
    )
    await recordChange(trx, contact.id, 'removed', by, at, { clients: clientIds.length })
    await tellSessions(trx, after, clientIds, by, at, { change: 'removed', contactId: contact.id })
    return true
  })
}
