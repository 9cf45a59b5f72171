// Two contacts that are one person are merged into the first; until the first is removed, that can be undone. The other
// one stays in the database as it was: the undo brings it back, gives it its clients again where they are still with the
// first, and takes from the first what the merge had copied. Sessions keep their address through all of it.
import { sql } from 'kysely'
import { later } from '../db/database.ts'
import { newId } from '../ids.ts'
import type { Actor } from '../sessions/actor.ts'
import { type Ctx, transact } from '../sessions/context.ts'
import { date } from '../sessions/write.ts'
import { addValues, clientsOf, loadValues, lockContacts, recordChange, settleContact, tellSessions } from './store.ts'

export type Merged =
  | { readonly is: 'merged'; readonly mergeId: string; readonly contactId: string }
  | { readonly is: 'not-found' }
  | { readonly is: 'other-not-found' }
  | { readonly is: 'same' }

export function mergeContacts(ctx: Ctx, by: Actor, contactId: string, otherId: string): Promise<Merged> {
  return transact(ctx, async (trx, after): Promise<Merged> => {
    const contacts = await lockContacts(trx, [contactId, otherId])
    const first = contacts.get(contactId)
    const other = contacts.get(otherId)
    if (first === undefined) return { is: 'not-found' }
    if (other === undefined) return { is: 'other-not-found' }
    if (first.id === other.id) return { is: 'same' }
    const at = ctx.clock.now()
    const mergeId = newId()
    const own = await loadValues(trx, first.id)
    const theirs = await loadValues(trx, other.id)
    const has = new Set(own.map((value) => `${value.kind} ${value.fieldId} ${value.key}`))
    const copied = theirs.filter((value) => !has.has(`${value.kind} ${value.fieldId} ${value.key}`))
    const moved = await clientsOf(trx, other.id)
    const position = Math.max(-1, ...own.map((value) => value.position)) + 1
    await addValues(trx, first.id, copied, { position, mergeId })
    await later(trx, sql`UPDATE client SET contact_id = ${first.id} WHERE contact_id = ${other.id}`)
    await later(
      trx,
      trx
        .updateTable('contact')
        .set({ merged_into: first.id, rev: other.rev + 1, updated_at: date(at) })
        .where('id', '=', other.id),
    )
    await later(
      trx,
      sql`INSERT INTO contact_merge (id, survivor_id, merged_id, client_ids, at, by_user)
          VALUES (${mergeId}, ${first.id}, ${other.id}, ${moved}::uuid[], ${date(at)}, ${by.rights.userId})`,
    )
    await recordChange(trx, first.id, 'merged', by, at, { mergeId, contactId: other.id, clients: moved.length })
    await recordChange(trx, other.id, 'mergedInto', by, at, { mergeId, contactId: first.id })
    await settleContact(trx, after, first, by, at, { change: 'merged', clientIds: moved })
    return { is: 'merged', mergeId, contactId: first.id }
  })
}

export type Undone = { readonly is: 'undone'; readonly contactId: string } | { readonly is: 'not-found' }

/** Back to two. A merge that was undone already, or whose survivor was merged on, is not one that can be. */
export function undoMerge(ctx: Ctx, by: Actor, contactId: string, mergeId: string): Promise<Undone> {
  return transact(ctx, async (trx, after): Promise<Undone> => {
    const survivor = (await lockContacts(trx, [contactId])).get(contactId)
    if (survivor === undefined) return { is: 'not-found' }
    const { rows } = await sql<{ merged_id: string; client_ids: string[] }>`
      SELECT merged_id, client_ids::text[] FROM contact_merge
       WHERE id = ${mergeId} AND survivor_id = ${survivor.id} AND undone_at IS NULL FOR UPDATE`.execute(trx)
    const merge = rows[0]
    if (merge === undefined) return { is: 'not-found' }
    const at = ctx.clock.now()
    const { rows: others } = await sql<{ id: string; rev: number }>`
      SELECT id, rev FROM contact WHERE id = ${merge.merged_id} FOR UPDATE`.execute(trx)
    const other = others[0]
    if (other === undefined) return { is: 'not-found' }
    const still = new Set(await clientsOf(trx, survivor.id))
    const back = merge.client_ids.filter((id) => still.has(id))
    await later(
      trx,
      trx.deleteFrom('contact_value').where('contact_id', '=', survivor.id).where('merge_id', '=', mergeId),
    )
    await later(trx, sql`UPDATE contact SET merged_into = NULL WHERE id = ${other.id}`)
    await later(trx, sql`UPDATE client SET contact_id = ${other.id} WHERE id = ANY (${back}::uuid[])`)
    await later(
      trx,
      sql`UPDATE contact_merge SET undone_at = ${date(at)}, undone_by = ${by.rights.userId} WHERE id = ${mergeId}`,
    )
    await recordChange(trx, survivor.id, 'mergeUndone', by, at, { mergeId, contactId: other.id, clients: back.length })
    await recordChange(trx, other.id, 'mergeUndone', by, at, { mergeId, contactId: survivor.id })
    await settleContact(trx, after, survivor, by, at, { change: 'mergeUndone' })
    await settleContact(trx, after, other, by, at, { change: 'mergeUndone', clientIds: [] })
    await tellSessions(trx, after, back, by, at, { change: 'mergeUndone', contactId: other.id })
    return { is: 'undone', contactId: other.id }
  })
}
