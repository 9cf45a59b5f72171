// How the console stays true without reloading. It connects, holds what is pushed, loads its lists and what changed in
// the conversations it shows, and only then applies what it held: nothing is missed and nothing is doubled, also after
// an hour away. Everything from outside (socket, timers, loading, chance) is handed in, so that tests can be the world.
import type { LiveFrame } from './api/types.ts'

export interface LiveSocket {
  close(): void
}

export interface SocketEvents {
  readonly onFrame: (frame: LiveFrame) => void
  readonly onClose: (code: number) => void
}

export type LiveState = 'connecting' | 'live' | 'offline'

export interface LiveWorld {
  open(events: SocketEvents): LiveSocket
  /** Lists, and what changed in shown conversations since they were last complete. Rejects when it could not. */
  load(): Promise<void>
  apply(frame: LiveFrame): void
  state(state: LiveState): void
  signedOut(): void
  /** The rights changed: who one is and what one may see is asked anew before the next connection. */
  rights(): Promise<void>
  later(ms: number, run: () => void): () => void
  /** Between 0 and 1. */
  chance(): number
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15_000
const RESTART_WAIT_MS = 300
/** A load that takes for ever may not fill the memory. */
const HELD_AT_MOST = 20_000

export const CLOSE = { signedOut: 4401, rightWithdrawn: 4403, tooSlow: 4408, restart: 1012 } as const

export class Live {
  readonly #world: LiveWorld
  #socket: LiveSocket | null = null
  /** What was pushed while loading; null where frames are applied as they come. */
  #held: LiveFrame[] | null = []
  #again = false
  #failures = 0
  #generation = 0
  #stopWaiting: (() => void) | null = null
  #stopped = true

  constructor(world: LiveWorld) {
    this.#world = world
  }

  start(): void {
    this.#stopped = false
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#drop()
  }

  /** The network is said to be back, or the machine woke up: the old connection is not to be trusted. */
  reconnectNow(): void {
    if (this.#stopped) return
    this.#failures = 0
    this.#connect()
  }

  /** The network is said to be away: what still looks open is not. */
  lost(): void {
    if (!this.#stopped) this.#retryLater()
  }

  #drop(): void {
    this.#generation += 1
    this.#stopWaiting?.()
    this.#stopWaiting = null
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #connect(): void {
    this.#drop()
    const generation = this.#generation
    this.#held = []
    if (this.#failures === 0) this.#world.state('connecting')
    const current = () => generation === this.#generation
    this.#socket = this.#world.open({
      onFrame: (frame) => {
        if (current()) this.#receive(frame)
      },
      onClose: (code) => {
        if (current()) void this.#closed(code)
      },
    })
  }

  #receive(frame: LiveFrame): void {
    if (frame.type === 'hello') {
      this.#world.apply(frame)
      if (this.#held !== null) void this.#catchUp()
      return
    }
    if (frame.type === 'resync') {
      // While a load is under way its answer may already be too old, so another one follows it.
      const loading = this.#held !== null
      this.#held ??= []
      if (loading) this.#again = true
      else void this.#catchUp()
      return
    }
    if (this.#held === null) this.#world.apply(frame)
    else if (this.#held.length < HELD_AT_MOST) this.#held.push(frame)
    else {
      // What is dropped here is in what one more load brings.
      this.#held = [frame]
      this.#again = true
    }
  }

  async #catchUp(): Promise<void> {
    const generation = this.#generation
    do {
      this.#again = false
      try {
        await this.#world.load()
      } catch {
        if (generation === this.#generation) this.#retryLater()
        return
      }
      if (generation !== this.#generation) return
    } while (this.#again)
    const held = this.#held ?? []
    this.#held = null
    for (const frame of held) this.#world.apply(frame)
    this.#failures = 0
    this.#world.state('live')
  }

  async #closed(code: number): Promise<void> {
    this.#socket = null
    if (this.#stopped) return
    switch (code) {
      case CLOSE.signedOut:
        this.stop()
        this.#world.signedOut()
        return
      case CLOSE.rightWithdrawn: {
        const generation = this.#generation
        try {
          await this.#world.rights()
        } catch {
          // Not reachable: the next connection will be told the same again.
        }
        if (generation === this.#generation && !this.#stopped) this.#comeBack()
        return
      }
      case CLOSE.tooSlow:
      case CLOSE.restart:
        this.#comeBack()
        return
      default:
        this.#retryLater()
    }
  }

  /** The server asked for it, and is there: soon, but later each time it asks again. */
  #comeBack(): void {
    this.#world.state('connecting')
    this.#waitFrom(RESTART_WAIT_MS)
  }

  #retryLater(): void {
    this.#world.state('offline')
    this.#drop()
    this.#waitFrom(FIRST_WAIT_MS)
  }

  #waitFrom(first: number): void {
    const ms = this.#jitter(Math.min(LONGEST_WAIT_MS, first * 2 ** this.#failures))
    this.#failures += 1
    this.#stopWaiting?.()
    this.#stopWaiting = this.#world.later(ms, () => this.#connect())
  }

  /** Between half and the whole, so that a thousand consoles do not come back in the same instant. */
  #jitter(ms: number): number {
    return ms * (0.5 + this.#world.chance() / 2)
  }
}
