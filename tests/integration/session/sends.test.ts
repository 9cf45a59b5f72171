// What becomes of an operator's message: order, refusals, lost answers, retries, the pace (I4, I5, I6).
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ATTEMPT_STATES } from '../../../src/domain/delivery.ts'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { attempts, posts, said, talking } from '../../support/people.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine({ answerTimeoutMs: 700 })
})
afterEach(async () => {
  engine.simulator.knobs.reset()
  engine.simulator.knobs.release()
  expect(engine.simulator.truth.doubles()).toEqual([])
  await engine.db.updateTable('channel').set({ state: 'up', state_reason: null }).execute()
})
afterAll(() => engine.close())

test('a burst arrives in the order in which it was written', async () => {
  const talk = await talking(engine)
  const texts = Array.from({ length: 12 }, (_, n) => `number ${n}`)
  const ids: string[] = []
  for (const text of texts) ids.push(await said(engine, talk, text))
  for (const id of ids) await engine.message(id, ['sent', 'delivered'])
  expect(talk.client.received().map((note) => note.shown.body)).toEqual(texts)
})

test('a quoted reply quotes what the client wrote, and what the company wrote', async () => {
  const talk = await talking(engine)
  const first = await engine.db
    .selectFrom('message')
    .select(['id', 'wamid'])
    .where('session_id', '=', talk.session.id)
    .executeTakeFirstOrThrow()
  const answer = await said(engine, talk, 'an answer', first.id)
  await talk.client.gets((note) => note.replyTo === first.wamid)
  await engine.message(answer, ['delivered'])
  await said(engine, talk, 'more', answer)
  const own = talk.client.received()[0]
  await talk.client.gets((note) => note.shown.body === 'more' && note.replyTo === own?.wamid)
})

const lost: readonly [string, Parameters<Engine['simulator']['knobs']['set']>[0]][] = [
  ['is lost', { loseAnswer: 1, sentAfterMs: 900 }],
  ['does not come in time', { holdAnswer: 1, sentAfterMs: 1500 }],
  ['is a proxy’s page', { garble: { status: 502, body: 'html', accept: true, times: 1 }, sentAfterMs: 900 }],
  ['is cut short', { garble: { status: 200, body: 'cut', accept: true, times: 1 }, sentAfterMs: 900 }],
]
for (const [how, knobs] of lost) {
  test(`an answer that ${how} leaves the message unknown, never sent again, until its status settles it`, async () => {
    const talk = await talking(engine)
    engine.simulator.knobs.set(knobs)
    const id = await said(engine, talk, `answer ${how}`)
    await engine.message(id, ['unknown'])
    expect((await engine.session(talk.phone)).unknown).toBe(1)
    engine.simulator.knobs.release()
    await engine.message(id, ['delivered'])
    expect(await posts(engine, id)).toEqual([1])
    expect((await engine.session(talk.phone)).unknown).toBe(0)
  })
}

test('a request that Meta never took is unknown as well; the operator says so, and sends it again', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ loseRequest: 1 })
  const id = await said(engine, talk, 'into the void')
  await engine.message(id, ['unknown'])
  const behind = await said(engine, talk, 'the queue goes on')
  await engine.message(behind, ['delivered'])
  expect((await engine.resolve(engine.olga, id, 'notArrived')).ok).toBe(true)
  await engine.message(id, ['failed'])
  expect((await engine.retry(engine.olga, id)).ok).toBe(true)
  await engine.message(id, ['delivered'])
  expect((await attempts(engine, id)).map(({ no, state }) => [no, state])).toEqual([
    [1, 'failed'],
    [2, 'delivered'],
  ])
  expect(talk.client.received().filter((note) => note.shown.body === 'into the void')).toHaveLength(1)
  expect(await engine.retry(engine.olga, id)).toEqual({
    ok: false,
    refusal: { code: 'not-retryable', status: 'delivered' },
  })
})

test('what the operator saw arrive is accepted, and still climbs', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ loseAnswer: 1, sentAfterMs: 1_500 })
  const id = await said(engine, talk, 'it did arrive')
  await engine.message(id, ['unknown'])
  expect((await engine.resolve(engine.olga, id, 'arrived')).ok).toBe(true)
  expect((await engine.message(id, ['accepted', 'sent', 'delivered'])).status).toBe('accepted')
  await engine.message(id, ['delivered'])
})

test('a message that reached the client after all is sent again only when a second copy is meant', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ loseAnswer: 1, sentAfterMs: 1_000 })
  const id = await said(engine, talk, 'reached anyway')
  await engine.message(id, ['unknown'])
  await engine.resolve(engine.olga, id, 'notArrived')
  await eventually(async () => (await attempts(engine, id))[0]?.reached_anyway, 'its delivery is told')
  expect((await engine.message(id, ['failed'])).status).toBe('failed')
  expect(await engine.retry(engine.olga, id)).toEqual({
    ok: false,
    refusal: { code: 'not-retryable', status: 'reachedAnyway' },
  })
  expect((await engine.retry(engine.olga, id, true)).ok).toBe(true)
  await engine.message(id, ['delivered'])
})

for (const code of [131047, 131026]) {
  for (const when of ['now', 'later'] as const) {
    test(`a refusal ${code} that comes ${when} is final, and says what it means`, async () => {
      const talk = await talking(engine)
      engine.simulator.knobs.set({ refuse: { code, when, times: 1 } })
      const id = await said(engine, talk, `refused ${code} ${when}`)
      await engine.message(id, ['failed'])
      const [attempt, ...more] = await attempts(engine, id)
      expect(more).toEqual([])
      // The client has just written: Meta and Parley do not agree on the window, and the same text may pass now.
      expect(attempt?.error).toMatchObject({ code, retry: code === 131047 ? 'now' : 'never' })
      expect((await engine.session(talk.phone)).failed).toBe(1)
      expect((await engine.events(talk.session.id)).at(-1)).toMatchObject({ kind: 'sendFailed', evidence: { code } })
    })
  }
}

for (const [code, ms] of [
  [130429, 1_000],
  [131056, 4_000],
] as const) {
  test(`a refusal ${code} is a wait that everybody sees, and then another attempt`, async () => {
    const talk = await talking(engine)
    engine.simulator.knobs.set({ refuse: { code, when: 'now', times: 1 } })
    const before = engine.clock.now()
    const id = await said(engine, talk, `held back ${code}`)
    const waiting = await eventually(async () => (await attempts(engine, id))[1], 'the next attempt')
    expect(waiting.wait_until?.getTime()).toBeGreaterThanOrEqual(before + ms)
    await engine.message(id, ['delivered'])
    expect((await attempts(engine, id)).map(({ state }) => state)).toEqual(['failed', 'delivered'])
    // One place in the pace for each attempt, not one for each look at it.
    const { pair_tokens: tokens } = await engine.db
      .selectFrom('client')
      .select('pair_tokens')
      .where('id', '=', talk.session.client_id)
      .executeTakeFirstOrThrow()
    expect(tokens).toBeGreaterThanOrEqual(43)
  })
}

for (const code of [190, 131042]) {
  test(`a refusal ${code} turns the number red and closes the text field`, async () => {
    const talk = await talking(engine)
    engine.simulator.knobs.set({ refuse: { code, when: 'now', times: 1 } })
    const id = await said(engine, talk, `down by ${code}`)
    await engine.message(id, ['failed'])
    const channel = await engine.db.selectFrom('channel').selectAll().executeTakeFirstOrThrow()
    expect([channel.state, channel.state_reason]).toEqual(['down', String(code)])
    expect(await engine.send(engine.olga, talk.session.id, 'another')).toMatchObject({
      refusal: { code: 'text-field-closed', reason: 'channelDown' },
    })
    expect((await engine.events(talk.session.id)).at(-1)).toMatchObject({
      kind: 'refused',
      evidence: { command: 'messages', refused: 'text-field-closed', reason: 'channelDown', phase: 'active' },
    })
  })
}

test('sixty messages to one client leave in order, at the pace of the pair', async () => {
  const talk = await talking(engine)
  const before = engine.simulator.truth.posts().length
  const ids: string[] = []
  for (let n = 0; n < 60; n++) ids.push(await said(engine, talk, `part ${n}`))
  await engine.message(ids[44] ?? '', ['sent', 'delivered'], 30_000)
  for (let n = 45; n < 60; n++) {
    // From here on one every six seconds, and the operator sees the wait.
    const life = await eventually(async () => {
      // On a slow machine six seconds may have passed by themselves.
      const { status } = await engine.message(ids[n] ?? '', ATTEMPT_STATES)
      if (status !== 'pending') return 'left'
      const asked = await engine.door.query(talk.session.id)
      const { draining, waitUntil } = asked?.sends ?? { draining: true, waitUntil: null }
      return !draining && waitUntil !== null && waitUntil > engine.clock.now() ? asked : null
    }, `the wait of part ${n} is seen`)
    if (life === 'left') continue
    expect(life.next).toEqual({ what: 'send', at: life.sends.waitUntil })
    await engine.skip((life.sends.waitUntil ?? 0) - engine.clock.now() + 10, [talk.session.id])
    await engine.message(ids[n] ?? '', ['sent', 'delivered'], 20_000)
  }
  expect(talk.client.received().map((note) => note.shown.body)).toEqual(ids.map((_, n) => `part ${n}`))
  const posted = engine.simulator.truth.posts().slice(before)
  expect(posted.filter((post) => post.outcome !== 'accepted')).toEqual([])
}, 120_000)

test('a window that shuts between the command and the claim lets nothing leave', async () => {
  const talk = await talking(engine)
  await engine.stopWorker()
  engine.clock.forward(23 * 3_600_000)
  const id = await said(engine, talk, 'too late')
  engine.clock.forward(3_600_000 - 4_000)
  await engine.startWorker()
  await engine.message(id, ['failed'])
  const [attempt] = await attempts(engine, id)
  expect(attempt?.error).toMatchObject({ code: 'window-shut' })
  expect(await posts(engine, id)).toEqual([0])
  expect((await engine.session(talk.phone)).bell_on).toBe(true)
})

test('a worker that stops in the middle of a send leaves it unknown, and its successor sends the rest', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ holdAnswer: 1, sentAfterMs: 60_000 })
  const first = await said(engine, talk, 'held at Meta')
  const second = await said(engine, talk, 'behind it')
  await eventually(async () => (await posts(engine, first))[0] === 1, 'Meta has it')
  engine.simulator.knobs.reset()
  await engine.stopWorker()
  await engine.startWorker()
  await engine.message(first, ['unknown'])
  await engine.message(second, ['delivered'])
  expect([await posts(engine, first), await posts(engine, second)]).toEqual([[1], [1]])
})

test('what was pending when the session ended runs to its outcome', async () => {
  const talk = await talking(engine)
  engine.simulator.knobs.set({ refuse: { code: 130429, when: 'now', times: 1 } })
  const id = await said(engine, talk, 'goodbye')
  await eventually(async () => (await attempts(engine, id)).length === 2, 'it waits')
  const result = { resultId: engine.resultId, note: null }
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2, result })).toEqual({ answer: 'done' })
  expect((await engine.session(talk.phone)).phase).toBe('ended')
  await engine.message(id, ['delivered'])
  await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).result()
})
