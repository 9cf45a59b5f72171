import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LiveFrame, Message, MessageStatus } from '../../../console/src/api/types.ts'
import { Facts } from '../../../console/src/store/facts.ts'
import { iso, message, session } from './samples.ts'

const LADDER: readonly MessageStatus[] = ['pending', 'accepted', 'sent', 'delivered', 'read']

/** What a server would push: a session, its messages, and the statuses of those that were sent; each change a rev. */
const history = fc
  .array(fc.constantFrom('in', 'out', 'status', 'twoStatuses', 'edit'), { minLength: 1, maxLength: 25 })
  .map((steps) => {
    const frames: LiveFrame[] = []
    const messages: Message[] = []
    let rev = 0
    const push = (made: Message) => {
      messages.push(made)
      frames.push({ type: 'message', sessionId: 's1', message: made })
    }
    for (const step of steps) {
      rev += 1
      const sent = messages.findLast((one) => one.direction === 'out')
      if (step === 'in') push(message({ id: `m${rev}`, rev, seq: messages.length + 1 }))
      else if (step === 'out') {
        const author = { kind: 'operator', id: 'u1', name: 'Olga' } as const
        push(message({ id: `m${rev}`, rev, seq: messages.length + 1, direction: 'out', author, status: 'pending' }))
      } else if (step === 'edit' && messages[0] !== undefined) {
        const first = { ...messages[0], rev, text: `edited ${rev}` }
        messages[0] = first
        frames.push({ type: 'message', sessionId: 's1', message: first })
      } else if (sent !== undefined) {
        const from = LADDER.indexOf(sent.status ?? 'pending')
        for (const status of LADDER.slice(from + 1, from + (step === 'twoStatuses' ? 3 : 2))) {
          frames.push({ type: 'status', sessionId: 's1', messageId: sent.id, rev, status, at: iso(rev), error: null })
          const at = messages.findIndex((one) => one.id === sent.id)
          const now = messages[at]
          if (now !== undefined)
            messages[at] = { ...now, rev, status, statusTimes: { ...now.statusTimes, [status]: iso(rev) } }
        }
      }
      frames.push({ type: 'session', session: session({ id: 's1', rev, lastSeq: messages.length }) })
    }
    return { frames, messages }
  })

function factsAfter(frames: readonly LiveFrame[]): Facts {
  const facts = new Facts(() => 0)
  facts.open('s1')
  facts.lowerFloor('s1', 1)
  for (const frame of frames) facts.apply(frame)
  return facts
}

const seen = (facts: Facts) => ({
  session: facts.sessions.peek('s1'),
  messages: facts.messages('s1').value,
  rev: facts.thread('s1')?.rev,
})

test('frames in any order, any number of times, make the same store', () => {
  const shuffled = history.chain(({ frames, messages }) =>
    fc
      .shuffledSubarray([...frames, ...frames], { minLength: frames.length * 2, maxLength: frames.length * 2 })
      .map((mixed) => ({ frames, messages, mixed })),
  )
  fc.assert(
    fc.property(shuffled, ({ frames, messages, mixed }) => {
      expect(seen(factsAfter(mixed))).toEqual(seen(factsAfter(frames)))
      // And it is what the server has.
      expect(seen(factsAfter(mixed)).messages).toEqual(messages)
    }),
    { numRuns: 500 },
  )
})

test('an answer that was under way cannot bring back a session that is gone', () => {
  const facts = new Facts(() => 0)
  facts.apply({ type: 'session', session: session({ id: 's1' }) })
  const askedAt = facts.moment()
  facts.apply({ type: 'gone', sessionId: 's1' })
  facts.putSession(session({ id: 's1', rev: 9 }), askedAt)
  expect(facts.sessions.peek('s1')).toBeUndefined()
  facts.apply({ type: 'session', session: session({ id: 's1', rev: 2 }) })
  expect(facts.sessions.peek('s1')?.rev).toBe(2)
})

test('the answer to a command does not pretend that nothing before it is missing', () => {
  const facts = factsAfter([])
  facts.putPage('s1', { items: [message({ id: 'm1', rev: 3 })], next: null }, true)
  facts.putMessage(message({ id: 'm3', rev: 7, seq: 3, direction: 'out' }))
  expect(facts.thread('s1')?.rev).toBe(3)
})

test('messages of conversations that were not opened are not kept', () => {
  const facts = new Facts(() => 0)
  facts.apply({ type: 'message', sessionId: 's2', message: message({ id: 'm1', sessionId: 's2' }) })
  expect(facts.opened()).toEqual([])
})

test('what lies before the oldest page asked for is not shown with a gap', () => {
  const facts = new Facts(() => 0)
  facts.open('s1')
  facts.putPage('s1', { items: [message({ id: 'm51', seq: 51, rev: 60 })], next: null }, true)
  facts.lowerFloor('s1', 51)
  facts.apply({ type: 'message', sessionId: 's1', message: message({ id: 'm3', seq: 3, rev: 61 }) })
  expect(facts.messages('s1').value.map((one) => one.seq)).toEqual([51])
})

test('the server’s clock is the one that counts', () => {
  const facts = new Facts(() => Date.parse('2026-01-01T00:00:00Z'))
  facts.apply({ type: 'hello', serverTime: '2026-01-02T00:00:00Z' })
  expect(facts.clockOffset.value).toBe(86_400_000)
})
