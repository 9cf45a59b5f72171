// What a session costs in Temporal's history: the bars P11 to P13, counted on the real server.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { said, type Talk, talking } from '../../support/people.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())

const count = async (talk: Talk): Promise<number> =>
  (await engine.runs(talk.session.id)).reduce((sum, run) => sum + run.events.length, 0)

/** Quiet: no bell on its way, no drain, and two looks that count the same. */
async function quiet(talk: Talk): Promise<number> {
  let before = -1
  return eventually(async () => {
    const bells = await engine.db
      .selectFrom('signal_outbox')
      .select('rung')
      .where('session_id', '=', talk.session.id)
      .execute()
    const now = await count(talk)
    const life = await engine.door.query(talk.session.id)
    if (bells.length === 0 && life?.sends.draining === false && now === before) return now
    before = now
    return null
  }, 'the session is quiet')
}

test('a message that nobody waits for costs no event, alone or in a burst of twenty (P11)', async () => {
  const talk = await talking(engine)
  const before = await quiet(talk)
  await talk.client.writes('one')
  await engine.session(talk.phone, (row) => row.last_seq === 2)
  expect((await quiet(talk)) - before).toBe(0)
  await Promise.all(Array.from({ length: 20 }, (_, n) => talk.client.writes(`burst ${n}`)))
  await engine.session(talk.phone, (row) => row.last_seq === 22)
  expect((await quiet(talk)) - before).toBe(0)
})

test('a message that is waited for costs four events at most, a burst of twenty as much (P11)', async () => {
  const talk = await talking(engine)
  await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1 })
  const before = await quiet(talk)
  await Promise.all(Array.from({ length: 20 }, (_, n) => talk.client.writes(`burst ${n}`)))
  await engine.session(talk.phone, (row) => row.last_seq === 21)
  expect(((await quiet(talk)) - before) / 20).toBeLessThanOrEqual(2)
  await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 21 })
  const again = await quiet(talk)
  await talk.client.writes('one')
  await engine.session(talk.phone, (row) => row.last_seq === 22)
  expect((await quiet(talk)) - again).toBeLessThanOrEqual(4)
})

test('a send costs eleven events, in a burst of ten six, and its statuses none (P12, P13)', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ sentAfterMs: 400, deliveredAfterMs: 100 })
  const before = await quiet(talk)
  const first = await said(engine, talk, 'quiet')
  await engine.message(first, ['accepted'])
  const sent = await quiet(talk)
  expect(sent - before).toBeLessThanOrEqual(11)
  await engine.message(first, ['delivered'])
  talk.client.reads()
  await engine.message(first, ['read'])
  expect((await quiet(talk)) - sent).toBe(0)
  const burst = await quiet(talk)
  const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => said(engine, talk, `burst ${n}`)))
  for (const id of ids) await engine.message(id, ['delivered'])
  expect(((await quiet(talk)) - burst) / 10).toBeLessThanOrEqual(6)
})
