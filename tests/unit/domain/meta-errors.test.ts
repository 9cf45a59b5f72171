// The error table of Meta's contract, written down as data: each code means something to an operator, and Parley does
// about it what the contract says.
import { expect, test } from 'vitest'
import { breaksChannel, errorOfStatus, metaError, waitAfter } from '../../../src/domain/meta-errors.ts'

const UNKNOWN = metaError(999_999, null).title

/** Those that pass by themselves: Parley tries again, a bounded number of times. */
const PASSING = [1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004]
/** Those that stop the whole number. */
const DOWN = [0, 3, 10, 33, 190, 200, 250, 299, 368, 131005, 131031, 131037, 131042, 131045, 133010]
/** Those of one message, which only a person can do something about. */
const FINAL = [
  100, 130472, 130497, 131008, 131009, 131021, 131026, 131030, 131036, 131047, 131048, 131049, 131050, 131051, 131052,
  131053, 131055, 131062, 131063, 131064, 132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132018,
  135000, 137000,
]

test('every code of the table says what it means and what to do', () => {
  for (const code of [...PASSING, ...DOWN, ...FINAL]) {
    const error = metaError(code, null)
    expect(`${code}: ${error.title}`).not.toBe(`${code}: ${UNKNOWN}`)
    expect(error.advice.length).toBeGreaterThan(10)
  }
})

test('what passes is tried again, ever later, and comes to an end; nothing else is', () => {
  for (const code of PASSING) {
    const waits: number[] = []
    for (let no = 1; no < 20; no++) {
      const wait = waitAfter(code, no)
      if (wait === null) break
      waits.push(wait)
    }
    expect(waits.length).toBeGreaterThan(1)
    expect(waits.length).toBeLessThan(10)
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  }
  for (const code of [...DOWN, ...FINAL, 999_999]) expect(waitAfter(code, 1)).toBeNull()
  // Meta: 4^X seconds for a pair.
  expect([1, 2, 3].map((no) => waitAfter(131056, no))).toEqual([4_000, 16_000, 64_000])
})

test('only what concerns the number turns it red', () => {
  for (const code of DOWN) expect(`${code} ${breaksChannel(code)}`).toBe(`${code} true`)
  for (const code of [...PASSING, ...FINAL, 999_999]) expect(`${code} ${breaksChannel(code)}`).toBe(`${code} false`)
})

test('outside the window only a HeroCard helps', () => {
  expect(metaError(131047, 'x')).toMatchObject({ retry: 'template', details: 'x' })
})

test('a failed status says why, however much of it is missing', () => {
  expect(errorOfStatus({ errors: [{ code: 131026, error_data: { details: 'why' } }] })).toMatchObject({
    code: 131026,
    details: 'why',
  })
  for (const body of [{}, { errors: [] }, { errors: 'no' }, { errors: [null] }, { errors: [{ code: 'x' }] }]) {
    expect(errorOfStatus(body as never).code).toBe(131000)
  }
})
