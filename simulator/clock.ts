// The simulator's clock: real time moved and stretched, so that a day of Meta's takes a moment. What Meta counts in
// hours (window, retries, links) runs by it; what the network takes (latency, the next status) runs in real time.
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
}

export interface ClockSetting {
  readonly offsetMs: number
  readonly scale: number
}

/** An injected clock may jump without telling; so nothing sleeps longer than this before it looks again. */
const LOOK_AGAIN_MS = 50
const LONGEST_SLEEP_MS = 60_000

interface Task {
  readonly due: number
  readonly run: () => void
}

export class SimulatedClock implements Clock {
  readonly #base: Clock
  readonly #injected: boolean
  readonly #tasks = new Set<Task>()
  #timer: NodeJS.Timeout | null = null
  #anchorReal: number
  #anchor: number
  #scale = 1

  constructor(injected?: Clock) {
    this.#base = injected ?? { now: () => Date.now() }
    this.#injected = injected !== undefined
    this.#anchorReal = this.#base.now()
    this.#anchor = this.#anchorReal
  }

  now(): number {
    return Math.round(this.#anchor + (this.#base.now() - this.#anchorReal) * this.#scale)
  }

  get setting(): ClockSetting {
    return { offsetMs: this.now() - this.#base.now(), scale: this.#scale }
  }

  /** Moves the clock; `now` wins over `offsetMs`, `advanceMs` comes on top of either. */
  set(change: {
    now?: number | undefined
    offsetMs?: number | undefined
    advanceMs?: number | undefined
    scale?: number | undefined
  }): void {
    const real = this.#base.now()
    const from = change.now ?? (change.offsetMs === undefined ? this.now() : real + change.offsetMs)
    this.#anchor = from + (change.advanceMs ?? 0)
    this.#anchorReal = real
    this.#scale = change.scale ?? this.#scale
    this.#runDue()
  }

  /** Runs once the simulated time is reached; the answer cancels it. */
  at(due: number, run: () => void): () => void {
    const task = { due, run }
    this.#tasks.add(task)
    this.#arm()
    return () => void this.#tasks.delete(task)
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#tasks.clear()
  }

  #runDue(): void {
    const now = this.now()
    for (const task of [...this.#tasks].sort((a, b) => a.due - b.due)) {
      if (task.due > now || !this.#tasks.delete(task)) continue
      task.run()
    }
    this.#arm()
  }

  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#tasks.size === 0) return
    let next = Number.POSITIVE_INFINITY
    for (const task of this.#tasks) next = Math.min(next, task.due)
    const wait = Math.max(0, (next - this.now()) / this.#scale)
    this.#timer = setTimeout(() => this.#runDue(), Math.min(wait, this.#injected ? LOOK_AGAIN_MS : LONGEST_SLEEP_MS))
    this.#timer.unref()
  }
}
