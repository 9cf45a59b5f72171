import { expect, test } from 'vitest'
import { conversation, type Item } from '../../../console/src/store/conversation.ts'
import { field } from '../../../console/src/store/field.ts'
import { isOverdue, offers, own, settled } from '../../../console/src/store/lists.ts'
import { iso, message, session } from './samples.ts'

const at = (seconds: number): number => Date.parse(iso(seconds))
const offer = (since: number, dueAt: number | null, overdueAt: number | null = null) => ({
  operatorId: null,
  groupId: 'g1',
  since: iso(since),
  dueAt: dueAt === null ? null : iso(dueAt),
  overdueAt: overdueAt === null ? null : iso(overdueAt),
})
const ids = (items: readonly { readonly id: string }[]): readonly string[] => items.map(({ id }) => id)

test('offers: overdue first, then whoever has waited longest', () => {
  const queued = [
    session({ id: 'fresh', phase: 'queued', offer: offer(50, 350) }),
    session({ id: 'waits', phase: 'queued', offer: offer(10, 310) }),
    session({ id: 'late', phase: 'queued', offer: offer(40, 60) }),
    session({ id: 'told', phase: 'queued', offer: offer(45, null, 55) }),
    session({ id: 'mine', phase: 'active' }),
  ]
  expect(ids(offers(queued, at(100)))).toEqual(['late', 'told', 'waits', 'fresh'])
  expect(isOverdue(session({ id: 'a', phase: 'queued', offer: offer(0, 60) }), at(59))).toBe(false)
  expect(isOverdue(session({ id: 'a', phase: 'queued', offer: offer(0, 60) }), at(60))).toBe(true)
})

test('one’s own: the client who waits longest first, those who await their client apart', () => {
  const all = [
    session({ id: 'answered', lastMessageAt: iso(90) }),
    session({ id: 'waits', waitingSince: iso(20) }),
    session({ id: 'waits longer', waitingSince: iso(10) }),
    session({ id: 'awaits', textField: { open: false, until: null, reason: 'awaitingClient' } }),
    session({ id: 'other', operatorId: 'u2' }),
    session({ id: 'ended', phase: 'ended' }),
  ]
  const { mine, waiting } = own(all, 'u1')
  expect(ids(mine)).toEqual(['waits longer', 'waits', 'answered'])
  expect(ids(waiting)).toEqual(['awaits'])
})

test('under a resting pointer what is there keeps its place, and what is new comes last', () => {
  const items = ['new', 'c', 'a', 'b'].map((id) => ({ id }))
  expect(ids(settled(['a', 'b', 'gone', 'c'], items))).toEqual(['a', 'b', 'c', 'new'])
  expect(settled(null, items)).toBe(items)
})

test('a field that the server opened shuts by its clock; what it closed stays closed', () => {
  const open = session({ id: 's1', textField: { open: true, until: iso(100), reason: null } })
  expect(field(open, 'u1', at(99))).toEqual({ kind: 'open', until: at(100) })
  expect(field(open, 'u1', at(100))).toEqual({ kind: 'closed', reason: 'windowShut' })
  expect(field(open, 'u2', at(1))).toEqual({ kind: 'reading' })
  const down = session({ id: 's1', textField: { open: false, until: null, reason: 'channelDown' } })
  expect(field(down, 'u1', at(1))).toEqual({ kind: 'closed', reason: 'channelDown' })
})

const shape = (items: readonly Item[]): readonly string[] =>
  items.map((item) => (item.kind === 'day' || item.kind === 'session' ? item.kind : item.id))

test('a conversation is its sessions in order, days between them, and what belongs to none where it arrived', () => {
  const day = 86_400
  const sameDay = (a: number, b: number) => Math.floor(a / 86_400_000) === Math.floor(b / 86_400_000)
  const old = session({ id: 's1', phase: 'ended', startedAt: iso(0) })
  const now = session({ id: 's2', startedAt: iso(day) })
  const told = (id: string, seconds: number, over = {}) =>
    message({ id, receivedAt: iso(seconds), at: iso(seconds), ...over })
  const items = conversation({
    parts: [
      { session: old, messages: [told('m1', 1), told('m2', 2)], whole: true },
      { session: now, messages: [told('m3', day + 1, { sessionId: 's2', clientRef: 'key-1' })], whole: true },
    ],
    loose: [told('echo', 3, { sessionId: null, seq: null })],
    entries: [
      { key: 'key-1', sessionId: 's2', text: 'seen', replyTo: null, at: 0, state: 'sending', problem: null },
      { key: 'key-2', sessionId: 's2', text: 'not yet', replyTo: null, at: 0, state: 'sending', problem: null },
    ],
    sameDay,
  })
  expect(shape(items)).toEqual(['day', 'session', 'm1', 'm2', 'echo', 'day', 'session', 'm3', 'key-2'])
})

test('what came before the first page is not shown above it', () => {
  const part = {
    session: session({ id: 's1' }),
    messages: [message({ id: 'm51', seq: 51, receivedAt: iso(500) })],
    whole: false,
  }
  const loose = [message({ id: 'older', sessionId: null, seq: null, receivedAt: iso(1) })]
  const items = conversation({ parts: [part], loose, entries: [], sameDay: () => true })
  expect(shape(items)).toEqual(['day', 'm51'])
})
