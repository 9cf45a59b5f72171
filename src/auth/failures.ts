// How often signing in failed of late, by account and by address. Whoever is about to try is counted first and
// forgiven when the password was right, so that many tries at once are still many.
import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'

const MOST = 10
const WITHIN_MS = 60_000
/** Beyond this many names at once the oldest are forgotten. */
const NAMES = 50_000

export class Failures {
  readonly #clock: Clock
  readonly #times = new Map<string, number[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Milliseconds until one may try again; 0 when the try was counted and may go ahead. */
  begin(names: readonly string[]): number {
    const at = this.#clock.now()
    const wait = Math.max(0, ...names.map((name) => this.#waitOf(name, at)))
    if (wait === 0) for (const name of names) this.#note(name, at)
    return wait
  }

  forgive(names: readonly string[]): void {
    for (const name of names) this.#times.get(name)?.pop()
  }

  #waitOf(name: string, at: number): number {
    const recent = (this.#times.get(name) ?? []).filter((time) => at - time < WITHIN_MS)
    const oldest = recent[recent.length - MOST]
    return oldest === undefined ? 0 : oldest + WITHIN_MS - at
  }

  #note(name: string, at: number): void {
    const recent = (this.#times.get(name) ?? []).filter((time) => at - time < WITHIN_MS)
    this.#times.delete(name)
    this.#times.set(name, [...recent, at])
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= NAMES) break
      this.#times.delete(oldest)
    }
  }
}

/** One household of IPv6 has 2^64 addresses and counts as one. */
export const addressName = (ip: string): string => `ip ${isIPv6(ip) && !ip.includes('.') ? network(ip) : ip}`

function network(ip: string): string {
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const all = tail === undefined ? groups : [...groups, ...Array(8 - groups.length - last.length).fill('0'), ...last]
  return all.slice(0, 4).join(':')
}

export const accountName = (email: string): string => `account ${email}`
