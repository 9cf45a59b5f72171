// Meta's own clocks and buckets: the 24 hour window, the free entry point, messages a second and messages a pair.
import type { Talk } from './words.ts'

const HOUR_MS = 3_600_000
export const WINDOW_MS = 24 * HOUR_MS
export const FREE_ENTRY_MS = 72 * HOUR_MS
export const TYPING_MS = 25_000
export const MEDIA_URL_MS = 5 * 60_000
export const MEDIA_FROM_CLIENT_MS = 7 * 24 * HOUR_MS
export const MEDIA_FROM_COMPANY_MS = 30 * 24 * HOUR_MS
export const MESSAGE_TTL_MS = 30 * 24 * HOUR_MS
export const AUTHENTICATION_TTL_MS = 10 * 60_000

/** One message to a user every 6 s; up to 45 at once, borrowed from the seconds that follow. */
const PAIR_BURST = 45
const PAIR_EVERY_MS = 6_000

class Bucket {
  #tokens: number
  #at: number
  #size: number

  constructor(size: number, at: number) {
    this.#size = size
    this.#tokens = size
    this.#at = at
  }

  take(size: number, refillPerMs: number, at: number): boolean {
    // A bucket of another size starts full; a clock that was set back refills nothing.
    if (size !== this.#size) this.#tokens = size
    this.#size = size
    this.#tokens = Math.min(size, this.#tokens + Math.max(0, at - this.#at) * refillPerMs)
    this.#at = at
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

export class Limits {
  readonly #perNumber = new Map<string, Bucket>()
  readonly #perPair = new Map<string, Bucket>()

  /** Counts a message of either direction; false: more than `mps` a second. */
  throughput(phoneNumberId: string, mps: number, at: number): boolean {
    return bucket(this.#perNumber, phoneNumberId, mps, at).take(mps, mps / 1000, at)
  }

  /** Counts a message to one user; false: too many. */
  pair(talk: string, at: number): boolean {
    return bucket(this.#perPair, talk, PAIR_BURST, at).take(PAIR_BURST, 1 / PAIR_EVERY_MS, at)
  }
}

const bucket = (buckets: Map<string, Bucket>, key: string, size: number, at: number): Bucket => {
  const known = buckets.get(key)
  if (known) return known
  const made = new Bucket(size, at)
  buckets.set(key, made)
  return made
}

export const windowOpen = (talk: Talk, at: number): boolean => talk.windowUntil !== null && at < talk.windowUntil
export const freeEntryOpen = (talk: Talk, at: number): boolean =>
  talk.freeEntryUntil !== null && at < talk.freeEntryUntil
