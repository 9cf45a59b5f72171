// A client is linked to a contact, or no longer. Several clients, each of a number of its own, may belong to one contact;
// their conversations, windows and addresses stay each their own.
import { sql } from 'kysely'
import type { Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import type { ContactValue } from '../domain/contact.ts'
import type { Actor } from '../sessions/actor.ts'
import { type Ctx, transact } from '../sessions/context.ts'
import { insertContact } from './contacts.ts'
import { lockContacts, recordChange, settleContact, tellSessions } from './store.ts'
import { type ValueList, valuesOf } from './values.ts'

export type Linked =
  | { readonly is: 'linked'; readonly contactId: string | null }
  | { readonly is: 'no-client' }
  | { readonly is: 'no-contact' }

/** The client as one channel knows them now, whichever id was asked for. */
async function becameClient(trx: Trx, clientId: string): Promise<{ id: string; contact_id: string | null } | null> {
  const { rows } = await sql<{ id: string; contact_id: string | null }>`
    WITH RECURSIVE path AS (
      SELECT id, joined_into, contact_id FROM client WHERE id = ${clientId}
      UNION ALL
      SELECT c.id, c.joined_into, c.contact_id FROM path p JOIN client c ON c.id = p.joined_into
    ) SELECT id, contact_id FROM path WHERE joined_into IS NULL`.execute(trx)
  return rows[0] ?? null
}

/** To the contact, or with null to none. */
export function linkClient(ctx: Ctx, by: Actor, clientId: string, contactId: string | null): Promise<Linked> {
  return link(ctx, by, clientId, () => Promise.resolve(contactId))
}

/** "Add Contact": a new one, with what is told of it, and linked in the same step. */
export function addContactOf(ctx: Ctx, by: Actor, clientId: string, lists: readonly ValueList[]): Promise<Linked> {
  const values: readonly ContactValue[] = valuesOf(lists)
  return link(ctx, by, clientId, (trx) => insertContact(trx, by, values, ctx.clock.now()))
}

function link(ctx: Ctx, by: Actor, clientId: string, target: (trx: Trx) => Promise<string | null>): Promise<Linked> {
  return transact(ctx, async (trx, after): Promise<Linked> => {
    const client = await becameClient(trx, clientId)
    if (client === null) return { is: 'no-client' }
    const to = await target(trx)
    const from = client.contact_id
    const contacts = await lockContacts(
      trx,
      [to, from].filter((id) => id !== null),
    )
    const next = to === null ? null : contacts.get(to)
    if (next === undefined) return { is: 'no-contact' }
    const { rows } = await sql<{ contact_id: string | null; joined_into: string | null }>`
      SELECT contact_id, joined_into FROM client WHERE id = ${client.id} FOR UPDATE`.execute(trx)
    const now = rows[0]
    // Somebody else linked it, or it was joined, while this waited for the locks.
    if (now === undefined || now.joined_into !== null || now.contact_id !== from) throw new Repeat()
    if (from === (next?.id ?? null)) return { is: 'linked', contactId: from }
    const at = ctx.clock.now()
    await sql`UPDATE client SET contact_id = ${next?.id ?? null} WHERE id = ${client.id}`.execute(trx)
    const before = from === null ? undefined : contacts.get(from)
    if (before !== undefined) {
      await recordChange(trx, before.id, 'disconnected', by, at, { clientId: client.id })
      await settleContact(trx, after, before, by, at, { change: 'disconnected', clientIds: [] })
    }
    if (next !== null) {
      await recordChange(trx, next.id, 'linked', by, at, { clientId: client.id })
      await settleContact(trx, after, next, by, at, { change: 'linked', clientIds: [client.id] })
    } else await tellSessions(trx, after, [client.id], by, at, { change: 'disconnected', contactId: from })
    return { is: 'linked', contactId: next?.id ?? null }
  })
}
