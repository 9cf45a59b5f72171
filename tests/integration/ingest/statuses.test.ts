// What Meta tells of the messages that the company sent: a ladder that is only climbed, whatever the order, and a
// history that loses nothing.
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AttemptState, climb, isMetaStatus, type Step } from '../../../src/domain/delivery.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { matchParked } from '../../../src/sessions/statuses.ts'
import { bytes, newWamid, status, text, webhook } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

let world: World
let sessionId: string
let jana: { phone: string; bsuid: string }
let n = 0
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  n++
  jana = { phone: `42077700${1000 + n}`, bsuid: `CZ.${1000 + n}` }
  await world.db.updateTable('channel').set({ state: 'up', state_reason: null }).execute()
  await world.deliver(text(jana, 'a'))
  sessionId = (await world.inPhase(jana.phone, 'active')).id
})

const shown = async (messageId: string) =>
  (await world.db.selectFrom('message').select('status').where('id', '=', messageId).executeTakeFirstOrThrow()).status

test('each step up is shown, kept with both times, and pushed with one rev', async () => {
  const sent = await world.sends(sessionId, 'accepted')
  for (const word of ['sent', 'delivered', 'read', 'played']) {
    const { rev } = await world.readSession(sessionId)
    const at = world.clock.now()
    world.clock.forward(3_000)
    await world.deliver(status(sent.wamid, word, { at }))
    expect(await shown(sent.messageId)).toBe(word)
    expect((await world.readSession(sessionId)).rev).toBe(rev + 1)
    const kept = await world.db
      .selectFrom('attempt_status')
      .selectAll()
      .where('attempt_id', '=', sent.id)
      .where('status', '=', word)
      .executeTakeFirstOrThrow()
    expect(kept).toMatchObject({ at: new Date(at), received_at: new Date(at + 3_000), rev: rev + 1 })
  }
  expect(await world.outbox()).toEqual([])
})

test('in any order, any number of times, in any batches: the ladder’s top is shown and each is kept once', async () => {
  const words = fc.constantFrom('sent', 'delivered', 'read', 'played', 'failed', 'deleted')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(words, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      async (batches) => {
        const sent = await world.sends(sessionId, 'accepted')
        const at = world.clock.now()
        let state: AttemptState = 'accepted'
        let reached = false
        for (const batch of batches) {
          await world.deliver(...batch.map((word) => status(sent.wamid, word, { at })))
          for (const word of batch) {
            const step: Step | null = isMetaStatus(word) ? climb(state, word) : null
            if (step?.moves === true) state = step.state
            else if (step?.reachedAnyway === true) reached = true
          }
          expect((await world.attempt(sent.id)).state).toBe(state)
          expect(await shown(sent.messageId)).toBe(state)
        }
        expect((await world.attempt(sent.id)).reached_anyway).toBe(reached)
        expect([...(await world.statuses(sent.id))].sort()).toEqual([...new Set(batches.flat())].sort())
        await world.answerBells()
        world.clock.forward(10_000)
      },
    ),
    { numRuns: 25 },
  )
})

test('failed and then delivered stays failed, is marked as reached anyway, and whoever looks at it sees so', async () => {
  const sent = await world.sends(sessionId, 'accepted')
  await world.deliver(status(sent.wamid, 'failed', { code: 131026 }))
  expect(await world.readSession(sessionId)).toMatchObject({ failed: 1 })
  const { rev } = await world.readSession(sessionId)
  await world.deliver(status(sent.wamid, 'delivered'))
  expect(await world.attempt(sent.id)).toMatchObject({ state: 'failed', reached_anyway: true, error: { code: 131026 } })
  const message = await world.db
    .selectFrom('message')
    .selectAll()
    .where('id', '=', sent.messageId)
    .executeTakeFirstOrThrow()
  expect(message).toMatchObject({ status: 'failed', rev: rev + 1 })
  expect((await world.readSession(sessionId)).rev).toBe(rev + 1)
  await world.deliver(status(sent.wamid, 'read'))
  expect((await world.readSession(sessionId)).rev).toBe(rev + 1)
})

test('failed after delivered changes nothing that is shown', async () => {
  const sent = await world.sends(sessionId, 'delivered')
  await world.deliver(status(sent.wamid, 'failed', { code: 131026 }))
  expect(await world.attempt(sent.id)).toMatchObject({ state: 'delivered', error: null })
})

test('a status that comes before its message is known waits, and is matched once the answer is recorded', async () => {
  const sent = await world.sends(sessionId, 'calling')
  await world.deliver(status(sent.wamid, 'sent'), status(sent.wamid, 'delivered'))
  await world.deliver(status(sent.wamid, 'sent'))
  expect(await world.parked()).toHaveLength(2)
  await settle(world.ctx, sessionId, sent.id, { outcome: 'accepted', wamid: sent.wamid, aliases: [] })
  expect(await world.parked()).toEqual([])
  expect(await world.attempt(sent.id)).toMatchObject({ state: 'delivered' })
  expect(await shown(sent.messageId)).toBe('delivered')
  expect([...(await world.statuses(sent.id))].sort()).toEqual(['delivered', 'sent'])
})

test('one that waits is also matched by the sweep, and by the attempt it names', async () => {
  const sent = await world.sends(sessionId, 'unknown')
  const wamid = newWamid()
  await world.db
    .insertInto('status_parked')
    .values({
      id: crypto.randomUUID(),
      channel_id: world.channelId,
      wamid,
      opaque: sent.id,
      status: 'delivered',
      at: new Date(world.clock.now()),
      received_at: new Date(world.clock.now()),
    })
    .execute()
  expect(await matchParked(world.ctx, null, null)).toBe(1)
  expect(await world.attempt(sent.id)).toMatchObject({ state: 'delivered', wamid })
})

test('a lost answer is settled by the status that names the attempt', async () => {
  const sent = await world.sends(sessionId, 'unknown')
  expect(await world.readSession(sessionId)).toMatchObject({ unknown: 1 })
  const wamid = newWamid()
  await world.deliver(status(wamid, 'sent', { opaque: sent.id }))
  expect(await world.attempt(sent.id)).toMatchObject({ state: 'sent', wamid })
  expect(await world.readSession(sessionId)).toMatchObject({ unknown: 0 })
  await world.deliver(status(wamid, 'delivered'))
  expect((await world.attempt(sent.id)).state).toBe('delivered')
})

test('what names an attempt of another number, or no attempt at all, is parked', async () => {
  await world.addChannel(`9${n}`)
  const sent = await world.sends(sessionId, 'accepted')
  await world.ingest.take(bytes(webhook({ phoneNumberId: `9${n}` }, status('wamid.x', 'read', { opaque: sent.id }))))
  await world.deliver(status('wamid.y', 'read', { opaque: 'not-one-of-ours' }))
  expect((await world.attempt(sent.id)).state).toBe('accepted')
  expect((await world.parked()).map((p) => p.wamid).sort()).toEqual(['wamid.x', 'wamid.y'])
  await world.db.deleteFrom('status_parked').execute()
})

test.each([190, 131042])('error %i turns the number down, and what clients write still comes in', async (code) => {
  const sent = await world.sends(sessionId, 'accepted')
  await world.deliver(status(sent.wamid, 'failed', { code }))
  const channel = await world.db
    .selectFrom('channel')
    .selectAll()
    .where('id', '=', world.channelId)
    .executeTakeFirstOrThrow()
  expect(channel).toMatchObject({ state: 'down', state_reason: String(code) })
  expect(world.door.channels).toContain(world.channelId)
  expect((await world.kinds(sessionId)).at(-1)).toBe('sendFailed')
  await world.deliver(text(jana, 'still here'))
  expect((await world.messages(sessionId)).at(-1)?.text).toBe('still here')
})

test('so does one that was parked before its message was known', async () => {
  const sent = await world.sends(sessionId, 'calling')
  await world.deliver(status(sent.wamid, 'failed', { code: 131042 }))
  await settle(world.ctx, sessionId, sent.id, { outcome: 'accepted', wamid: sent.wamid, aliases: [] })
  const channel = await world.db
    .selectFrom('channel')
    .selectAll()
    .where('id', '=', world.channelId)
    .executeTakeFirstOrThrow()
  expect(channel).toMatchObject({ state: 'down', state_reason: '131042' })
  expect((await world.kinds(sessionId)).at(-1)).toBe('sendFailed')
  expect(await world.readSession(sessionId)).toMatchObject({ failed: 1 })
})

test('an ordinary error leaves the number up', async () => {
  const sent = await world.sends(sessionId, 'accepted')
  await world.deliver(status(sent.wamid, 'failed', { code: 131026 }))
  expect(
    await world.db.selectFrom('channel').select('state').where('id', '=', world.channelId).executeTakeFirstOrThrow(),
  ).toEqual({ state: 'up' })
})

test('a late status of an ended session is kept and wakes nobody', async () => {
  const sent = await world.sends(sessionId, 'sent')
  await world.end(sessionId)
  await world.giveResult(sessionId)
  await world.answerBells()
  await world.deliver(status(sent.wamid, 'read'))
  expect((await world.attempt(sent.id)).state).toBe('read')
  expect(await world.readSession(sessionId)).toMatchObject({ phase: 'ended' })
  expect(await world.outbox()).toEqual([])
})

test('a late status for a session of a client who was joined with another one climbs all the same', async () => {
  const phone = `42088800${n}`
  await world.deliver(text({ phone }, 'x'))
  const older = await world.inPhase(phone, 'active')
  const sent = await world.sends(older.id, 'accepted')
  await world.end(older.id)
  await world.giveResult(older.id)
  // The client behind the phone proves to be Jana, whom an operator is talking to.
  await world.deliver(text({ phone, bsuid: jana.bsuid }, 'it is me'))
  expect((await world.client(phone)).id).toBe((await world.client(jana.phone)).id)
  await world.deliver(status(sent.wamid, 'delivered'))
  expect((await world.attempt(sent.id)).state).toBe('delivered')
  expect(await world.quarantine()).toEqual([])
})

test('a status teaches an alias of the client, and never makes somebody new', async () => {
  const phone = `42088900${n}`
  await world.deliver(text({ phone }, 'x'))
  const session = await world.inPhase(phone, 'active')
  const sent = await world.sends(session.id, 'accepted')
  const clients = async () => (await world.db.selectFrom('client').select('id').execute()).length
  const before = await clients()
  await world.deliver(status(sent.wamid, 'sent', { to: { bsuid: `CZ.S${n}` } }))
  await world.eventually(
    async () => (await world.aliases(session.client_id)).includes(`bsuid CZ.S${n}`),
    'the BSUID is learned',
  )
  await world.deliver(status(sent.wamid, 'delivered', { to: { bsuid: `CZ.T${n}` } }))
  await world.deliver(text({ bsuid: `CZ.S${n}` }, 'same client'))
  expect((await world.messages(session.id)).at(-1)?.text).toBe('same client')
  expect(await clients()).toBe(before)
})

test('messages and statuses of one body: the messages are in, whatever the statuses are', async () => {
  await world.deliver(status('wamid.nobody', 'sent'), text(jana, 'beside it'), status('', 'sent'))
  expect((await world.messages(sessionId)).at(-1)?.text).toBe('beside it')
  expect((await world.quarantine()).map((q) => q.reason)).toEqual(['no-id'])
})
