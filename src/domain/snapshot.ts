// What a session's workflow is told of its row: ids, times and enums only, because it is written into Temporal's
// history. Of two snapshots the one with the greater (epoch, rev) is the newer, whichever came first.
import type { TextField } from './text-field.ts'
import type { Timer } from './timers.ts'
import type { Instant, Phase } from './words.ts'

export interface Snapshot {
  readonly epoch: number
  readonly rev: number
  readonly phase: Phase
  readonly textField: TextField
  readonly windowUntil: Instant | null
  readonly timers: readonly Timer[]
  /** Attempts that wait to be claimed, attempts at Meta's door, and until when pacing holds the first one back. */
  readonly sends: { readonly pending: number; readonly calling: number; readonly waitUntil: Instant | null }
}

export const isNewer = (candidate: Snapshot, held: Snapshot | null): boolean =>
  held === null || candidate.epoch > held.epoch || (candidate.epoch === held.epoch && candidate.rev >= held.rev)

/** Nothing is left for the workflow to do. */
export const isOver = (snapshot: Snapshot): boolean =>
  snapshot.phase === 'ended' && snapshot.sends.pending === 0 && snapshot.sends.calling === 0
