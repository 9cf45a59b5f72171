// What passes between a session's workflow and the rest of Parley. Everything here ends up in Temporal's history: ids,
// times and enums only, never content, a name, a number or a wamid.
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow'
import type { CommandKind } from '../domain/commands.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { TextField } from '../domain/text-field.ts'
import type { Timer, TimerName } from '../domain/timers.ts'
import type { Instant, Phase } from '../domain/words.ts'

export const SESSION_WORKFLOW = 'session'
export const workflowIdOf = (sessionId: string): string => `session-${sessionId}`

/** A worker that died with a task is noticed this soon (given at every start and at continue-as-new). */
export const WORKFLOW_TASK_TIMEOUT = '3s'

/** The client wrote in a session that waited for it. */
export const clientSpoke = defineSignal<[Snapshot]>('clientSpoke')
/** The row changed in some other way that the workflow has to follow. */
export const changed = defineSignal<[Snapshot]>('changed')
/** As `changed`, where a worker answers at once: an Update costs a third of a Signal, and half its time. */
export const follow = defineUpdate<void, [Snapshot]>('follow')

/** `abandoned`: the caller's timeout was first, so nothing was done. */
export type Told = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal } | 'abandoned'

const command = (kind: CommandKind) => defineUpdate<Told, [string]>(kind)
/** Each takes the id of a stored command, and answers once it is decided; none waits for Meta. */
export const commands = {
  accept: command('accept'),
  transfer: command('transfer'),
  return: command('return'),
  takeOver: command('takeOver'),
  end: command('end'),
  result: command('result'),
} as const

export interface SessionLife {
  /** Null until the first look at the row. */
  readonly phase: Phase | null
  readonly textField: TextField | null
  readonly timers: readonly Timer[]
  readonly sends: Snapshot['sends'] & { readonly draining: boolean }
  readonly next: {
    readonly what: TimerName | 'send' | 'client' | 'operator' | 'end'
    readonly at: Instant | null
  } | null
  readonly rev: number | null
  readonly asOf: Instant
}

export const state = defineQuery<SessionLife>('state')

/** Decisions: local activities, one transaction each. */
export interface Decisions {
  decide(commandId: string): Promise<{ readonly told: Told; readonly snapshot: Snapshot | null }>
  fireTimer(sessionId: string, name: TimerName, armedRev: number): Promise<Snapshot | null>
  look(sessionId: string): Promise<Snapshot | null>
}

export interface Drained {
  readonly snapshot: Snapshot | null
}

export interface Sending {
  drainSends(sessionId: string): Promise<Drained>
}
