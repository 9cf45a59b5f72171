// What one has written and Parley has not confirmed yet. An entry is posted with one key for as long as it lives, so a
// repeat can never become a second message; it is shown as waiting until the message with its key is seen. Messages of
// one session go out one after another. After a minute without a connection an entry stays, and a person decides.
import { type ReadonlySignal, signal } from '@preact/signals'
import { Problem, Unreachable } from '../api/client.ts'
import type { Message } from '../api/types.ts'

export interface Quote {
  readonly messageId: string
  readonly text: string
}

export interface Entry {
  readonly key: string
  readonly sessionId: string
  readonly text: string
  readonly replyTo: Quote | null
  /** When it was last asked to be sent. */
  readonly at: number
  /** `kept`: no connection for a minute, perhaps sent all the same. `refused`: certainly not sent. */
  readonly state: 'sending' | 'waiting' | 'kept' | 'refused'
  readonly problem: Problem | null
}

export interface OutboxWorld {
  post(entry: Entry): Promise<Message>
  sent(message: Message): void
  now(): number
  newKey(): string
  later(ms: number, run: () => void): () => void
  save(entries: readonly Entry[]): void
}

export const KEEP_TRYING_MS = 60_000
const WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000]

export class Outbox {
  readonly #entries = signal<readonly Entry[]>([])
  readonly #running = new Set<string>()
  readonly #wake = new Map<string, () => void>()
  readonly #world: OutboxWorld

  constructor(world: OutboxWorld) {
    this.#world = world
  }

  get entries(): ReadonlySignal<readonly Entry[]> {
    return this.#entries
  }

  /** What an earlier page of this tab left behind. */
  restore(entries: readonly Entry[]): void {
    this.#set([...entries, ...this.#entries.peek()])
    for (const sessionId of new Set(entries.map((entry) => entry.sessionId))) void this.#run(sessionId)
  }

  send(sessionId: string, text: string, replyTo: Quote | null): void {
    const entry: Entry = {
      key: this.#world.newKey(),
      sessionId,
      text,
      replyTo,
      at: this.#world.now(),
      state: 'sending',
      problem: null,
    }
    this.#set([...this.#entries.peek(), entry])
    void this.#run(sessionId)
  }

  /** Once more with the same key: if it was sent after all, this finds it. */
  again(key: string): void {
    const entry = this.#find(key)
    if (entry === undefined) return
    this.#change(key, { state: 'sending', at: this.#world.now(), problem: null })
    void this.#run(entry.sessionId)
  }

  discard(key: string): void {
    this.#set(this.#entries.peek().filter((entry) => entry.key !== key))
  }

  /** A message has come: if it is one of these, it is no longer waited for. */
  seen(message: Message): void {
    const ref = message.clientRef
    if (ref !== null && this.#find(ref) !== undefined) this.discard(ref)
  }

  /** The connection is back. */
  wake(): void {
    for (const wake of [...this.#wake.values()]) wake()
  }

  clear(): void {
    this.#set([])
  }

  async #run(sessionId: string): Promise<void> {
    if (this.#running.has(sessionId)) return
    this.#running.add(sessionId)
    try {
      for (let tries = 0; ; ) {
        const entry = this.#entries
          .peek()
          .find((one) => one.sessionId === sessionId && (one.state === 'sending' || one.state === 'waiting'))
        if (entry === undefined) return
        const wait = await this.#post(entry, tries)
        tries = wait === null ? 0 : tries + 1
        if (wait !== null) await this.#sleep(sessionId, wait)
      }
    } finally {
      this.#running.delete(sessionId)
    }
  }

  /** Null when the entry is settled; else how long to wait before it is tried again. */
  async #post(entry: Entry, tries: number): Promise<number | null> {
    const late = this.#world.now() - entry.at >= KEEP_TRYING_MS
    if (late) {
      this.#change(entry.key, { state: 'kept' })
      return null
    }
    try {
      const message = await this.#world.post(entry)
      this.#world.sent(message)
      this.discard(entry.key)
      return null
    } catch (error) {
      const passing = error instanceof Unreachable || (error instanceof Problem && isPassing(error))
      if (!passing) {
        this.#change(entry.key, { state: 'refused', problem: error instanceof Problem ? error : null })
        return null
      }
      this.#change(entry.key, { state: 'waiting' })
      const asked = error instanceof Problem && error.retryAfter !== null ? error.retryAfter * 1000 : 0
      return Math.max(asked, WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0)
    }
  }

  #sleep(sessionId: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel()
        this.#wake.delete(sessionId)
        resolve()
      }
      const cancel = this.#world.later(ms, wake)
      this.#wake.set(sessionId, wake)
    })
  }

  #find(key: string): Entry | undefined {
    return this.#entries.peek().find((entry) => entry.key === key)
  }

  #change(key: string, to: Partial<Entry>): void {
    this.#set(this.#entries.peek().map((entry) => (entry.key === key ? { ...entry, ...to } : entry)))
  }

  #set(entries: readonly Entry[]): void {
    this.#entries.value = entries
    this.#world.save(entries)
  }
}

/** Signed out, too many requests, or a server in trouble: worth another try with the same key. */
const isPassing = (problem: Problem): boolean =>
  problem.body.status === 401 || problem.body.status === 429 || problem.body.status >= 500
