// Figures from samples: percentiles, the median of rounds, and how far the rounds lie apart.

export interface Summary {
  /** The median of the rounds. */
  readonly value: number
  /** Lowest and highest round. */
  readonly spread: readonly [number, number]
  readonly rounds: number
}

/** By linear interpolation between the two samples around it; `p` from 0 to 1. */
export function percentile(samples: readonly number[], p: number): number {
  if (samples.length === 0) throw new RangeError('There is no percentile of nothing.')
  const sorted = [...samples].sort((a, b) => a - b)
  const at = Math.min(Math.max(p, 0), 1) * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? 0
  const high = sorted[Math.ceil(at)] ?? low
  return low + (high - low) * (at - Math.floor(at))
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5)

export function summarise(rounds: readonly number[]): Summary {
  return { value: median(rounds), spread: [Math.min(...rounds), Math.max(...rounds)], rounds: rounds.length }
}

/** Round by round, so that whatever slowed the machine in one round slowed both sides of its ratio. */
export function ratios(of: readonly number[], to: readonly number[]): readonly number[] {
  if (of.length !== to.length) throw new RangeError('Each round has one figure of either side.')
  return of.map((figure, n) => figure / (to[n] ?? Number.NaN))
}

/** The order of subjects in a round: turned by one each round, so that none always goes first. */
export function turned<T>(subjects: readonly T[], round: number): readonly T[] {
  const by = subjects.length === 0 ? 0 : round % subjects.length
  return [...subjects.slice(by), ...subjects.slice(0, by)]
}
