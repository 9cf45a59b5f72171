// Time is handed in everywhere, so that tests and the simulator can move it.
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
