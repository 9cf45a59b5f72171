// The door to the session workflows: bells, commands and the live query. Every call has a deadline, and the ordinary
// ways in which a workflow is not there (ended, never started, Temporal away) are answers, not exceptions.
import {
  Client,
  Connection,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
} from '@temporalio/client'
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/common'
import type { CommandKind } from '../domain/commands.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import {
  changed,
  clientSpoke,
  commands,
  follow,
  SESSION_WORKFLOW,
  type SessionLife,
  state,
  type Told,
  WORKFLOW_TASK_TIMEOUT,
  workflowIdOf,
} from '../workflows/contract.ts'

const SIGNAL_DEADLINE_MS = 2_000
const QUERY_DEADLINE_MS = 2_000
/** A worker that is there takes a bell in a few milliseconds. Where none does, signals, which need none, carry bells for a while. */
const FOLLOW_DEADLINE_MS = 1_000
const SIGNALS_FOR_MS = 30_000

/** Left to itself, a channel that failed for a minute tries again only after twenty seconds. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 200, 'grpc.max_reconnect_backoff_ms': 1_000 }

export interface DoorOptions {
  readonly address: string
  readonly namespace: string
  readonly taskQueue: string
  /** After how many events of history a session continues as new; absent: the workflow's own figure. */
  readonly longHistory?: number
}

/** `gone`: there is no such run, or it has ended for good. `away`: Temporal did not take it in time. */
export type Rung = 'rung' | 'gone' | 'away'
export type Obeyed = { readonly told: Told } | 'gone' | 'away'

export interface Bell {
  readonly sessionId: string
  readonly snapshot: Snapshot
  /** The client wrote in a session that waited for it. */
  readonly spoke: boolean
  /** The workflow may not run yet. */
  readonly start: boolean
}

export class Door {
  readonly #connection: Connection
  readonly #client: Client
  readonly #taskQueue: string
  readonly #longHistory: number | undefined
  /** On the monotonic clock: until then no worker is expected to answer. */
  #signalsUntil = 0

  constructor(options: DoorOptions) {
    // Lazy: whoever opens the door lives with Temporal away, and finds it when it comes back.
    this.#connection = Connection.lazy({ address: options.address, connectTimeout: '3s', channelArgs: RECONNECT })
    this.#client = new Client({ connection: this.#connection, namespace: options.namespace })
    this.#taskQueue = options.taskQueue
    this.#longHistory = options.longHistory
  }

  async ring(bell: Bell): Promise<Rung> {
    if (!bell.start && !bell.spoke && performance.now() >= this.#signalsUntil) {
      const followed = await this.#follow(bell)
      if (followed !== 'away') return followed
      this.#signalsUntil = performance.now() + SIGNALS_FOR_MS
    }
    const signal = bell.spoke ? clientSpoke : changed
    const workflowId = workflowIdOf(bell.sessionId)
    try {
      await this.#within<unknown>(SIGNAL_DEADLINE_MS, () => {
        if (!bell.start) return this.#client.workflow.getHandle(workflowId).signal(signal, bell.snapshot)
        const start = this.#startOptions(bell.sessionId, bell.snapshot.epoch)
        return this.#client.workflow.signalWithStart(SESSION_WORKFLOW, {
          ...start,
          signal,
          signalArgs: [bell.snapshot],
        })
      })
      return 'rung'
    } catch (error) {
      return isGone(error) ? 'gone' : 'away'
    }
  }

  async #follow({ sessionId, snapshot }: Bell): Promise<Rung> {
    try {
      await this.#within(FOLLOW_DEADLINE_MS, () =>
        this.#client.workflow.getHandle(workflowIdOf(sessionId)).executeUpdate(follow, { args: [snapshot] }),
      )
      return 'rung'
    } catch (error) {
      return isGone(error) ? 'gone' : 'away'
    }
  }

  /**
   * The session's row was restored from a backup and is open: its workflow follows it, and where that had ended in the
   * time that is lost, another one begins. Returns whether Temporal took it.
   */
  async revive(sessionId: string, snapshot: Snapshot): Promise<boolean> {
    try {
      await this.#within(SIGNAL_DEADLINE_MS, () =>
        this.#client.workflow.signalWithStart(SESSION_WORKFLOW, {
          ...this.#startOptions(sessionId, snapshot.epoch),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          signal: changed,
          signalArgs: [snapshot],
        }),
      )
      return true
    } catch {
      return false
    }
  }

  /** Starts the workflow where it does not run yet, and waits until the command is decided, for `deadlineMs` at most. */
  async command(
    kind: CommandKind,
    sessionId: string,
    epoch: number,
    commandId: string,
    deadlineMs: number,
  ): Promise<Obeyed> {
    try {
      const told = await this.#within(deadlineMs, () =>
        this.#client.workflow.executeUpdateWithStart(commands[kind], {
          startWorkflowOperation: new WithStartWorkflowOperation(
            SESSION_WORKFLOW,
            this.#startOptions(sessionId, epoch),
          ),
          updateId: commandId,
          args: [commandId],
        }),
      )
      return { told }
    } catch (error) {
      return isGone(error) ? 'gone' : 'away'
    }
  }

  /** What the running workflow says of itself; null when it does not run or does not answer. */
  async query(sessionId: string): Promise<SessionLife | null> {
    try {
      return await this.#within(QUERY_DEADLINE_MS, () =>
        this.#client.workflow.getHandle(workflowIdOf(sessionId)).query(state),
      )
    } catch {
      return null
    }
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #within<T>(ms: number, call: () => Promise<T>): Promise<T> {
    return this.#client.withDeadline(Date.now() + ms, call)
  }

  #startOptions(sessionId: string, epoch: number) {
    return {
      workflowId: workflowIdOf(sessionId),
      taskQueue: this.#taskQueue,
      args: this.#longHistory === undefined ? [sessionId, epoch] : [sessionId, epoch, this.#longHistory],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // A run that completed is never followed by another one; one that somebody terminated is.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    } as const
  }
}

const GRPC_NOT_FOUND = 5
const GRPC_ALREADY_EXISTS = 6

function isGone(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError) return true
  // An Update that was admitted just before its workflow returned fails with the workflow's end.
  if (error instanceof WorkflowFailedError) return true
  const cause = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error
  return isGrpcServiceError(cause) && (cause.code === GRPC_NOT_FOUND || cause.code === GRPC_ALREADY_EXISTS)
}
