// The life of a session on the real server: from a client's first message to its result.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../../support/engine.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())

test('a client writes, an operator accepts and answers, the ticks climb to read, the session ends with a result', async () => {
  const jana = engine.simulator.phone.client({ name: 'Jana', phone: '+420777123456' })
  await jana.writes('Hello, where is my order?')
  const queued = await engine.session('420777123456')
  expect(queued.phase).toBe('queued')

  expect(await engine.command(engine.olga, queued.id, 'accept')).toEqual({ answer: 'done' })
  const sent = await engine.send(engine.olga, queued.id, 'It leaves today 🚚')
  if (!sent.ok) throw new Error(sent.refusal.code)
  await jana.gets((note) => note.shown.body === 'It leaves today 🚚')
  await engine.message(sent.value.messageId, ['delivered'])
  jana.reads()
  await engine.message(sent.value.messageId, ['read'])

  expect(await engine.command(engine.olga, queued.id, 'end', { lastSeq: 2 })).toEqual({ answer: 'done' })
  expect((await engine.session('420777123456')).phase).toBe('wrapUp')
  expect(await engine.command(engine.olga, queued.id, 'result', { resultId: engine.resultId, note: 'Sent' })).toEqual({
    answer: 'done',
  })
  expect((await engine.session('420777123456')).phase).toBe('ended')
  expect((await engine.events(queued.id)).map((event) => event.kind)).toEqual([
    'started',
    'accepted',
    'wrapUp',
    'ended',
  ])
})
