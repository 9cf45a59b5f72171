// Who sees and touches which session (I7): the policy over everybody and every state of a session. That lists in SQL
// say the same is proved in integration/live, that every route asks it in integration/api.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Access,
  type AccessFacts,
  mayDo,
  maySee,
  type Rights,
  SESSION_ACTIONS,
} from '../../../src/domain/policy.ts'
import { PHASES, ROLES } from '../../../src/domain/words.ts'

const rights = (given: Partial<Rights>): Rights => ({
  userId: 'they',
  role: 'operator',
  groupIds: ['group'],
  seeOthers: false,
  slots: 5,
  ...given,
})

const WHO = {
  'operator of the group': rights({}),
  '… with the right to see others’': rights({ seeOthers: true }),
  'operator of another group': rights({ groupIds: ['elsewhere'], seeOthers: true }),
  'supervisor of the group': rights({ role: 'supervisor' }),
  'supervisor of another group': rights({ role: 'supervisor', groupIds: ['elsewhere'] }),
  administrator: rights({ role: 'administrator', groupIds: [] }),
}

const none = { groupId: 'group', operatorId: null, offerOperatorId: null }
const theirs = { ...none, operatorId: 'they' }
const anothers = { ...none, operatorId: 'another' }
const SESSIONS: Record<string, AccessFacts> = {
  'queued, offered to the group': { ...none, phase: 'queued' },
  'queued, offered to them': { ...none, phase: 'queued', offerOperatorId: 'they' },
  'queued, offered to another': { ...none, phase: 'queued', offerOperatorId: 'another' },
  'active, theirs': { ...theirs, phase: 'active' },
  'active, another’s': { ...anothers, phase: 'active' },
  'in wrap-up, theirs': { ...theirs, phase: 'wrapUp' },
  'in wrap-up, another’s': { ...anothers, phase: 'wrapUp' },
  'ended, theirs': { ...theirs, phase: 'ended' },
  'ended, another’s': { ...anothers, phase: 'ended' },
  'ended, nobody’s': { ...none, phase: 'ended' },
}

const LETTER: Record<Access, string> = { allowed: '+', 'not-found': '.', 'not-allowed': 'x', 'not-your-session': 'o' }

/** `see` or a dash, then each action in the order of SESSION_ACTIONS. */
const line = (who: Rights, facts: AccessFacts): string =>
  `${maySee(who, facts) ? 'see' : '---'} ${SESSION_ACTIONS.map((action) => LETTER[mayDo(who, facts, action)]).join('')}`

describe('the policy', () => {
  test('is told for everybody and every session: + may, . does not exist, x nobody has it yet, o another has it', () => {
    expect(SESSION_ACTIONS.join(' ')).toBe('accept write transfer return takeOver end result note read tag reconnect')
    const table = Object.fromEntries(
      Object.entries(WHO).map(([name, who]) => [
        name,
        Object.fromEntries(Object.entries(SESSIONS).map(([session, facts]) => [session, line(who, facts)])),
      ]),
    )
    // To write is let through where nobody has the session: the text field then says `noOperator`, or `ended`. So is
    // to accept what was the group's a moment ago: its state says who was first.
    const of = (may: string) => ({ 'active, theirs': may, 'in wrap-up, theirs': may, 'ended, theirs': may })
    const own = of('see +++++++++++')
    const operator = {
      ...own,
      'queued, offered to the group': 'see ++++xxx+x++',
      'queued, offered to them': 'see ++++xxx+x++',
      'queued, offered to another': '--- +..........',
      'active, another’s': '--- +..........',
      'in wrap-up, another’s': '--- +..........',
      'ended, another’s': 'see +oooooo+o++',
      'ended, nobody’s': 'see ++++xxx+x++',
    }
    const commands = {
      ...own,
      'queued, offered to the group': 'see ++++++++x++',
      'queued, offered to them': 'see ++++++++x++',
      'queued, offered to another': 'see ++++++++x++',
      'active, another’s': 'see +o++++++o++',
      'in wrap-up, another’s': 'see +o++++++o++',
      'ended, another’s': 'see +o++++++o++',
      'ended, nobody’s': 'see ++++++++x++',
    }
    const stranger = {
      ...own,
      'queued, offered to the group': '--- ...........',
      'queued, offered to them': 'see ++++xxx+x++',
      'queued, offered to another': '--- ...........',
      'active, another’s': '--- ...........',
      'in wrap-up, another’s': '--- ...........',
      'ended, another’s': '--- ...........',
      'ended, nobody’s': '--- ...........',
    }
    expect(table).toEqual({
      'operator of the group': operator,
      '… with the right to see others’': {
        ...operator,
        'active, another’s': 'see +ooooooooo+',
        'in wrap-up, another’s': 'see +ooooooooo+',
      },
      'operator of another group': stranger,
      'supervisor of the group': commands,
      'supervisor of another group': { ...stranger, 'queued, offered to them': 'see ++++++++x++' },
      administrator: commands,
    })
  })

  const somebody = fc.constantFrom('they', 'another', 'a third')
  const group = fc.constantFrom('group', 'elsewhere')
  const anyRights = fc.record({
    userId: somebody,
    role: fc.constantFrom(...ROLES),
    groupIds: fc.subarray(['group', 'elsewhere']),
    seeOthers: fc.boolean(),
    slots: fc.constant(5),
  })
  const anyFacts = fc.record({
    phase: fc.constantFrom(...PHASES),
    groupId: fc.option(group, { nil: null }),
    operatorId: fc.option(somebody, { nil: null }),
    offerOperatorId: fc.option(somebody, { nil: null }),
  })

  test('never takes away by giving: a higher role, another group, the right to see others’', () => {
    const more = fc.constantFrom<(given: Rights) => Rights>(
      (given) => ({ ...given, role: ROLES[Math.min(ROLES.indexOf(given.role) + 1, ROLES.length - 1)] ?? given.role }),
      (given) => ({ ...given, groupIds: ['group', 'elsewhere'] }),
      (given) => ({ ...given, seeOthers: true }),
    )
    fc.assert(
      fc.property(anyRights, anyFacts, more, (given, facts, raise) => {
        const raised = raise(given)
        if (maySee(given, facts)) expect(maySee(raised, facts)).toBe(true)
        for (const action of SESSION_ACTIONS) {
          if (mayDo(given, facts, action) === 'allowed') expect(mayDo(raised, facts, action)).toBe('allowed')
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('answers nothing that one may not know: what is not seen does not exist, and whose it is only who sees it learns', () => {
    fc.assert(
      fc.property(anyRights, anyFacts, (given, facts) => {
        const seen = maySee(given, facts)
        for (const action of SESSION_ACTIONS) {
          const answer = mayDo(given, facts, action)
          if (action !== 'accept') expect(answer === 'not-found').toBe(!seen)
          if (answer === 'not-your-session') expect([null, given.userId]).not.toContain(facts.operatorId)
          if (answer === 'not-allowed') expect(facts.operatorId).toBeNull()
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('lets nobody out of the session that they have, whatever became of their groups, and nobody in by a group of none', () => {
    fc.assert(
      fc.property(anyRights, anyFacts, (given, facts) => {
        const own = { ...facts, operatorId: given.userId }
        expect(line(given, own)).toBe('see +++++++++++')
        const ungrouped = { ...facts, groupId: null, operatorId: null, offerOperatorId: null }
        expect(maySee(given, ungrouped)).toBe(given.role === 'administrator')
      }),
    )
  })
})
