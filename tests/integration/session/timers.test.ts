// Time passes: 24 hours in seconds on the real server, with the decisions' clock going along.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rights } from '../../../src/domain/policy.ts'
import { loadRights } from '../../../src/sessions/actor.ts'
import { ban, tellExpiredBans } from '../../../src/sessions/bans.ts'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { queued, said, talking } from '../../support/people.ts'

const HOUR = 3_600_000
let engine: Engine
beforeAll(async () => {
  engine = await startEngine({ settings: { inactivity: 1_800 } })
})
afterAll(() => engine.close())

const kinds = async (id: string) => (await engine.events(id)).map((event) => event.kind)
const happens = (id: string, kind: string) => eventually(async () => (await kinds(id)).includes(kind), kind, 20_000)

test('a session that nobody accepts is overdue after the queue time, once, and goes on waiting', async () => {
  const { session } = await queued(engine)
  await eventually(() => engine.door.query(session.id), 'it runs')
  await engine.skip(280_000, [session.id])
  expect(await kinds(session.id)).toEqual(['started'])
  await engine.skip(20_000, [session.id])
  await happens(session.id, 'offerOverdue')
  await engine.skip(HOUR, [session.id])
  expect(await kinds(session.id)).toEqual(['started', 'offerOverdue'])
  expect((await engine.door.query(session.id))?.phase).toBe('queued')
})

test('the window warns, shuts the text field, and opens again with the client’s next message', async () => {
  const talk = await talking(engine)
  const { id } = talk.session
  await engine.skip(22 * HOUR + 1_000, [id])
  await happens(id, 'windowWarning')
  expect((await engine.door.query(id))?.textField?.open).toBe(true)
  await engine.skip(2 * HOUR, [id])
  await happens(id, 'windowShut')
  await eventually(async () => (await engine.door.query(id))?.textField?.reason === 'windowShut', 'the field is shut')
  expect((await engine.session(talk.phone)).bell_on).toBe(true)
  await talk.client.writes('here I am again')
  const open = await eventually(async () => {
    const life = await engine.door.query(id)
    return life?.textField?.open ? life : null
  }, 'the field is open')
  expect(open.timers.map((timer) => timer.name)).toEqual(['windowWarning', 'windowExpiry'])
  expect((await engine.session(talk.phone)).bell_on).toBe(false)
})

test('a ban shuts the field of the running session; when it runs out, the workflow opens it again without anybody’s help', async () => {
  const talk = await talking(engine)
  const { id, client_id: clientId } = talk.session
  const rights = (await loadRights(engine.db, engine.sara)) as Rights
  const until = engine.clock.now() + HOUR
  const actor = { kind: 'operator', rights } as const
  expect((await ban(engine.ctx, { actor, whom: { clientId }, reason: 'Insults', until })).ok).toBe(true)
  await eventually(async () => (await engine.door.query(id))?.textField?.reason === 'banned', 'the field is closed')
  engine.clock.forward(HOUR)
  await tellExpiredBans(engine.ctx)
  await eventually(async () => (await engine.door.query(id))?.textField?.open === true, 'the field is open')
})

test('a message before the window shuts costs no event until the old due time, and then only moves it', async () => {
  const talk = await talking(engine)
  const { id } = talk.session
  await eventually(() => engine.door.query(id), 'it runs')
  const before = (await engine.runs(id)).flatMap((run) => run.events).length
  await engine.skip(20 * HOUR, [id])
  const skipped = (await engine.runs(id)).flatMap((run) => run.events).length
  await talk.client.writes('still here')
  await engine.session(talk.phone, (row) => row.last_seq === 2)
  expect((await engine.runs(id)).flatMap((run) => run.events).length).toBe(skipped)
  // Once, because the alarm of the queue was still set.
  expect(skipped - before).toBeLessThanOrEqual(6)
  await engine.skip(5 * HOUR, [id])
  await eventually(
    async () => (await engine.door.query(id))?.timers.every((timer) => timer.dueAt > engine.clock.now()),
    'the timers are armed anew',
  )
  expect(await kinds(id)).toEqual(['started', 'accepted'])
})

test('silence after the operator’s answer leads to wrap-up, and its maximum to the end; a waiting client is never sent away', async () => {
  const talk = await talking(engine)
  const { id } = talk.session
  await engine.skip(2 * HOUR, [id])
  expect(await kinds(id)).toEqual(['started', 'accepted'])
  const answer = await said(engine, talk, 'anything else?')
  await engine.message(answer, ['delivered'])
  await engine.skip(1_801_000, [id])
  await happens(id, 'inactive')
  expect((await engine.session(talk.phone)).phase).toBe('wrapUp')
  await eventually(async () => (await engine.door.query(id))?.phase === 'wrapUp', 'the workflow follows')
  await engine.skip(601_000, [id])
  await happens(id, 'ended')
  const ended = await engine.session(talk.phone)
  expect([ended.phase, ended.end_reason]).toEqual(['ended', 'inactivity'])
  await engine.temporal.workflow.getHandle(`session-${id}`).result()
})

test('an end for inactivity that comes together with a message loses against it, or makes the session active again', async () => {
  for (let n = 0; n < 10; n++) {
    const talk = await talking(engine)
    const { id } = talk.session
    const answer = await said(engine, talk, 'anything else?')
    await engine.message(answer, ['delivered'])
    await Promise.all([engine.skip(1_801_000, [id]), talk.client.writes('yes!')])
    await engine.session(talk.phone, (row) => row.last_seq === 3)
    const settled = await eventually(async () => {
      const [row, life] = [await engine.session(talk.phone), await engine.door.query(id)]
      return row.phase === 'active' && life?.phase === 'active' ? row : null
    }, 'row and workflow agree on active')
    expect(settled.id).toBe(id)
  }
})
