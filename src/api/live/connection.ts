// One websocket: its own bounded queue, so that what was not yet written can be taken back when a right is withdrawn,
// and so that one slow reader costs nobody memory.
import type { WebSocket } from 'ws'
import type { z } from 'zod'
import type { Who } from '../../auth/identify.ts'
import type { AccessFacts, Rights } from '../../domain/policy.ts'
import { CLOSE, watchSchema } from './frames.ts'

/** Handed to the socket at most; the rest waits here, where it can be taken back. */
const IN_SOCKET_BYTES = 64 * 1024
const QUEUE_BYTES = 4 * 1024 * 1024
/** A close that the other side does not answer is made final after this. */
const CLOSE_MS = 500
/** What a client may say: a few words at once, then one a second. */
const SAY_BURST = 20

export class Connection {
  readonly userId: string
  readonly by: Who['by']
  /** Null until it has been welcomed: nothing is pushed before. */
  rights: Rights | null = null
  readonly #ws: WebSocket
  #queue: Buffer[] = []
  #queued = 0
  #held = false
  #closing = false
  #alive = true
  #watch: 'all' | 'mine' | ReadonlySet<string> = 'all'
  #says = { left: SAY_BURST, at: Date.now() }

  constructor(ws: WebSocket, who: Who) {
    this.#ws = ws
    this.userId = who.actor.rights.userId
    this.by = who.by
    ws.on('pong', () => {
      this.#alive = true
    })
    ws.on('message', (data) => this.#heard(data))
    ws.on('error', () => ws.terminate())
  }

  get open(): boolean {
    return !this.#closing && this.#ws.readyState === this.#ws.OPEN
  }

  wants(sessionId: string, facts: readonly (AccessFacts | null)[]): boolean {
    if (this.#watch === 'all') return true
    if (this.#watch !== 'mine') return this.#watch.has(sessionId)
    return facts.some((one) => one?.operatorId === this.userId || one?.offerOperatorId === this.userId)
  }

  send(frame: Buffer): void {
    if (!this.open) return
    this.#queue.push(frame)
    this.#queued += frame.length
    if (this.#queued + this.#ws.bufferedAmount > QUEUE_BYTES) this.close(CLOSE.tooSlow, 'too slow')
    else this.#pump()
  }

  /** While it is asked what is still allowed, nothing is written. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#pump()
  }

  close(code: number, reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#queue = []
    this.#queued = 0
    this.#ws.close(code, reason)
    setTimeout(() => this.#ws.terminate(), CLOSE_MS).unref()
  }

  /** Who did not answer the last time is gone. */
  beat(): void {
    if (!this.#alive) this.#ws.terminate()
    else if (this.open) this.#ws.ping()
    this.#alive = false
  }

  #pump(): void {
    while (!this.#held && this.#queue.length > 0 && this.#ws.bufferedAmount < IN_SOCKET_BYTES) {
      const frame = this.#queue.shift()
      if (frame === undefined) return
      this.#queued -= frame.length
      this.#ws.send(frame, { binary: false }, () => this.#pump())
    }
  }

  #heard(data: WebSocket.RawData): void {
    const watch = this.#mayHear() ? watchFrom(String(data)) : null
    if (watch === null) this.close(CLOSE.notUnderstood, 'not understood, or too much')
    else this.#watch = typeof watch.sessions === 'string' ? watch.sessions : new Set(watch.sessions)
  }

  #mayHear(): boolean {
    const now = Date.now()
    const left = Math.min(SAY_BURST, this.#says.left + (now - this.#says.at) / 1_000)
    this.#says = { left: left - 1, at: now }
    return left >= 1
  }
}

function watchFrom(said: string): z.infer<typeof watchSchema> | null {
  try {
    return watchSchema.parse(JSON.parse(said))
  } catch {
    return null
  }
}
