// What the state of a session allows: accept, end and result over all their facts. Whether somebody may command it at
// all is asked before, by the policy.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  accept,
  type CommandFacts,
  end,
  giveResult,
  type ResultFacts,
  waitingAfterClient,
} from '../../../src/domain/commands.ts'
import type { Verdict } from '../../../src/domain/refusal.ts'
import { PHASES, type Phase } from '../../../src/domain/words.ts'

const session = (facts: Partial<CommandFacts>): CommandFacts => ({
  phase: 'queued',
  operatorId: null,
  offeredToOperator: null,
  lastInSeq: 3,
  ...facts,
})

/** What is told: the refusal's code, or what the command comes to. */
const told = <T>(verdict: Verdict<T>, of: (value: T) => string): string =>
  verdict.ok ? of(verdict.value) : verdict.refusal.code

/** A result as it is chosen, and what is known of it. */
const RESULTS: Record<string, readonly [note: string | null, known: ResultFacts | null]> = {
  complete: [null, { noteRequired: false }],
  'with the note it asks for': ['because', { noteRequired: true }],
  'without the note it asks for': [null, { noteRequired: true }],
  'with a note of spaces': [' \n\t', { noteRequired: true }],
  'that nobody knows': ['because', null],
}

/** The same expectation for every kind of result. */
const forAnyResult = (expected: string) => Object.fromEntries(Object.keys(RESULTS).map((kind) => [kind, expected]))

describe('accept', () => {
  const free = { slots: 2, taken: 1 }
  const full = { slots: 2, taken: 2 }
  const ask = (facts: Partial<CommandFacts>, room: { slots: number; taken: number }) =>
    told(accept(session(facts), { userId: 'me', ...room }), ({ phase }) => phase)

  test('is for those to whom the session is offered, as long as they have a free slot', () => {
    const answers = ([null, 'me', 'another'] as const).map((offeredToOperator) => [
      ask({ offeredToOperator }, free),
      ask({ offeredToOperator }, full),
    ])
    expect(answers).toEqual([
      ['active', 'no-free-slot'],
      ['active', 'no-free-slot'],
      ['already-accepted', 'already-accepted'],
    ])
    expect(accept(session({}), { userId: 'me', ...full })).toMatchObject({ refusal: { slots: 2, taken: 2 } })
  })

  test('comes too late for all else, and only who talks already is told so in other words', () => {
    const table = Object.fromEntries(
      PHASES.filter((phase) => phase !== 'queued').map((phase) => [
        phase,
        ['me', 'another'].map((operatorId) => [ask({ phase, operatorId }, free), ask({ phase, operatorId }, full)]),
      ]),
    )
    const late = ['already-accepted', 'already-accepted']
    expect(table).toEqual({
      active: [['wrong-phase', 'wrong-phase'], late],
      wrapUp: [late, late],
      ended: [late, late],
    })
  })

  test('of any number of operators who ask one after another goes to the first who may, and to nobody else', () => {
    const asking = fc.array(
      fc.record({ userId: fc.constantFrom('a', 'b', 'c'), slots: fc.integer({ min: 1, max: 3 }), taken: fc.nat(4) }),
      { minLength: 1, maxLength: 12 },
    )
    const offered = fc.constantFrom(null, 'a', 'b')
    fc.assert(
      fc.property(asking, offered, (askers, offeredToOperator) => {
        const may = (by: (typeof askers)[number]) =>
          by.taken < by.slots && (offeredToOperator === null || offeredToOperator === by.userId)
        let facts = session({ offeredToOperator })
        const got: number[] = []
        for (const [n, by] of askers.entries()) {
          const verdict = accept(facts, by)
          if (!verdict.ok) continue
          got.push(n)
          facts = session({ phase: verdict.value.phase, operatorId: by.userId })
        }
        const first = askers.findIndex(may)
        expect(got).toEqual(first === -1 ? [] : [first])
      }),
    )
  })
})

describe('end', () => {
  const ask = (phase: Phase, kind: string | null, lastSeq: number) => {
    const [note, known] = RESULTS[kind ?? ''] ?? [null, null]
    const result = kind === null ? null : { resultId: 'r', note }
    return told(end(session({ phase }), { lastSeq, result }, known), (value) => value.phase)
  }
  const table = (lastSeq: number) =>
    Object.fromEntries(
      PHASES.map((phase) => [
        phase,
        {
          'no result': ask(phase, null, lastSeq),
          ...Object.fromEntries(Object.keys(RESULTS).map((kind) => [kind, ask(phase, kind, lastSeq)])),
        },
      ]),
    )
  const over = { 'no result': 'wrong-phase', ...forAnyResult('wrong-phase') }

  test('leads to wrap-up, or with a result that is complete to the end, from the queue as well', () => {
    const open = {
      'no result': 'wrapUp',
      complete: 'ended',
      'with the note it asks for': 'ended',
      'without the note it asks for': 'result-required',
      'with a note of spaces': 'result-required',
      'that nobody knows': 'unknown-result',
    }
    expect(table(3)).toEqual({ queued: open, active: open, wrapUp: over, ended: over })
  })

  test('is refused whatever the result is while a message of the client was not seen', () => {
    const unseen = { 'no result': 'newer-client-message', ...forAnyResult('newer-client-message') }
    expect(table(2)).toEqual({ queued: unseen, active: unseen, wrapUp: over, ended: over })
  })

  test('never passes over a client message that counts, and never stops at one’s own (I3)', () => {
    const phase = fc.constantFrom<Phase>('queued', 'active')
    fc.assert(
      fc.property(phase, fc.nat(50), fc.nat(50), (given, lastInSeq, lastSeq) => {
        const verdict = end(session({ phase: given, lastInSeq }), { lastSeq, result: null }, null)
        if (lastInSeq <= lastSeq) expect(verdict).toEqual({ ok: true, value: { phase: 'wrapUp' } })
        else expect(verdict).toEqual({ ok: false, refusal: { code: 'newer-client-message', lastSeq: lastInSeq } })
      }),
    )
  })
})

describe('result', () => {
  test('ends the wrap-up, may be changed after the end, and belongs to no other phase', () => {
    const table = Object.fromEntries(
      PHASES.map((phase) => [
        phase,
        Object.fromEntries(
          Object.entries(RESULTS).map(([kind, [note, known]]) => [
            kind,
            told(giveResult(session({ phase }), { resultId: 'r', note }, known), ({ ends }) =>
              ends ? 'ends' : 'changes',
            ),
          ]),
        ),
      ]),
    )
    const incomplete = {
      'without the note it asks for': 'result-required',
      'with a note of spaces': 'result-required',
      'that nobody knows': 'unknown-result',
    }
    const given = (expected: string) => ({
      complete: expected,
      'with the note it asks for': expected,
      ...incomplete,
    })
    expect(table).toEqual({
      queued: forAnyResult('wrong-phase'),
      active: forAnyResult('wrong-phase'),
      wrapUp: given('ends'),
      ended: given('changes'),
    })
  })

  test('that is refused says what is missing, or in which phase the session is', () => {
    const strict = { noteRequired: true }
    const give = (phase: Phase) => giveResult(session({ phase }), { resultId: 'r', note: null }, strict)
    expect(give('wrapUp')).toEqual({ ok: false, refusal: { code: 'result-required', missing: 'note' } })
    expect(give('active')).toEqual({ ok: false, refusal: { code: 'wrong-phase', phase: 'active' } })
  })
})

test('a client waits since the first message that nobody answered, however many follow', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 10 }), (times) => {
      const since = times.reduce<number | null>((waiting, at) => waitingAfterClient(waiting, at), null)
      expect(since).toBe(times[0])
    }),
  )
})
