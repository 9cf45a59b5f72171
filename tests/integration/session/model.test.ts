// A thousand random lives of a session, refusals and passing time included, decided by Parley's transactions and by a
// model beside: both answer and end up alike, and every invariant holds.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TIMER_NAMES } from '../../../src/domain/timers.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { sendText } from '../../../src/sessions/send.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { loadStates, textFieldOf } from '../../../src/sessions/state.ts'
import { breaches } from '../../support/invariants.ts'
import {
  type Answer,
  aStep,
  aWait,
  expected,
  type Model,
  NOBODY_WROTE,
  next,
  PEOPLE,
  type Seen,
  type Step,
  seenBy,
} from '../../support/model.ts'
import { signIn } from '../../support/people.ts'
import { newWamid, reaction, text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

const SEED = Number(process.env.SEED ?? (Date.now() ^ (process.pid << 12)) >>> 0)
const RUNS = Number(process.env.RUNS ?? 1_000)

let world: World
beforeAll(async () => {
  world = await startWorld({ slots: 100_000 })
  await signIn(world)
})
afterAll(() => world.close())

/** One client's newest session, as Parley has it. */
class Real {
  readonly #phone: string

  constructor(no: number) {
    this.#phone = `42077${String(no).padStart(7, '0')}`
  }

  async #session() {
    const known = await world.db
      .selectFrom('client_alias')
      .select('client_id')
      .where('value', '=', this.#phone)
      .execute()
    return known.length === 0 ? undefined : (await world.sessions(this.#phone)).at(-1)
  }

  async perform(step: Step): Promise<Answer> {
    if (step.do === 'say') {
      const who = { phone: this.#phone }
      await world.deliver(step.what === 'text' ? text(who, 'Hello') : reaction(who, newWamid(), '👍'))
      return 'done'
    }
    const session = await this.#session()
    if (step.do === 'wait') {
      world.clock.forward(step.minutes * 60_000)
      if (session !== undefined) for (const timer of TIMER_NAMES) await world.fire(session.id, timer)
      return 'done'
    }
    if (session === undefined) return 'done'
    const by = world[step.by]
    const outcome = await (step.do === 'write'
      ? this.#write(session.id, by)
      : world.command(by, session.id, step.do, this.#body(step, session.last_seq)))
    return outcome.ok ? 'done' : outcome.refusal.code
  }

  #body(step: Step, lastSeq: number) {
    const result = { resultId: world.resultId, note: null }
    if (step.do === 'end') return { lastSeq: seenBy({ lastSeq }, step), ...(step.result ? { result } : {}) }
    if (step.do === 'transfer') return { target: { kind: 'operator' as const, operatorId: world[step.to] } }
    return step.do === 'result' ? result : {}
  }

  /** Meta takes it at once. */
  async #write(sessionId: string, userId: string) {
    world.clock.forward(1_000)
    const key = newWamid()
    const sent = await sendText(world.ctx, {
      actor: { kind: 'operator', rights: await world.rights(userId) },
      key,
      hash: Buffer.alloc(32),
      sessionId,
      text: 'Hello to you',
      replyTo: null,
    })
    for (let claim = sent.ok ? await claimNext(world.ctx, sessionId) : null; claim !== null; ) {
      if (claim.claim === 'wait') {
        world.clock.forward(Math.max(0, claim.until - world.clock.now()))
        claim = await claimNext(world.ctx, sessionId)
        continue
      }
      if (claim.claim !== 'post') throw new Error(`not claimed: ${claim.claim}`)
      await settle(world.ctx, sessionId, claim.claimed.attemptId, { outcome: 'accepted', wamid: key, aliases: [] })
      claim = null
    }
    return sent
  }

  async seen(): Promise<{ readonly newest: Seen | null; readonly sessions: number }> {
    const session = await this.#session()
    if (session === undefined) return { newest: null, sessions: 0 }
    const [state] = await loadStates(world.db, [session.id])
    if (state === undefined) throw new Error('a session without a state')
    const field = textFieldOf(state, world.clock.now())
    return {
      newest: {
        phase: state.phase,
        operator: PEOPLE.find((name) => world[name] === state.operatorId) ?? null,
        lastSeq: state.lastSeq,
        field: field.open ? 'open' : field.reason,
        endReason: session.end_reason,
      },
      sessions: (await world.sessions(this.#phone)).length,
    }
  }
}

test(`Parley and the model live alike (SEED=${SEED})`, { timeout: 300_000 }, async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 9, arbitrary: aStep }, { weight: 1, arbitrary: aWait }), {
        minLength: 4,
        maxLength: 14,
        size: 'max',
      }),
      async (script) => {
        const real = new Real(++run)
        let model: Model = NOBODY_WROTE
        for (const step of script) {
          const answer = await real.perform(step)
          const predicted = next(model, step, world.clock.now())
          model = predicted.model
          expect([step, answer]).toEqual([step, predicted.answer])
          const { newest, sessions } = await real.seen()
          expect([step, newest]).toEqual([step, expected(model, world.clock.now())])
          expect(sessions).toBe(model.sessions)
        }
      },
    ),
    { numRuns: RUNS, seed: SEED, endOnFailure: false },
  )
  expect(await breaches(world.db)).toEqual([])
})
