// Transfer, return and take over, decided on a real database: who has the session next, what becomes of an offer that
// nobody takes, and what is told of it.
import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { claimNext } from '../../../src/sessions/claim.ts'
import { signIn } from '../../support/people.ts'
import { text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

const CLIENT = '420777100200'
let world: World
beforeEach(async () => {
  world = await startWorld()
  await signIn(world)
  await world.deliver(text({ phone: CLIENT }, 'Hello'))
})
afterEach(() => world.close())

const toOmar = () => ({ target: { kind: 'operator' as const, operatorId: world.omar } })
const refusedBy = (code: string) => ({ ok: false, refusal: expect.objectContaining({ code }) })
const now = async () => world.session(CLIENT)
const offers = async () =>
  world.db
    .selectFrom('offer')
    .select(['no', 'operator_id', 'group_id', 'outcome'])
    .where('session_id', '=', (await now()).id)
    .orderBy('no')
    .execute()

async function anotherGroup(...members: string[]): Promise<string> {
  const id = v7()
  await world.db
    .insertInto('group_')
    .values({ id, name: `Group ${id}` })
    .execute()
  for (const user_id of members) await world.db.insertInto('group_member').values({ group_id: id, user_id }).execute()
  return id
}

async function setting(key: string, value: unknown): Promise<void> {
  await world.db
    .insertInto('setting')
    .values({ key, value: JSON.stringify(value) })
    .execute()
}

test('an active session goes to one operator: queued, offered to them alone, nobody may write, accepted by them', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  expect(await world.command(world.olga, id, 'transfer', { ...toOmar(), note: 'Speaks Czech only' })).toEqual({
    ok: true,
  })
  expect(await now()).toMatchObject({ phase: 'queued', operator_id: null, group_id: world.groupId })
  expect(await world.command(world.sara, id, 'accept')).toEqual(refusedBy('already-accepted'))
  expect(await world.command(world.olga, id, 'end', { lastSeq: 9 })).toEqual(refusedBy('not-found'))
  await world.accept(id, world.omar)
  expect(await now()).toMatchObject({ phase: 'active', operator_id: world.omar })
  expect((await offers()).map((offer) => [offer.operator_id, offer.outcome])).toEqual([
    [null, 'accepted'],
    [world.omar, 'accepted'],
  ])
  const [note] = await world.db.selectFrom('session_note').selectAll().execute()
  expect(note).toMatchObject({ text: 'Speaks Czech only', by_id: world.olga, to_operator_id: world.omar })
  const event = (await world.events(id)).find(({ kind }) => kind === 'transferred')
  expect(event?.evidence).toMatchObject({ fromOperatorId: world.olga, toOperatorId: world.omar, noteId: note?.id })
  expect(JSON.stringify(event)).not.toContain('Czech')
})

test('it goes to a group from the preview, before anybody has it; whoever is not of that group sees it no more', async () => {
  const { id } = await now()
  const group = await anotherGroup(world.omar)
  expect(await world.command(world.olga, id, 'transfer', { target: { kind: 'group', groupId: group } })).toEqual({
    ok: true,
  })
  expect(await now()).toMatchObject({ phase: 'queued', group_id: group })
  expect(await world.command(world.olga, id, 'accept')).toEqual(refusedBy('not-found'))
  await world.accept(id, world.omar)
})

test.each([true, false])('not accepted in time it goes where the setting says: back is %s', async (back) => {
  await setting('transferComesBack', back)
  const { id } = await world.inPhase(CLIENT, 'active')
  await world.command(world.olga, id, 'transfer', toOmar())
  world.clock.forward(59_000)
  await world.fire(id, 'offerUnanswered')
  expect((await now()).phase).toBe('queued')
  world.clock.forward(1_000)
  await world.fire(id, 'offerUnanswered')
  expect(await now()).toMatchObject(
    back ? { phase: 'active', operator_id: world.olga } : { phase: 'queued', operator_id: null },
  )
  expect((await offers()).at(-1)).toMatchObject(
    back
      ? { operator_id: world.omar, outcome: 'unanswered' }
      : { operator_id: null, group_id: world.groupId, outcome: null },
  )
  expect((await world.events(id)).at(-1)).toMatchObject({
    kind: 'offerUnanswered',
    evidence: { fromOperatorId: world.omar, ...(back ? { toOperatorId: world.olga } : { toGroupId: world.groupId }) },
  })
  // Accepted too late.
  expect(await world.command(world.omar, id, 'accept')).toEqual(back ? refusedBy('already-accepted') : { ok: true })
})

test('nobody is there to have it back: the group’s queue has it, with its own time', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  await world.command(world.olga, id, 'transfer', toOmar())
  await world.db.updateTable('presence').set({ state: 'offline' }).where('user_id', '=', world.olga).execute()
  world.clock.forward(60_000)
  await world.fire(id, 'offerUnanswered')
  expect(await now()).toMatchObject({ phase: 'queued', operator_id: null })
  world.clock.forward(300_000)
  await world.fire(id, 'offerOverdue')
  expect(await world.kinds(id)).toEqual(['started', 'accepted', 'transferred', 'offerUnanswered', 'offerOverdue'])
})

test('passed on unaccepted it still comes back to whoever had it last', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  await world.command(world.olga, id, 'transfer', toOmar())
  const onward = { target: { kind: 'operator' as const, operatorId: world.sara } }
  expect(await world.command(world.omar, id, 'transfer', onward)).toEqual({ ok: true })
  expect(await world.command(world.sara, id, 'return')).toEqual({ ok: true })
  expect(await now()).toMatchObject({ phase: 'active', operator_id: world.olga })
})

test('whoever is offered it may decline at once, and whoever has it may give it back to the queue', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  await world.command(world.olga, id, 'transfer', toOmar())
  expect(await world.command(world.omar, id, 'return')).toEqual({ ok: true })
  expect(await now()).toMatchObject({ phase: 'active', operator_id: world.olga })
  expect(await world.command(world.olga, id, 'return')).toEqual({ ok: true })
  expect(await now()).toMatchObject({ phase: 'queued', operator_id: null })
  expect(await world.command(world.olga, id, 'return')).toEqual(refusedBy('wrong-phase'))
})

test('a supervisor takes over what an operator left, without counting slots', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  await world.db.updateTable('user_account').set({ slots: 1 }).where('id', '=', world.sara).execute()
  await world.deliver(text({ phone: '420777100201' }, 'Somebody else'))
  await world.accept((await world.session('420777100201')).id, world.sara)
  expect(await world.command(world.omar, id, 'takeOver')).toEqual(refusedBy('not-found'))
  expect(await world.command(world.sara, id, 'takeOver')).toEqual({ ok: true })
  expect(await now()).toMatchObject({ phase: 'active', operator_id: world.sara })
  expect(await world.command(world.sara, id, 'takeOver')).toEqual(refusedBy('wrong-phase'))
})

test('a target that is unknown, has it already, or is not signed in is refused, and nothing is done', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  const give = (target: { kind: 'operator'; operatorId: string } | { kind: 'group'; groupId: string }) =>
    world.command(world.olga, id, 'transfer', { target, note: 'lost?' })
  expect(await give({ kind: 'operator', operatorId: v7() })).toEqual(refusedBy('wrong-target'))
  expect(await give({ kind: 'group', groupId: v7() })).toEqual(refusedBy('wrong-target'))
  expect(await give({ kind: 'operator', operatorId: world.olga })).toEqual(refusedBy('wrong-target'))
  expect(await give({ kind: 'group', groupId: await anotherGroup() })).toEqual(refusedBy('nobody-available'))
  await world.db
    .updateTable('presence')
    .set({ lease_until: new Date(0) })
    .where('user_id', '=', world.omar)
    .execute()
  expect(await give({ kind: 'operator', operatorId: world.omar })).toEqual(refusedBy('nobody-available'))
  expect(await now()).toMatchObject({ phase: 'active', operator_id: world.olga })
  expect(await world.db.selectFrom('session_note').selectAll().execute()).toEqual([])
})

test('the client writes on meanwhile, and what was sent before leaves under its sender’s name', async () => {
  const { id } = await world.inPhase(CLIENT, 'active')
  const sent = await world.sends(id, 'pending')
  await world.command(world.olga, id, 'transfer', toOmar())
  await world.deliver(text({ phone: CLIENT }, 'Still there?'))
  expect(await claimNext(world.ctx, id)).toMatchObject({ claim: 'post', claimed: { attemptId: sent.id } })
  const messages = await world.messages(id)
  expect(messages.find((message) => message.id === sent.messageId)?.author_id).toBe(world.olga)
  expect(await now()).toMatchObject({ phase: 'queued', unread: 2 })
})
