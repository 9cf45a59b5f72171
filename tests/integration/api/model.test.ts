// Fifty random lives of forty steps each through REST, workflow and a Meta that is played, several at a time, beside the
// model: both answer and end up alike, the workflow follows its row, and every invariant holds.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PhoneClient } from '../../../simulator/phone-book.ts'
import { eventually } from '../../support/eventually.ts'
import { breaches } from '../../support/invariants.ts'
import {
  type Answer,
  aStep,
  expected,
  type Model,
  NOBODY_WROTE,
  next,
  PEOPLE,
  type Seen,
  type Step,
  seenBy,
} from '../../support/model.ts'
import { type Person, type System, startSystem } from '../../support/system.ts'

const SEED = Number(process.env.SEED ?? (Date.now() ^ (process.pid << 12)) >>> 0)
const AT_ONCE = 5
const RUNS = Number(process.env.RUNS ?? 50) / AT_ONCE
const STEPS = 40

let system: System
let people: Record<(typeof PEOPLE)[number], Person>
let names: ReadonlyMap<string, (typeof PEOPLE)[number]>
let resultId: string

beforeAll(async () => {
  system = await startSystem()
  const admin = await system.signIn('admin')
  const { items } = (await admin.get<{ items: { id: string; email: string }[] }>('/api/v1/users')).body
  for (const { id } of items) await admin.ask('PATCH', `/api/v1/users/${id}`, { slots: 1_000 })
  // No step of these lives waits.
  await admin.ask('PATCH', '/api/v1/settings', { timeToAccept: 3_600 })
  const [olga, omar, sara] = await Promise.all(PEOPLE.map((name) => system.signIn(name)))
  if (olga === undefined || omar === undefined || sara === undefined) throw new Error('nobody is there')
  people = { olga, omar, sara }
  names = new Map(
    items.flatMap(({ id, email }) => PEOPLE.filter((name) => email.startsWith(name)).map((name) => [id, name])),
  )
  const results = (
    await olga.get<{ items: { id: string; noteRequired: boolean; children?: unknown[] }[] }>('/api/v1/results')
  ).body
  resultId = results.items.find((one) => !one.noteRequired && (one.children ?? []).length === 0)?.id ?? ''
})
afterAll(() => system.close())

const idOf = (name: string): string => [...names].find(([, one]) => one === name)?.[0] ?? ''

interface Session {
  id: string
  phase: Seen['phase']
  operatorId: string | null
  lastSeq: number
  textField: { open: boolean; reason: string | null }
  endReason: string | null
}

class Real {
  readonly #client: PhoneClient

  constructor(no: number) {
    this.#client = system.simulator.phone.client({
      name: `Client ${no}`,
      phone: `+42077${String(no).padStart(7, '0')}`,
    })
  }

  async #ids(): Promise<readonly string[]> {
    const rows = await system.db
      .selectFrom('session as s')
      .innerJoin('client_alias as a', 'a.client_id', 's.client_id')
      .select('s.id')
      .where('a.value', '=', this.#client.who.phone)
      .orderBy('s.started_at')
      .orderBy('s.id')
      .execute()
    return rows.map(({ id }) => id)
  }

  async perform(step: Step): Promise<Answer> {
    if (step.do === 'say') {
      await this.#says(step.what)
      return 'done'
    }
    const id = (await this.#ids()).at(-1)
    if (id === undefined || step.do === 'wait') return 'done'
    const { lastSeq } = (await people.sara.get<Session>(`/api/v1/sessions/${id}`)).body
    const result = { resultId, note: null }
    const [path, body] = {
      accept: ['accept', undefined],
      write: ['messages', { type: 'text', text: 'Hello to you' }],
      end: [
        'end',
        step.do === 'end' ? { lastSeq: seenBy({ lastSeq }, step), ...(step.result ? { result } : {}) } : null,
      ],
      result: ['result', result],
      transfer: ['transfer', step.do === 'transfer' ? { operatorId: idOf(step.to) } : null],
      return: ['return', undefined],
      takeOver: ['take-over', undefined],
    }[step.do] as [string, unknown]
    const answer = await people[step.by].post<{ code?: string }>(`/api/v1/sessions/${id}/${path}`, body)
    // Which field is wrong is said by a pointer; the code of all such is one.
    if (step.do === 'transfer' && answer.body.code === 'invalid') return 'wrong-target'
    return answer.status < 300 ? 'done' : (answer.body.code ?? String(answer.status))
  }

  async #says(what: 'text' | 'reaction'): Promise<void> {
    const first = this.#client.messages()[0]
    const note =
      what === 'text' || first === undefined
        ? await this.#client.writes('Hello')
        : await this.#client.does({ type: 'reaction', to: first.wamid, emoji: '👍' })
    await eventually(
      () => this.#client.messages().find(({ wamid }) => wamid === note.wamid)?.status === 'delivered',
      'Meta has its 200',
    )
  }

  async seen(): Promise<{ readonly newest: Seen | null; readonly sessions: number }> {
    const ids = await this.#ids()
    const id = ids.at(-1)
    if (id === undefined) return { newest: null, sessions: 0 }
    const session = (await people.sara.get<Session>(`/api/v1/sessions/${id}`)).body
    return {
      newest: {
        phase: session.phase,
        operator: session.operatorId === null ? null : (names.get(session.operatorId) ?? null),
        lastSeq: session.lastSeq,
        field: session.textField.open ? 'open' : (session.textField.reason ?? ''),
        endReason: session.endReason,
      },
      sessions: ids.length,
    }
  }

  /** The workflow of a session that is not ended has heard of everything; that of an ended one has gone. */
  async followed(): Promise<void> {
    const id = (await this.#ids()).at(-1)
    await eventually(async () => {
      const life = (
        await people.sara.get<{ phase: string | null; database: { phase: string } }>(`/api/v1/sessions/${id}/workflow`)
      ).body
      return life.database.phase === 'ended' || life.phase === life.database.phase
    }, `the workflow of ${id} follows its row`)
  }
}

test(`the model and Parley, through REST and Temporal, live alike (SEED=${SEED})`, { timeout: 300_000 }, async () => {
  let run = 0
  const lives = (seed: number) =>
    fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: STEPS - 1, maxLength: STEPS - 1 }), async (script) => {
        const real = new Real(++run)
        let model: Model = NOBODY_WROTE
        for (const step of [{ do: 'say', what: 'text' } as const, ...script]) {
          const answer = await real.perform(step)
          const predicted = next(model, step, system.clock.now())
          model = predicted.model
          expect([step, answer]).toEqual([step, predicted.answer])
          const { newest, sessions } = await real.seen()
          expect([step, newest]).toEqual([step, expected(model, system.clock.now())])
          expect(sessions).toBe(model.sessions)
        }
        await real.followed()
      }),
      // Shrinking would live it again a hundred times; the seed repeats it.
      { numRuns: RUNS, seed, endOnFailure: true },
    )
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => lives(SEED + n)))
  expect(await breaches(system.db)).toEqual([])
  expect(system.simulator.truth.doubles()).toEqual([])
})
