// Who is who: aliases are learned, clients are joined or told apart, and nobody inherits a stranger's conversation.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bytes, newWamid, numberChange, text, webhook } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

let world: World
let n = 0
let P: string
let Q: string
let A: string
let B: string
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  n++
  P = `4207771${1000 + n}`
  Q = `4207772${1000 + n}`
  A = `CZ.A${n}`
  B = `CZ.B${n}`
})

const idOf = async (alias: string) => (await world.client(alias)).id
const openSessions = async () =>
  (await world.db.selectFrom('session').select('client_id').where('ended_at', 'is', null).execute()).map(
    (s) => s.client_id,
  )

test('a client known by phone learns the BSUID, and one known by BSUID the phone', async () => {
  await world.deliver(text({ phone: P }, 'a'))
  await world.deliver(text({ phone: P, bsuid: A }, 'b'))
  await world.deliver(text({ bsuid: A }, 'c'))
  expect((await world.messages((await world.session(P)).id)).map((m) => m.text)).toEqual(['a', 'b', 'c'])
  await world.deliver(text({ bsuid: B }, 'a'))
  await world.deliver(text({ bsuid: B, phone: Q }, 'b'))
  expect(await world.aliases(await idOf(B))).toEqual([`bsuid ${B}`, `phone ${Q}`])
})

test('a client without phone and without profile has a session, and answers go to the BSUID', async () => {
  await world.deliver(text({ bsuid: A, name: null }, 'a'))
  expect(await world.session(A)).toMatchObject({ destination_kind: 'bsuid', destination: A })
  expect((await world.client(A)).name).toBeNull()
})

test('a session answers to whom its first message named, not to an older number of theirs', async () => {
  await world.deliver(text({ phone: P, bsuid: A }, 'a'))
  await world.inPhase(A, 'ended')
  world.clock.forward(1_000)
  await world.deliver(text({ phone: Q, bsuid: A }, 'b'))
  expect((await world.session(A)).destination).toBe(Q)
  await world.inPhase(A, 'ended')
  world.clock.forward(1_000)
  await world.deliver(text({ bsuid: A }, 'c'))
  expect(await world.session(A)).toMatchObject({ destination_kind: 'bsuid', destination: A })
})

test('two clients that prove to be one are joined: without sessions to choose from the older one stays', async () => {
  await world.deliver(text({ phone: P }, 'a'))
  await world.inPhase(P, 'ended')
  const older = await idOf(P)
  world.clock.forward(1_000)
  await world.deliver(text({ bsuid: A }, 'b'))
  const newer = await idOf(A)
  await world.inPhase(A, 'ended')
  world.clock.forward(1_000)
  await world.deliver(text({ phone: P, bsuid: A }, 'c'))
  expect([await idOf(P), await idOf(A)]).toEqual([older, older])
  const joined = await world.db
    .selectFrom('client')
    .select('joined_into')
    .where('id', '=', newer)
    .executeTakeFirstOrThrow()
  expect(joined.joined_into).toBe(older)
  const history = await world.db.selectFrom('client_alias_history').selectAll().where('client_id', '=', newer).execute()
  expect(history).toMatchObject([{ kind: 'bsuid', value: A, reason: 'joined' }])
  expect((await world.messages((await world.session(P)).id)).map((m) => m.text)).toEqual(['c'])
})

test.each([
  ['the older one', 'P'],
  ['the newer one', 'A'],
])('with open sessions on both sides, the one that %s’s operator has goes on', async (_who, served) => {
  await world.deliver(text({ phone: P }, 'a'))
  const first = await world.session(P)
  world.clock.forward(1_000)
  await world.deliver(text({ bsuid: A }, 'b'))
  const second = await world.session(A)
  const [kept, joined] = served === 'P' ? [first, second] : [second, first]
  await world.accept(kept.id)
  await world.answerBells()
  await world.deliver(text({ phone: P, bsuid: A }, 'c'))
  expect(await world.readSession(joined.id)).toMatchObject({ phase: 'ended', end_reason: 'joined', next_id: kept.id })
  expect(await world.readSession(kept.id)).toMatchObject({ phase: 'active', unread: 3, operator_id: world.olga })
  expect((await world.messages(kept.id)).map((m) => m.text).at(-1)).toBe('c')
  expect(await world.messages(joined.id)).toHaveLength(1)
  expect((await openSessions()).filter((id) => id === kept.client_id)).toHaveLength(1)
  expect((await world.outbox()).map((row) => row.session_id)).toEqual(expect.arrayContaining([joined.id]))
})

test('a client who waits on one side is not joined into a wrap-up that ends without an answer', async () => {
  await world.deliver(text({ phone: P }, 'a'))
  const wrapUp = await world.inPhase(P, 'wrapUp')
  world.clock.forward(1_000)
  await world.deliver(text({ bsuid: A }, 'please answer'))
  // What ties them together is no message of the client.
  await world.deliver(numberChange({ phone: P }, { phone: P, bsuid: A }))
  expect(await world.readSession(wrapUp.id)).toMatchObject({ phase: 'active', unread: 2, wrap_up_at: null })
})

test('a recycled number moves to whom has it now, and brings nothing of the old conversation', async () => {
  await world.deliver(text({ phone: P, bsuid: A }, 'secret'))
  const old = await world.inPhase(A, 'active')
  await world.deliver(text({ phone: P, bsuid: B }, 'stranger'))
  expect(await idOf(P)).toBe(await idOf(B))
  expect(await world.aliases(await idOf(A))).toEqual([`bsuid ${A}`])
  expect((await world.messages(old.id)).map((m) => m.text)).toEqual(['secret'])
  expect((await world.messages((await world.session(B)).id)).map((m) => m.text)).toEqual(['stranger'])
  // What still waits for the first one must not reach the stranger.
  await expect(world.sends(old.id, 'accepted')).rejects.toThrow('not claimed: refused')
})

test.each([
  ['with user ids', true],
  ['without user ids', false],
])('a change of number %s redirects the open session and keeps the conversation', async (_how, ids) => {
  await world.deliver(text(ids ? { phone: P, bsuid: A } : { phone: P }, 'a'))
  const session = await world.inPhase(P, 'active')
  const told = numberChange(ids ? { phone: P, bsuid: A } : { phone: P }, ids ? { phone: Q, bsuid: B } : { phone: Q })
  await world.deliver(told)
  expect(await world.session(Q)).toMatchObject({
    id: session.id,
    destination: Q,
    phase: 'active',
    client_id: session.client_id,
  })
  expect(await world.aliases(session.client_id)).toEqual(ids ? [`bsuid ${B}`, `phone ${Q}`] : [`phone ${Q}`])
  expect(await world.kinds(session.id)).toContain('clientMoved')
  await world.deliver(text(ids ? { bsuid: B } : { phone: Q, bsuid: B }, 'b'))
  expect((await world.messages(session.id)).map((m) => m.text)).toEqual(['a', 'b'])
  const history = await world.db
    .selectFrom('client_alias_history')
    .selectAll()
    .where('client_id', '=', session.client_id)
    .execute()
  expect(history.map((h) => h.value).sort()).toEqual(ids ? [P, A].sort() : [P])
})

test('a new user id without a phone: answers go to the new id', async () => {
  await world.deliver(text({ bsuid: A }, 'a'))
  const session = await world.inPhase(A, 'active')
  await world.deliver(numberChange({ bsuid: A }, { bsuid: B }))
  expect(await world.session(B)).toMatchObject({ id: session.id, destination_kind: 'bsuid', destination: B })
})

test('a change of number that comes after the first message from the new one joins both', async () => {
  await world.deliver(text({ phone: P, bsuid: A }, 'a'))
  const session = await world.inPhase(P, 'active')
  await world.deliver(text({ phone: Q, bsuid: B }, 'b'))
  await world.deliver(numberChange({ phone: P, bsuid: A }, { phone: Q, bsuid: B }))
  expect(await world.session(Q)).toMatchObject({ id: session.id, destination: Q })
  expect((await openSessions()).filter((id) => id === session.client_id)).toHaveLength(1)
})

test('an announcement that Meta repeats moves nobody who has the old number by then', async () => {
  await world.deliver(text({ phone: P, bsuid: A }, 'a'))
  const told = numberChange({ phone: P, bsuid: A }, { phone: Q, bsuid: B }, { id: newWamid() })
  await world.deliver(told)
  await world.deliver(text({ phone: P, bsuid: `CZ.C${n}` }, 'stranger'))
  await world.deliver(told)
  await world.deliver(told, told)
  expect(await idOf(P)).not.toBe(await idOf(Q))
  expect(await world.aliases(await idOf(P))).toEqual([`bsuid CZ.C${n}`, `phone ${P}`])
  expect(await world.byWamid(String(told.element.id))).toHaveLength(1)
})

test('two processes that learn two BSUIDs for one phone at once: two people, neither mixed with the other', async () => {
  const other = world.anotherDoor()
  for (let round = 0; round < 12; round++) {
    const phone = `${P}${round}`
    const [one, two] = [`CZ.X${n}R${round}`, `CZ.Y${n}R${round}`]
    await world.deliver(text({ phone }, 'a'))
    await Promise.all([
      world.ingest.take(bytes(webhook(world.number, text({ phone, bsuid: one }, 'b')))),
      other.ingest.take(bytes(webhook(world.number, text({ phone, bsuid: two }, 'c')))),
    ])
    expect(await idOf(one)).not.toBe(await idOf(two))
    await world.deliver(text({ bsuid: one }, 'd'), text({ bsuid: two }, 'e'))
  }
  expect(await world.quarantine()).toEqual([])
  const two = await world.db
    .selectFrom('client_alias')
    .select('client_id')
    .where('kind', '=', 'bsuid')
    .groupBy('client_id')
    .having((eb) => eb.fn.countAll(), '>', 1)
    .execute()
  expect(two).toEqual([])
})

test('nobody’s number is rewritten, in any country', async () => {
  for (const phone of ['5511987654321', '551187654321', '5215512345678', '525512345678'])
    await world.deliver(text({ phone }, phone))
  for (const phone of ['5511987654321', '551187654321', '5215512345678', '525512345678']) {
    expect(await world.session(phone)).toMatchObject({ destination: phone, last_seq: 1 })
  }
})
