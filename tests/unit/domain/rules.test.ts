// Window, text field, effects, timers, identity: each rule over all its facts.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holds, mayBan, mayLift } from '../../../src/domain/ban.ts'
import { effects, INBOUND_KINDS } from '../../../src/domain/effects.ts'
import { destination, identify, type KnownClient, survivor } from '../../../src/domain/identity.ts'
import { isNewer, isOver, type Snapshot } from '../../../src/domain/snapshot.ts'
import { CLOSED_BECAUSE, textField } from '../../../src/domain/text-field.ts'
import { dueTimer, type TimerFacts, timers } from '../../../src/domain/timers.ts'
import { extended, isOpen, spokenAt, WINDOW_MS, type Window } from '../../../src/domain/window.ts'
import { type Alias, PHASES } from '../../../src/domain/words.ts'

const instant = fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null })

describe('window', () => {
  test('it only grows, and ends as 24 hours after the latest time at which the client spoke, in any order', () => {
    fc.assert(
      fc.property(fc.array(instant, { minLength: 1, maxLength: 20 }), (spoken) => {
        let window: Window = { until: null, messageId: null }
        for (const [n, at] of spoken.entries()) {
          const next = extended(window, at, `m${n}`)
          expect(next.until ?? 0).toBeGreaterThanOrEqual(window.until ?? 0)
          if (next.until === window.until) expect(next).toBe(window)
          window = next
        }
        const latest = Math.max(...spoken)
        expect(window).toEqual({ until: latest + WINDOW_MS, messageId: `m${spoken.indexOf(latest)}` })
        expect([isOpen(window, latest + WINDOW_MS - 1), isOpen(window, latest + WINDOW_MS)]).toEqual([true, false])
      }),
    )
  })

  test('a client never spoke later than it was received, nor at a time that cannot be', () => {
    fc.assert(
      fc.property(
        maybe(fc.oneof(instant, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 0))),
        instant,
        (told, received) => {
          const spoke = spokenAt(told, received)
          expect(spoke.at).toBeLessThanOrEqual(received)
          expect(received - spoke.at).toBeLessThanOrEqual(8 * WINDOW_MS)
          if (spoke.doubted) expect(spoke.at).toBe(received)
        },
      ),
    )
  })

  test('what cannot be when a client spoke is marked; a clock of Meta that is a little ahead is not', () => {
    const received = Date.parse('2026-03-01T12:00:00Z')
    const [second, day] = [1_000, 24 * 3_600_000]
    const doubted = (at: number | null) => spokenAt(at, received).doubted
    for (const ahead of [second, 30 * second, 5 * 60 * second]) {
      expect(spokenAt(received + ahead, received)).toEqual({ at: received, doubted: false })
    }
    expect([received, received - 7 * day].map(doubted)).toEqual([false, false])
    const year5138 = 99_999_999_999 * second
    expect([received + 5 * 60 * second + 1, received + day, year5138].map(doubted)).toEqual([true, true, true])
    expect([null, Number.NaN, 0, received - 9 * day].map(doubted)).toEqual([true, true, true, true])
  })
})

describe('text field', () => {
  const facts = fc.record({
    phase: fc.constantFrom(...PHASES),
    window: fc.record({ until: maybe(instant), messageId: fc.constant(null) }),
    awaitsClient: fc.boolean(),
    banned: fc.boolean(),
    channelUp: fc.boolean(),
  })

  test('it is open exactly for an accepted session of nobody banned whose window is open on a number that works (I6)', () => {
    fc.assert(
      fc.property(facts, instant, (given, at) => {
        const field = textField(given, at)
        const { until } = given.window
        expect(field.open).toBe(
          given.phase === 'active' && !given.banned && given.channelUp && until !== null && at < until,
        )
        if (field.open) expect(field).toEqual({ open: true, until, reason: null })
        else expect(CLOSED_BECAUSE).toContain(field.reason)
      }),
    )
  })

  test('of several reasons the one is told whose removal matters next', () => {
    const shut = { window: { until: 1, messageId: null }, awaitsClient: true, banned: false, channelUp: false }
    const reasons = PHASES.map((phase) => textField({ ...shut, phase }, 2).reason)
    expect(reasons).toEqual(['noOperator', 'channelDown', 'wrapUp', 'ended'])
    expect(textField({ ...shut, phase: 'active', banned: true }, 2).reason).toBe('banned')
    expect(textField({ ...shut, phase: 'active', channelUp: true }, 2).reason).toBe('awaitingClient')
    expect(textField({ ...shut, phase: 'active', channelUp: true, awaitsClient: false }, 2).reason).toBe('windowShut')
  })
})

test('effects are told for every kind: what counts for the end opens the window, and nobody else starts a session', () => {
  const table = Object.fromEntries(
    INBOUND_KINDS.map((kind) => {
      const { startsSession, opensWindow, countsUnread, countsForEnd } = effects(kind)
      return [kind, [startsSession, opensWindow, countsUnread, countsForEnd].map(Number).join('')]
    }),
  )
  expect(table).toEqual({
    message: '1111',
    reaction: '0100',
    edit: '0100',
    ghost: '0100',
    call: '0100',
    standby: '0100',
    revoke: '0000',
    system: '0000',
    echo: '0000',
    group: '0000',
  })
})

describe('timers', () => {
  const facts: fc.Arbitrary<TimerFacts> = fc.record({
    phase: fc.constantFrom(...PHASES),
    offerDueAt: maybe(instant),
    overdueAt: maybe(instant),
    offerOperatorId: maybe(fc.constant('omar')),
    windowUntil: maybe(instant),
    warnedWindow: maybe(instant),
    shutWindow: maybe(instant),
    waitingSince: maybe(instant),
    lastMessageAt: instant,
    awaitsClient: fc.boolean(),
    acceptedAt: maybe(instant),
    wrapUpAt: maybe(instant),
  })
  const seconds = fc.nat({ max: 100_000 })
  const settings = fc.record({ windowWarning: seconds, inactivity: seconds, noAnswer: seconds, wrapUpMax: seconds })

  test('they come in the order in which they are due, each once, and each belongs to the phase', () => {
    const of = {
      queued: ['offerOverdue', 'offerUnanswered'],
      active: ['windowWarning', 'windowExpiry', 'inactivity', 'noAnswer'],
      wrapUp: ['wrapUpMax'],
      ended: [],
    }
    fc.assert(
      fc.property(facts, settings, (given, set) => {
        const running = timers(given, set)
        const due = running.map((timer) => timer.dueAt)
        expect(due).toEqual(due.toSorted((a, b) => a - b))
        expect(new Set(running.map((timer) => timer.name)).size).toBe(running.length)
        for (const timer of running) expect(of[given.phase]).toContain(timer.name)
      }),
    )
  })

  test('one that is off by the settings never runs, and a client who waits is never sent away', () => {
    fc.assert(
      fc.property(facts, settings, instant, (given, set, waitingSince) => {
        const off = { windowWarning: 0, inactivity: 0, noAnswer: 0, wrapUpMax: 0 }
        for (const timer of timers(given, off))
          expect(['offerOverdue', 'offerUnanswered', 'windowExpiry']).toContain(timer.name)
        expect(timers({ ...given, waitingSince }, set).some((timer) => timer.name === 'inactivity')).toBe(false)
      }),
    )
  })

  test('it fires when it is due by the facts of then, not before', () => {
    fc.assert(
      fc.property(facts, settings, (given, set) => {
        for (const timer of timers(given, set)) {
          expect(dueTimer(given, set, timer.name, timer.dueAt)).toEqual(timer)
          expect(dueTimer(given, set, timer.name, timer.dueAt - 1)).toBeNull()
        }
      }),
    )
  })
})

test('of two snapshots the greater (epoch, rev) is newer, and one that came again replaces its like', () => {
  const snapshot = (epoch: number, rev: number) => ({ epoch, rev }) as Snapshot
  fc.assert(
    fc.property(fc.nat(3), fc.nat(9), fc.nat(3), fc.nat(9), (e1, r1, e2, r2) => {
      const newer = isNewer(snapshot(e1, r1), snapshot(e2, r2))
      expect(newer).toBe(e1 * 100 + r1 >= e2 * 100 + r2)
    }),
  )
  const over = (phase: Snapshot['phase'], pending: number, calling: number) =>
    isOver({ phase, sends: { pending, calling, waitUntil: null } } as Snapshot)
  expect([over('ended', 0, 0), over('ended', 1, 0), over('ended', 0, 1), over('wrapUp', 0, 0)]).toEqual([
    true,
    false,
    false,
    false,
  ])
})

describe('identity', () => {
  const phone: Alias = { kind: 'phone', value: '420777000001' }
  const bsuid: Alias = { kind: 'bsuid', value: 'CZ.1' }
  const find = (known: { phone?: KnownClient; bsuid?: KnownClient }) => (alias: Alias) => known[alias.kind] ?? null

  test('nobody known by another BSUID is ever joined, and a recycled phone inherits nobody’s history', () => {
    const a = { id: 'a', hasBsuid: true }
    const b = { id: 'b', hasBsuid: true }
    expect(identify([phone, bsuid], find({ phone: a }))).toEqual({ is: 'new', takesPhoneFrom: 'a' })
    expect(identify([phone, bsuid], find({ phone: a, bsuid: b }))).toEqual({
      is: 'known',
      clientId: 'b',
      learns: [phone],
      takesPhoneFrom: 'a',
    })
    expect(identify([phone, bsuid], find({ phone: { id: 'p', hasBsuid: false }, bsuid: b }))).toEqual({
      is: 'same',
      byBsuid: 'b',
      byPhone: 'p',
    })
  })

  test('what is not known yet is learned, and what is known needs nothing', () => {
    const p = { id: 'p', hasBsuid: false }
    expect(identify([phone, bsuid], find({ phone: p }))).toEqual({
      is: 'known',
      clientId: 'p',
      learns: [bsuid],
      takesPhoneFrom: null,
    })
    expect(identify([phone, bsuid], find({ bsuid: { id: 'b', hasBsuid: true } }))).toMatchObject({
      clientId: 'b',
      learns: [phone],
    })
    expect(identify([phone], find({ phone: p }))).toMatchObject({ clientId: 'p', learns: [] })
    expect(identify([bsuid], find({}))).toEqual({ is: 'new', takesPhoneFrom: null })
  })

  test('the survivor does not depend on who is asked first: an operator decides, then age', () => {
    const side = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), createdAt: fc.nat(3), hasOperator: fc.boolean() })
    fc.assert(
      fc.property(side, side, (a, b) => {
        fc.pre(a.id !== b.id)
        expect(survivor(a, b)).toEqual(survivor(b, a))
        const kept = survivor(a, b).survives === a.id ? a : b
        if (a.hasOperator !== b.hasOperator) expect(kept.hasOperator).toBe(true)
        else expect(kept.createdAt).toBe(Math.min(a.createdAt, b.createdAt))
      }),
    )
  })

  test('answers go to the phone where one is known', () => {
    expect([destination([bsuid, phone]), destination([bsuid]), destination([])]).toEqual([phone, bsuid, null])
  })
})

test('what somebody on the blacklist says begins nothing and wakes nobody; Meta’s window is as open as without the ban', () => {
  for (const kind of INBOUND_KINDS) {
    expect(effects(kind, true)).toEqual({
      startsSession: false,
      opensWindow: effects(kind).opensWindow,
      countsUnread: false,
      countsForEnd: false,
    })
  }
})

test('a ban holds until its end, and without one until it is lifted', () => {
  expect([holds(null, 5), holds({ until: null }, 5), holds({ until: 6 }, 5), holds({ until: 5 }, 5)]).toEqual([
    false,
    true,
    true,
    false,
  ])
})

test('operators ban where the setting lets them, and take back their own bans alone', () => {
  const operator = { role: 'operator', userId: 'olga' } as const
  const supervisor = { role: 'supervisor', userId: 'sara' } as const
  expect([mayBan(operator, true), mayBan(operator, false), mayBan(supervisor, false)]).toEqual([true, false, true])
  expect(mayLift(operator, { byId: 'olga' }, true)).toBe(true)
  expect(mayLift(operator, { byId: 'olga' }, false)).toBe(false)
  expect(mayLift(operator, { byId: 'omar' }, true)).toBe(false)
  expect(mayLift(supervisor, { byId: 'omar' }, false)).toBe(true)
})
