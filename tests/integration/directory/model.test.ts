// The directory beside a model of it: random lives of a few contacts and clients, one step after the other and then many at
// once. Whatever happens, a client belongs to a contact that is there or to none, everybody is found by what they are
// called, and no session's address has moved. A failure prints the seed that repeats it: DIRECTORY_SEED=… .
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findContacts } from '../../../src/db/queries/contacts.ts'
import { changeContact, insertContact, removeContact } from '../../../src/directory/contacts.ts'
import { linkClient } from '../../../src/directory/links.ts'
import { mergeContacts, undoMerge } from '../../../src/directory/merge.ts'
import { type Actor, loadRights } from '../../../src/sessions/actor.ts'
import { transact } from '../../../src/sessions/context.ts'
import * as meta from '../../support/webhooks.ts'
import { startWorld } from '../../support/world.ts'

const FIRST_SEED = Number(process.env.DIRECTORY_SEED ?? Math.floor(Math.random() * 1e9))
const LIVES = 25
const STEPS = 40
const ROUNDS = 50
const CLIENTS = 4

let world: Awaited<ReturnType<typeof startWorld>>
let by: Actor
const clients: string[] = []
let addresses = ''
beforeAll(async () => {
  world = await startWorld()
  const rights = await loadRights(world.db, world.olga)
  if (rights === null) throw new Error('no rights')
  by = { kind: 'operator', rights }
  for (let n = 0; n < CLIENTS; n++) {
    const phone = `42077799900${n}`
    await world.deliver(meta.text({ phone }, 'Hello'))
    clients.push((await world.client(phone)).id)
  }
  addresses = await destinations()
})
afterAll(() => world?.close())

function draws(seed: number): (most: number) => number {
  let state = seed >>> 0
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

async function destinations(): Promise<string> {
  const rows = await world.db
    .selectFrom('session')
    .select(['id', 'destination_kind', 'destination'])
    .orderBy('id')
    .execute()
  return JSON.stringify(rows)
}

const add = (name: string): Promise<string> =>
  transact(world.ctx, (trx) =>
    insertContact(trx, by, [{ kind: 'name', fieldId: null, value: name }], world.clock.now()),
  )

async function linkedTo(): Promise<ReadonlyMap<string, string | null>> {
  const rows = await world.db.selectFrom('client').select(['id', 'contact_id']).execute()
  return new Map(rows.map((row) => [row.id, row.contact_id]))
}

async function holds(): Promise<void> {
  const { rows: astray } = await sql`
    SELECT c.id FROM client c LEFT JOIN contact k ON k.id = c.contact_id
     WHERE c.contact_id IS NOT NULL AND (k.id IS NULL OR k.merged_into IS NOT NULL OR k.deleted_at IS NOT NULL)`.execute(
    world.db,
  )
  expect(astray).toEqual([])
  const { rows: misnamed } = await sql`
    SELECT k.id FROM contact k WHERE k.merged_into IS NULL AND k.deleted_at IS NULL AND k.name IS DISTINCT FROM
      (SELECT v.value FROM contact_value v WHERE v.contact_id = k.id AND v.kind = 'name' ORDER BY v.position, v.id LIMIT 1)`.execute(
    world.db,
  )
  expect(misnamed).toEqual([])
  expect(await destinations()).toBe(addresses)
}

/** Who is which contact, and what each is called; contacts of a merge stand where they were, for the undo. */
interface Model {
  names: Map<string, string[]>
  links: Map<string, string | null>
  merges: { id: string; into: string; other: string; otherNames: string[]; moved: string[]; copied: string[] }[]
}

test(`${LIVES} random lives of ${STEPS} steps go as the model says`, async () => {
  for (let life = 0; life < LIVES; life++) {
    const seed = FIRST_SEED + life
    try {
      await live(draws(seed), seed)
    } catch (error) {
      throw new Error(`DIRECTORY_SEED=${seed} repeats it`, { cause: error })
    }
  }
}, 120_000)

async function live(draw: (most: number) => number, seed: number): Promise<void> {
  await world.db.updateTable('client').set({ contact_id: null }).execute()
  const model: Model = { names: new Map(), links: new Map(clients.map((id) => [id, null])), merges: [] }
  const some = (): string | null => [...model.names.keys()][draw(model.names.size)] ?? null
  for (let step = 0; step < STEPS; step++) {
    const name = `Name ${seed} ${step}`
    switch (draw(7)) {
      case 0:
      case 1: {
        model.names.set(await add(name), [name])
        break
      }
      case 2: {
        const client = clients[draw(CLIENTS)] as string
        const contact = draw(4) === 0 ? null : some()
        await linkClient(world.ctx, by, client, contact)
        model.links.set(client, contact)
        break
      }
      case 3: {
        const contact = some()
        if (contact === null) break
        const list = { kind: 'name', fieldId: null, values: [name, ...(model.names.get(contact) ?? [])] } as const
        expect(await changeContact(world.ctx, by, contact, [list], null)).toBe('changed')
        model.names.set(contact, [...list.values])
        break
      }
      case 4: {
        const [into, other] = [some(), some()]
        if (into === null || other === null) break
        const done = await mergeContacts(world.ctx, by, into, other)
        if (into === other) {
          expect(done.is).toBe('same')
          break
        }
        if (done.is !== 'merged') throw new Error(done.is)
        const otherNames = model.names.get(other) ?? []
        const own = model.names.get(into) ?? []
        const copied = otherNames.filter((one) => !own.includes(one))
        const moved = clients.filter((client) => model.links.get(client) === other)
        model.merges.push({ id: done.mergeId, into, other, otherNames, moved, copied })
        model.names.set(into, [...own, ...copied])
        model.names.delete(other)
        for (const client of moved) model.links.set(client, into)
        break
      }
      case 5: {
        const merge = model.merges[draw(model.merges.length)]
        if (merge === undefined) break
        const undone = await undoMerge(world.ctx, by, merge.into, merge.id)
        if (!model.names.has(merge.into)) {
          expect(undone.is).toBe('not-found')
          break
        }
        expect(undone).toEqual({ is: 'undone', contactId: merge.other })
        model.merges = model.merges.filter((one) => one !== merge)
        const left = (model.names.get(merge.into) ?? []).filter((one) => !merge.copied.includes(one))
        model.names.set(merge.into, left)
        model.names.set(merge.other, merge.otherNames)
        for (const client of merge.moved)
          if (model.links.get(client) === merge.into) model.links.set(client, merge.other)
        break
      }
      case 6: {
        const contact = draw(3) === 0 ? some() : null
        if (contact === null) break
        expect(await removeContact(world.ctx, by, contact)).toBe(true)
        model.names.delete(contact)
        for (const [client, of] of model.links) if (of === contact) model.links.set(client, null)
        // With it goes what was merged into it, and into that.
        const gone = new Set([contact])
        for (const merge of [...model.merges].reverse()) if (gone.has(merge.into)) gone.add(merge.other)
        model.merges = model.merges.filter((merge) => !gone.has(merge.into))
        break
      }
    }
  }
  const links = await linkedTo()
  for (const [client, contact] of model.links) expect(links.get(client)).toBe(contact)
  for (const [contact, names] of model.names) {
    const rows = await world.db
      .selectFrom('contact_value')
      .select('value')
      .where('contact_id', '=', contact)
      .orderBy('position')
      .execute()
    expect(rows.map((row) => row.value).sort()).toEqual([...names].sort())
    for (const name of names) expect((await findContacts(world.db, { q: name, limit: 500 })).ids).toContain(contact)
  }
  await holds()
}

test(`${ROUNDS} times link, merge, undo, change and removal of the same few come at once: nobody is left astray`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = FIRST_SEED + round
    const draw = draws(seed)
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => add(`${name} ${seed}`)))
    if (a === undefined || b === undefined || c === undefined) throw new Error('no contacts')
    const first = await mergeContacts(world.ctx, by, a, c)
    const mergeId = first.is === 'merged' ? first.mergeId : ''
    const all = [
      () => linkClient(world.ctx, by, clients[0] as string, a),
      () => linkClient(world.ctx, by, clients[1] as string, b),
      () => mergeContacts(world.ctx, by, b, a),
      () => undoMerge(world.ctx, by, a, mergeId),
      () => changeContact(world.ctx, by, c, [{ kind: 'name', fieldId: null, values: [`changed ${seed}`] }], null),
      () => linkClient(world.ctx, by, clients[2] as string, c),
      () => removeContact(world.ctx, by, b),
    ]
    const order = all.map((run) => ({ run, at: draw(1000) })).sort((x, y) => x.at - y.at)
    try {
      await Promise.all(order.map(({ run }) => run()))
      await holds()
    } catch (error) {
      throw new Error(`DIRECTORY_SEED=${seed} begins with it`, { cause: error })
    }
  }
}, 120_000)
