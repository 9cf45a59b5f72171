// The ladder of an attempt (I5), and the pace, against models that are too simple to be wrong.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ATTEMPT_STATES,
  type AttemptState,
  climb,
  isInFlight,
  mayRetry,
  takeNumberSlot,
  takePairToken,
} from '../../../src/domain/delivery.ts'

const LADDER = ATTEMPT_STATES.filter((state) => state !== 'failed')
const state = fc.constantFrom(...ATTEMPT_STATES)
const rung = fc.constantFrom(...LADDER)
const walk = (from: AttemptState, told: readonly AttemptState[]) => {
  let at = from
  let reachedAnyway = false
  for (const next of told) {
    const step = climb(at, next)
    if (step.moves) at = step.state
    else reachedAnyway ||= step.reachedAnyway
  }
  return { at, reachedAnyway }
}

test('statuses in any order, doubled or not, lead to the highest of them', () => {
  fc.assert(
    fc.property(rung, fc.array(rung, { maxLength: 12 }), (from, told) => {
      const highest = Math.max(...[from, ...told].map((one) => LADDER.indexOf(one as never)))
      expect(walk(from, told).at).toBe(LADDER[highest])
    }),
  )
})

test('no step ever leads down', () => {
  fc.assert(
    fc.property(state, state, (from, told) => {
      const step = climb(from, told)
      if (!step.moves || step.state === 'failed') return
      expect(LADDER.indexOf(step.state)).toBeGreaterThan(LADDER.indexOf(from as never))
    }),
  )
})

test('failed replaces what is below delivered, and nothing from there on', () => {
  for (const from of LADDER) {
    const below = LADDER.indexOf(from) < LADDER.indexOf('delivered')
    expect(climb(from, 'failed')).toEqual(
      below ? { moves: true, state: 'failed' } : { moves: false, reachedAnyway: false },
    )
  }
})

test('failed stays failed, and is marked exactly when it is seen to arrive after all', () => {
  fc.assert(
    fc.property(fc.array(state, { maxLength: 12 }), (told) => {
      const { at, reachedAnyway } = walk('failed', told)
      expect(at).toBe('failed')
      expect(reachedAnyway).toBe(told.some((one) => ['delivered', 'read', 'played'].includes(one)))
    }),
  )
})

test('only failed and unknown may be tried again, and only what is pending or calling is in flight', () => {
  expect(ATTEMPT_STATES.filter(mayRetry)).toEqual(['unknown', 'failed'])
  expect(ATTEMPT_STATES.filter(isInFlight)).toEqual(['pending', 'calling'])
})

const gaps = fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 150 })

test('of one pair, no span of time sees more than its burst and what was refilled meanwhile', () => {
  fc.assert(
    fc.property(gaps, (steps) => {
      let pair = { tokens: 45, at: null as number | null }
      let at = 1_000_000
      const leaves: number[] = []
      for (const step of steps) {
        at += step
        const taken = takePairToken(pair, at)
        expect(taken.from).toBeGreaterThanOrEqual(at)
        pair = taken.pair
        leaves.push(taken.from)
      }
      expect(leaves).toEqual(leaves.toSorted((a, b) => a - b))
      for (let first = 0; first < leaves.length; first++) {
        for (let last = first; last < leaves.length; last++) {
          const span = (leaves[last] ?? 0) - (leaves[first] ?? 0)
          expect(last - first + 1).toBeLessThanOrEqual(45 + span / 6_000 + 1e-6)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('a pair that was quiet for long enough has its whole burst, and the message after it waits six seconds', () => {
  let pair = { tokens: -10, at: 0 as number | null }
  const at = 6_000 * 60
  for (let n = 0; n < 45; n++) {
    const taken = takePairToken(pair, at)
    expect(taken.from).toBe(at)
    pair = taken.pair
  }
  expect(takePairToken(pair, at).from).toBe(at + 6_000)
})

test('a number’s slots are as far apart as its rate says, for any rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), gaps, (mps, steps) => {
      let next: number | null = null
      let at = 1_000_000
      let before = Number.NEGATIVE_INFINITY
      for (const step of steps) {
        at += step % 50
        const slot = takeNumberSlot(next, mps, at)
        expect(slot.from).toBeGreaterThanOrEqual(at)
        expect(slot.from - before).toBeGreaterThanOrEqual(1_000 / mps - 1e-6)
        before = slot.from
        next = slot.next
      }
    }),
  )
})
