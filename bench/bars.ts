// The bars: what is measured against what, what is asked at least, and what would be a record.
import { type Summary, summarise } from './statistics.ts'

interface Bar {
  readonly name: string
  readonly unit: 'ratio' | 'ms' | 'events' | 'MB' | 'share'
  readonly better: 'more' | 'less'
  readonly minimum: number
  readonly record: number
}

export const BARS = {
  P1: {
    name: 'webhooks/s, existing clients ÷ single inserts (B1)',
    unit: 'ratio',
    better: 'more',
    minimum: 1.2,
    record: 1.8,
  },
  'P1.new': {
    name: 'webhooks/s, new clients ÷ single inserts (B1)',
    unit: 'ratio',
    better: 'more',
    minimum: 1,
    record: 1.8,
  },
  P2: {
    name: 'webhooks/s, existing clients ÷ batched inserts (B2)',
    unit: 'ratio',
    better: 'more',
    minimum: 0.5,
    record: 0.85,
  },
  'P2.new': {
    name: 'webhooks/s, new clients ÷ batched inserts (B2)',
    unit: 'ratio',
    better: 'more',
    minimum: 0.4,
    record: 0.85,
  },
  P3: { name: '320 webhooks/s, everything running: p50 to 200', unit: 'ms', better: 'less', minimum: 15, record: 6 },
  'P3.p99': {
    name: '320 webhooks/s, everything running: p99 to 200',
    unit: 'ms',
    better: 'less',
    minimum: 100,
    record: 40,
  },
  'P3.slow': { name: '320 webhooks/s: share over 1 s', unit: 'share', better: 'less', minimum: 0.01, record: 0.01 },
  P5: { name: 'webhook → websocket ÷ bare signal (B3), p50', unit: 'ratio', better: 'less', minimum: 1, record: 0.4 },
  'P5.p99': {
    name: 'webhook → websocket ÷ bare signal (B3), p99',
    unit: 'ratio',
    better: 'less',
    minimum: 1,
    record: 0.4,
  },
  P6: {
    name: 'webhook → workflow followed ÷ bare signal (B3), p50',
    unit: 'ratio',
    better: 'less',
    minimum: 2,
    record: 1.3,
  },
  P7: {
    name: 'command → Meta ÷ bare update with activity (B5), p50',
    unit: 'ratio',
    better: 'less',
    minimum: 1.4,
    record: 1.1,
  },
  'P8.inbound': {
    name: 'messages/s, all that follows done ÷ bare signals/s',
    unit: 'ratio',
    better: 'more',
    minimum: 1.5,
    record: 6,
  },
  'P8.sends': {
    name: 'sends/s, answered by Meta ÷ bare signals/s',
    unit: 'ratio',
    better: 'more',
    minimum: 0.6,
    record: 1,
  },
  P9: { name: 'worker memory an open session', unit: 'MB', better: 'less', minimum: 1, record: 0.35 },
  P10: {
    name: '20,000 open sessions for ten minutes: worker memory',
    unit: 'MB',
    better: 'less',
    minimum: 1_500,
    record: 800,
  },
  'P11.quiet': {
    name: 'events an inbound message that a session waits for',
    unit: 'events',
    better: 'less',
    minimum: 4,
    record: 4,
  },
  'P11.burst': {
    name: 'events an inbound message, 20 in a burst',
    unit: 'events',
    better: 'less',
    minimum: 2,
    record: 0.5,
  },
  P12: { name: 'events a delivery status', unit: 'events', better: 'less', minimum: 0.05, record: 0 },
  'P13.quiet': { name: 'events an outbound message', unit: 'events', better: 'less', minimum: 11, record: 10 },
  'P13.burst': {
    name: 'events an outbound message, 10 in a burst',
    unit: 'events',
    better: 'less',
    minimum: 6,
    record: 4,
  },
  P14: { name: 'replay of the longest history', unit: 'ms', better: 'less', minimum: 500, record: 150 },
  'P14.events': {
    name: 'events of the longest history',
    unit: 'events',
    better: 'less',
    minimum: 4_096,
    record: 4_096,
  },
  'P14.size': { name: 'size of the longest history', unit: 'MB', better: 'less', minimum: 4, record: 4 },
} as const satisfies Record<string, Bar>

export type BarId = keyof typeof BARS
export const BAR_IDS = Object.keys(BARS) as readonly BarId[]
/** Measured only where named: they take longer than all others together. */
const WHERE_NAMED: readonly BarId[] = ['P10']

export interface Result extends Summary {
  readonly id: BarId
  readonly name: string
  readonly unit: Bar['unit']
  readonly better: Bar['better']
  readonly minimum: number
  readonly record: number
  /** At least the minimum. */
  readonly holds: boolean
  readonly isRecord: boolean
}

export function resultOf(id: BarId, rounds: readonly number[]): Result {
  const bar: Bar = BARS[id]
  const summary = summarise(rounds)
  const reaches = (mark: number): boolean => (bar.better === 'more' ? summary.value >= mark : summary.value <= mark)
  return { id, ...bar, ...summary, holds: reaches(bar.minimum), isRecord: reaches(bar.record) }
}

/** `P1` asks for `P1` and whatever belongs to it, like `P1.new`; `P8.sends` for itself alone. */
export function chosen(only: string | undefined): ReadonlySet<BarId> {
  if (only === undefined) return new Set(BAR_IDS.filter((id) => !WHERE_NAMED.includes(id)))
  const asked = only.split(',').map((id) => id.trim())
  const known = BAR_IDS.filter((id) => asked.some((one) => id === one || id.startsWith(`${one}.`)))
  const strangers = asked.filter((one) => !known.some((id) => id === one || id.startsWith(`${one}.`)))
  if (strangers.length > 0)
    throw new RangeError(`There is no bar ${strangers.join(', ')}: there are ${BAR_IDS.join(', ')}.`)
  return new Set(known)
}
