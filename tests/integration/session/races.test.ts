// The races of a session's life, each forced many times with different timing: whoever wins, row, workflow, Meta and
// evidence must agree afterwards (I2 to I6). A failure prints the seed that repeats its timings: RACE_SEED=… .
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { queued, said, signIn, type Talk, talking } from '../../support/people.ts'

const ROUNDS = 50
const AT_ONCE = 5
const FIRST_SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 1e9))

let engine: Engine
beforeAll(async () => {
  engine = await startEngine({ slots: 10_000, longHistory: 30 })
  engine.simulator.knobs.set({ throughput: 0 })
  await signIn(engine)
})
afterAll(() => engine.close())

/** A delay of 0 to `most` ms, drawn from the round's seed. */
type Draw = (most: number) => number

function draws(seed: number): Draw {
  let state = seed >>> 0
  return (most) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most
  }
}

async function forced(name: string, round: (draw: Draw) => Promise<void>): Promise<void> {
  for (let n = 0; n < ROUNDS; n += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, k) => {
        const seed = FIRST_SEED + n + k
        try {
          await round(draws(seed))
        } catch (error) {
          throw new Error(`${name}: round ${n + k} failed; RACE_SEED=${seed} begins with it`, { cause: error })
        }
      }),
    )
  }
  await invariants()
}

async function invariants(): Promise<void> {
  const count = async (what: string, query: ReturnType<typeof sql<{ n: number }>>) =>
    expect(`${what}: ${(await query.execute(engine.db)).rows[0]?.n}`).toBe(`${what}: 0`)
  await count(
    'I2 clients with two open sessions',
    sql`SELECT count(*)::int AS n FROM (SELECT client_id FROM session WHERE phase <> 'ended' GROUP BY 1 HAVING count(*) > 1) d`,
  )
  await count(
    'I3 ended sessions with a message that their end had not seen',
    sql`SELECT count(*)::int AS n FROM session s
          JOIN session_event e ON e.session_id = s.id AND e.kind IN ('wrapUp', 'ended') AND e.evidence ? 'seen'
         WHERE s.phase = 'ended' AND e.n = (SELECT max(n) FROM session_event x WHERE x.session_id = s.id AND x.evidence ? 'seen')
           AND EXISTS (SELECT 1 FROM message m WHERE m.session_id = s.id AND m.direction = 'in' AND m.kind = 'message'
                          AND m.seq > (e.evidence->>'seen')::int)`,
  )
  await count(
    'I5 messages whose status is not their newest attempt’s',
    sql`SELECT count(*)::int AS n FROM message m JOIN LATERAL (
          SELECT state FROM attempt a WHERE a.message_id = m.id ORDER BY no DESC LIMIT 1) a ON true
         WHERE m.status IS DISTINCT FROM a.state`,
  )
  await count(
    'gaps in the order of messages',
    sql`SELECT count(*)::int AS n FROM (SELECT s.id FROM session s JOIN message m ON m.session_id = s.id
          GROUP BY s.id, s.last_seq HAVING max(m.seq) <> s.last_seq OR count(*) <> s.last_seq) d`,
  )
  // I4 and I6: Meta, who keeps clocks and books of its own, saw no double and refused nothing for a shut window.
  expect(engine.simulator.truth.doubles()).toEqual([])
  const accepted = new Map<string, number>()
  for (const post of engine.simulator.truth.posts()) {
    if (post.opaque !== null) accepted.set(post.opaque, (accepted.get(post.opaque) ?? 0) + 1)
    expect(post.code).not.toBe(131047)
  }
  expect([...accepted.values()].filter((times) => times > 1)).toEqual([])
}

const result = () => ({ resultId: engine.resultId, note: null })
/** A bell that is not taken five times has backed off for 18.5 s: late, and never lost. */
const follows = (id: string, phase: string) =>
  eventually(async () => (await engine.door.query(id))?.phase === phase, `the workflow follows: ${phase}`, 40_000)

test('a client writes while the operator ends', async () => {
  const won = { end: 0, client: 0, reactivated: 0 }
  await forced('end', async (draw) => {
    const talk = await talking(engine)
    // Mostly close together; now and then late enough that a busy machine has decided the end.
    const [endsAfter, writesAfter] = [draw(20), draw(3) < 2 ? draw(90) : draw(600)]
    const [answer] = await Promise.all([
      pause(endsAfter).then(() =>
        engine.command(engine.olga, talk.session.id, 'end', {
          lastSeq: 1,
          ...(draw(2) < 1 ? { result: result() } : {}),
        }),
      ),
      pause(writesAfter).then(() => talk.client.writes('wait!')),
    ])
    await eventually(() => talk.client.messages().at(-1)?.status === 'delivered', 'Meta has its 200')
    const rows = await engine.db
      .selectFrom('session')
      .select(['id', 'phase', 'last_in_seq'])
      .where('client_id', '=', talk.session.client_id)
      .orderBy('started_at')
      .execute()
    const [first, second] = rows
    if (answer.answer === 'refused') {
      won.client++
      expect(answer.refusal).toEqual({ code: 'newer-client-message', lastSeq: 2 })
      expect(rows.map((row) => row.phase)).toEqual(['active'])
    } else if (second !== undefined) {
      won.end++
      expect([first?.phase, first?.last_in_seq, second.phase]).toEqual(['ended', 1, 'queued'])
    } else {
      won.reactivated++
      expect(rows.map((row) => row.phase)).toEqual(['active'])
    }
    const open = second ?? first
    await follows(open?.id ?? '', open?.phase ?? '')
  })
  // All three outcomes were forced, so the race was one.
  expect(Math.min(won.end, won.client, won.reactivated)).toBeGreaterThan(0)
}, 300_000)

test('two operators accept at once', async () => {
  await forced('accept', async (draw) => {
    const talk = await queued(engine)
    const waits = [draw(10), draw(10)]
    const answers = await Promise.all(
      [engine.olga, engine.omar].map((user, n) =>
        pause(waits[n] ?? 0).then(() => engine.command(user, talk.session.id, 'accept')),
      ),
    )
    const won = answers.findIndex((answer) => answer.answer === 'done')
    expect(answers[1 - won]).toEqual({ answer: 'refused', refusal: { code: 'already-accepted' } })
    const row = await engine.session(talk.phone)
    expect([row.phase, row.operator_id]).toEqual(['active', won === 0 ? engine.olga : engine.omar])
    const kinds = (await engine.events(talk.session.id)).map((event) => event.kind)
    expect(kinds).toEqual(['started', 'accepted', 'refused'])
    await follows(talk.session.id, 'active')
  })
}, 300_000)

const to = (operatorId: string) => ({ target: { kind: 'operator' as const, operatorId } })

test('an operator accepts while another one transfers the offer to a third', async () => {
  await forced('transfer × accept', async (draw) => {
    const talk = await queued(engine)
    const [transfers, accepts] = await Promise.all([
      pause(draw(10)).then(() => engine.command(engine.olga, talk.session.id, 'transfer', to(engine.sara))),
      pause(draw(10)).then(() => engine.command(engine.omar, talk.session.id, 'accept')),
    ])
    const row = await engine.session(talk.phone)
    if (accepts.answer === 'done') {
      // Whoever transfers an offer that another one has accepted meanwhile is told so.
      expect(transfers).toMatchObject({ answer: 'refused' })
      expect([row.phase, row.operator_id]).toEqual(['active', engine.omar])
    } else {
      expect([transfers.answer, accepts]).toEqual([
        'done',
        { answer: 'refused', refusal: { code: 'already-accepted' } },
      ])
      expect([row.phase, row.operator_id]).toEqual(['queued', null])
      expect(await engine.command(engine.sara, talk.session.id, 'accept')).toEqual({ answer: 'done' })
    }
    await follows(talk.session.id, 'active')
  })
}, 300_000)

test('a session is ended and transferred at once, and its client writes', async () => {
  await forced('end × transfer', async (draw) => {
    const talk = await talking(engine)
    const sent = await said(engine, talk, 'one moment')
    const [transfers, ends] = await Promise.all([
      pause(draw(20)).then(() => engine.command(engine.olga, talk.session.id, 'transfer', to(engine.omar))),
      pause(draw(20)).then(() => engine.command(engine.sara, talk.session.id, 'end', { lastSeq: 2, result: result() })),
      pause(draw(30)).then(() => talk.client.writes('hello?')),
    ])
    await eventually(() => talk.client.messages().at(-1)?.status === 'delivered', 'Meta has its 200')
    const rows = await engine.db
      .selectFrom('session')
      .select(['id', 'phase', 'operator_id'])
      .where('client_id', '=', talk.session.client_id)
      .orderBy('started_at')
      .execute()
    const first = rows[0]
    if (ends.answer === 'done') expect([first?.phase, rows[1]?.phase]).toEqual(['ended', 'queued'])
    else {
      expect(ends).toMatchObject({ refusal: { code: 'newer-client-message' } })
      expect([transfers, first?.phase, rows.length]).toEqual([{ answer: 'done' }, 'queued', 1])
      expect(await engine.command(engine.omar, talk.session.id, 'accept')).toEqual({ answer: 'done' })
    }
    await engine.message(sent, ['delivered', 'sent', 'accepted'])
  })
}, 300_000)

test('signals, sends and commands come while the workflow continues as new', async () => {
  let continued = 0
  await forced('continue', async (draw) => {
    const talk = await talking(engine)
    const ids: string[] = []
    for (let n = 0; n < 8; n++) {
      ids.push(await said(engine, talk, `line ${n}`))
      await pause(draw(40))
    }
    const [end] = await Promise.all([
      engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1 }),
      engine.door.query(talk.session.id),
    ])
    expect(end).toEqual({ answer: 'done' })
    await Promise.all([talk.client.writes('and another thing'), pause(draw(10))])
    await engine.session(talk.phone, (row) => row.phase === 'active')
    for (const id of ids) await engine.message(id, ['delivered'], 20_000)
    expect(talk.client.received().map((note) => note.shown.body)).toEqual(ids.map((_, n) => `line ${n}`))
    await follows(talk.session.id, 'active')
    const answer = await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 10, result: result() })
    expect(answer).toEqual({ answer: 'done' })
    await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).result()
    const runs = await engine.runs(talk.session.id)
    if (runs.length > 1) continued++
  })
  expect(continued).toBeGreaterThan(ROUNDS * 0.8)
}, 400_000)

test('a status comes late for a session that ends, or has ended', async () => {
  const ended: Talk[] = []
  await forced('status', async (draw) => {
    const talk = await talking(engine)
    const id = await said(engine, talk, 'bye')
    await engine.message(id, ['delivered'])
    const endsAfter = draw(20)
    const [answer] = await Promise.all([
      pause(endsAfter).then(() =>
        engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2, result: result() }),
      ),
      pause(draw(40)).then(() => talk.client.reads()),
    ])
    expect(answer).toEqual({ answer: 'done' })
    await engine.message(id, ['read'])
    await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).result()
    ended.push(talk)
  })
  // Nothing was woken afterwards: one chain of runs each, all completed, and no bell left.
  const bells = await engine.db
    .selectFrom('signal_outbox')
    .select('session_id')
    .where(
      'session_id',
      'in',
      ended.map((talk) => talk.session.id),
    )
    .execute()
  expect(bells).toEqual([])
  for (const { session } of ended) {
    const described = await engine.temporal.workflow.getHandle(`session-${session.id}`).describe()
    expect(described.status.name).toBe('COMPLETED')
    expect((await engine.runs(session.id)).at(-1)?.runId).toBe(described.runId)
  }
}, 300_000)
