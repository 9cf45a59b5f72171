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
/** A close that the other side does not answer is made final after this, ... */
const CLOSE_MS = 500
/** ... and one that is sent to a slow reader after this: it stands behind what the reader still has to take. */
const SLOW_CLOSE_MS = 5_000
/** What a client may say: a few words at once, then one a second. */
const SAY_BURST = 20

interface Queued {
  readonly frame: Buffer
  readonly sessionId: string | null
}

export class Connection {
  readonly userId: string
  readonly by: Who['by']
  /** How often it was asked what they still may. */
  asked = 0
  /** Null until it has been welcomed: nothing is pushed before. */
  rights: Rights | null = null
  readonly #ws: WebSocket
  #queue: Queued[] = []
  #queued = 0
  #holds = 0
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

  /** With the session that it tells of, where that decides who may have it. */
  send(frame: Buffer, sessionId: string | null = null): void {
    if (!this.open) return
    this.#queue.push({ frame, sessionId })
    this.#queued += frame.length
    if (this.#queued + this.#ws.bufferedAmount > QUEUE_BYTES) this.close(CLOSE.tooSlow, 'too slow')
    else this.#pump()
  }

  /** What was to be told of a session that one may not see any more is taken back, as far as it is not yet written. */
  gone(frame: Buffer, sessionId: string): void {
    if (this.#queue.some((queued) => queued.sessionId === sessionId)) {
      this.#queue = this.#queue.filter((queued) => queued.sessionId !== sessionId)
      this.#queued = this.#queue.reduce((sum, queued) => sum + queued.frame.length, 0)
    }
    this.send(frame)
  }

  /** While it is asked what is still allowed, nothing is written. Whoever asks releases it once. */
  hold(): void {
    this.asked += 1
    this.#holds += 1
  }

  release(): void {
    this.#holds -= 1
    this.#pump()
  }

  close(code: number, reason: string): void {
    if (this.#closing) return
    this.#closing = true
    this.#queue = []
    this.#queued = 0
    this.#ws.close(code, reason)
    const within = code === CLOSE.tooSlow ? SLOW_CLOSE_MS : CLOSE_MS
    setTimeout(() => this.#ws.terminate(), within).unref()
  }

  /** Who did not answer the last time is gone. */
  beat(): void {
    if (!this.#alive) this.#ws.terminate()
    else if (this.open) this.#ws.ping()
    this.#alive = false
  }

  #pump(): void {
    while (this.#holds === 0 && this.#ws.bufferedAmount < IN_SOCKET_BYTES) {
      const frame = this.#queue.shift()?.frame
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
