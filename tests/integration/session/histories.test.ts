// Walks every path of a session's workflow on the real server, and looks at the histories that they leave: nothing of
// what people said, are called or are reached by is in them (rule 2). With RECORD_HISTORIES=1 they are kept for replay.
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { toJson } from '../../support/histories.ts'
import { queued, said, type Talk, talking } from '../../support/people.ts'

const HOUR = 3_600_000
const SECRET = 'something that nobody else may read'
const NOTE = 'a note of the result'
const FOLDER = new URL('../../replay/histories/', import.meta.url)

let engine: Engine
beforeAll(async () => {
  engine = await startEngine({ answerTimeoutMs: 700, settings: { inactivity: 1_800 }, longHistory: 150 })
})
afterAll(() => engine.close())

const end = (talk: Talk, lastSeq: number) => engine.command(engine.olga, talk.session.id, 'end', { lastSeq })
const result = async (talk: Talk) => {
  const { last_seq: lastSeq, phase } = await engine.session(talk.phone)
  const given = { resultId: engine.resultId, note: NOTE }
  const answer =
    phase === 'wrapUp'
      ? await engine.command(engine.olga, talk.session.id, 'result', given)
      : await engine.command(engine.olga, talk.session.id, 'end', { lastSeq, result: given })
  expect(answer).toEqual({ answer: 'done' })
}
const phase = (talk: Talk, wanted: string) => engine.session(talk.phone, (row) => row.phase === wanted)
const has = (talk: Talk, kind: string) =>
  eventually(async () => (await engine.events(talk.session.id)).some((event) => event.kind === kind), kind)

const PATHS: Record<string, () => Promise<Talk>> = {
  // First, while the clocks of sends and workflows still agree.
  paced: async () => {
    const talk = await talking(engine, SECRET)
    engine.simulator.knobs.set({ refuse: { code: 131056, when: 'now', times: 1 } })
    await engine.message(await said(engine, talk, SECRET), ['delivered'])
    await result(talk)
    return talk
  },
  result: async () => {
    const talk = await talking(engine, SECRET)
    await end(talk, 1)
    await result(talk)
    return talk
  },
  'wrap-up-again': async () => {
    const talk = await talking(engine, SECRET)
    await end(talk, 1)
    await talk.client.writes(SECRET)
    await phase(talk, 'active')
    await result(talk)
    return talk
  },
  overdue: async () => {
    const talk = await queued(engine, SECRET)
    await eventually(() => engine.door.query(talk.session.id), 'it runs')
    await engine.skip(301_000, [talk.session.id])
    await has(talk, 'offerOverdue')
    await engine.command(engine.olga, talk.session.id, 'accept')
    await result(talk)
    return talk
  },
  window: async () => {
    const talk = await talking(engine, SECRET)
    await engine.skip(25 * HOUR, [talk.session.id])
    await has(talk, 'windowShut')
    await talk.client.writes(SECRET)
    await has(talk, 'windowOpened')
    await result(talk)
    return talk
  },
  inactivity: async () => {
    const talk = await talking(engine, SECRET)
    await engine.message(await said(engine, talk, SECRET), ['delivered'])
    await engine.skip(1_801_000, [talk.session.id])
    await phase(talk, 'wrapUp')
    await engine.skip(601_000, [talk.session.id])
    await phase(talk, 'ended')
    return talk
  },
  sends: async () => {
    const talk = await talking(engine, SECRET)
    for (let n = 0; n < 5; n++) await said(engine, talk, `${SECRET} ${n}`)
    await engine.message(await said(engine, talk, SECRET), ['delivered'])
    await result(talk)
    return talk
  },
  unknown: async () => {
    const talk = await talking(engine, SECRET)
    engine.simulator.knobs.set({ loseRequest: 1 })
    const id = await said(engine, talk, SECRET)
    await engine.message(id, ['unknown'])
    await engine.retry(engine.olga, id)
    await engine.message(id, ['delivered'])
    await result(talk)
    return talk
  },
  continued: async () => {
    const talk = await talking(engine, SECRET)
    for (let n = 0; n < 16; n++) await engine.message(await said(engine, talk, SECRET), ['sent', 'delivered'])
    await result(talk)
    return talk
  },
  refused: async () => {
    const talk = await talking(engine, SECRET)
    expect((await engine.command(engine.omar, talk.session.id, 'accept')).answer).toBe('refused')
    expect((await end(talk, 0)).answer).toBe('refused')
    await result(talk)
    return talk
  },
}

for (const [name, walk] of Object.entries(PATHS)) {
  test(`the history of the path "${name}" holds ids, times and enums only`, async () => {
    const talk = await walk()
    engine.simulator.knobs.reset()
    await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).result()
    const runs = await engine.runs(talk.session.id)
    const wamids = talk.client.messages().map((note) => note.wamid)
    for (const [n, { history }] of runs.entries()) {
      const stored = toJson(`session-${talk.session.id}`, history)
      const plain = readable(stored)
      for (const secret of [SECRET, NOTE, talk.phone, talk.client.who.name ?? '?', talk.client.who.bsuid, ...wamids]) {
        expect(plain).not.toContain(secret)
      }
      // The check can see: what belongs into a history is found.
      expect(plain).toContain(talk.session.id)
      expect(plain.length).toBeLessThan(400_000)
      if (process.env.RECORD_HISTORIES) {
        writeFileSync(new URL(`${name}-${n + 1}.json`, FOLDER), `${JSON.stringify(stored)}\n`)
      }
    }
    if (name === 'continued') expect(runs.length).toBeGreaterThan(1)
  })
}

/** The history with its payloads, which are base64, as text. */
function readable(value: unknown): string {
  if (typeof value === 'string') return `${value} ${Buffer.from(value, 'base64').toString('latin1')}`
  if (Array.isArray(value)) return value.map(readable).join(' ')
  if (typeof value === 'object' && value !== null) return Object.values(value).map(readable).join(' ')
  return String(value)
}
