// The life of one attempt to hand a message to Meta, as a ladder (I5): statuses arrive twice, late and out of order,
// and only ever climb. `failed` stands beside the ladder: it replaces everything below `delivered`; what is told
// after it is kept in the history and never un-fails the attempt, only marks that it "reached anyway".
//
//   pending → calling → unknown → accepted → sent → delivered → read → played
//        └────────┴─────────┴─────────┴─────────┴──▶ failed
import type { Instant } from './words.ts'

export const ATTEMPT_STATES = [
  'pending',
  'calling',
  'unknown',
  'accepted',
  'sent',
  'delivered',
  'read',
  'played',
  'failed',
] as const
export type AttemptState = (typeof ATTEMPT_STATES)[number]

const RANK: Record<AttemptState, number> = {
  pending: 0,
  calling: 1,
  unknown: 2,
  accepted: 3,
  sent: 4,
  delivered: 5,
  read: 6,
  played: 7,
  failed: 4.5,
}

/** What Meta tells of a message it was given; anything else that it says is kept, and moves nothing. */
export const META_STATUSES = ['sent', 'delivered', 'read', 'played', 'failed'] as const
export type MetaStatus = (typeof META_STATUSES)[number]

export const isMetaStatus = (status: string): status is MetaStatus =>
  (META_STATUSES as readonly string[]).includes(status)

export type Step =
  | { readonly moves: true; readonly state: AttemptState }
  | { readonly moves: false; readonly reachedAnyway: boolean }

const STAYS: Step = { moves: false, reachedAnyway: false }

/** What hearing of `told` makes of an attempt that is in `state`. */
export function climb(state: AttemptState, told: AttemptState): Step {
  if (state === 'failed') return { moves: false, reachedAnyway: RANK[told] >= RANK.delivered }
  if (RANK[told] > RANK[state]) return { moves: true, state: told }
  return STAYS
}

/** Nobody waits for such an attempt any more: the queue goes on with the next. */
export const isInFlight = (state: AttemptState): boolean => state === 'pending' || state === 'calling'

/** A new attempt may only follow one that certainly, or possibly, did not arrive. */
export const mayRetry = (state: AttemptState): boolean => state === 'failed' || state === 'unknown'

// --- pacing ---------------------------------------------------------------------------------------------------------

/** Meta: one message per 6 s to one client, with bursts of up to 45 (contract 2.5). */
const PAIR_BURST = 45
const PAIR_REFILL_MS = 6_000

export interface Pair {
  readonly tokens: number
  readonly at: Instant | null
}

/** The moment from which the pair's bucket has a token for one more message, and the bucket after taking it. */
export function takePairToken(pair: Pair, at: Instant): { readonly from: Instant; readonly pair: Pair } {
  const since = pair.at === null ? 0 : Math.max(0, at - pair.at)
  const tokens = pair.at === null ? PAIR_BURST : Math.min(PAIR_BURST, pair.tokens + since / PAIR_REFILL_MS)
  // A bucket in debt has promised tokens to the messages before this one.
  const from = tokens >= 1 ? at : at + Math.ceil((1 - tokens) * PAIR_REFILL_MS)
  return { from, pair: { tokens: tokens - 1, at: Math.max(at, pair.at ?? at) } }
}

/** The number's own rate: slots of 1/mps seconds, handed out in order. */
export function takeNumberSlot(nextSlotAt: Instant | null, mps: number, at: Instant): { from: Instant; next: Instant } {
  const from = Math.max(at, nextSlotAt ?? at)
  return { from, next: from + 1000 / mps }
}
