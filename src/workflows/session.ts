// The life of one session. It waits, orders and times; what is allowed and what changes is decided on the row, by the
// decisions it calls, and it follows the snapshot that comes back. Of two snapshots the newer wins, so signals may be
// lost, repeated or late.
import {
  allHandlersFinished,
  condition,
  makeContinueAsNewFunc,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { isNewer, isOver, type Snapshot } from '../domain/snapshot.ts'
import type { TimerName } from '../domain/timers.ts'
import { Alarm } from './alarm.ts'
import {
  changed,
  clientSpoke,
  commands,
  type Decisions,
  follow,
  type Sending,
  type SessionLife,
  state,
  type Told,
  WORKFLOW_TASK_TIMEOUT,
} from './contract.ts'
import { nextOf } from './next.ts'
import { Turns } from './turns.ts'

const { decide, fireTimer, look } = proxyLocalActivities<Decisions>({
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', maximumInterval: '10s' },
  // With the database away, the wait is a timer's: neither a workflow task held open nor its heartbeats in the history.
  localRetryThreshold: '3s',
})

// A drain claims for 10 s at most, then its last request may take 5 s to start and 18 s to be answered. It is never
// repeated by Temporal: whether Meta has the message is for the next drain to find unknown, not to try again.
const { drainSends } = proxyActivities<Sending>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '6s',
  retry: { maximumAttempts: 1 },
})

const OLD_MS = 7 * 24 * 60 * 60 * 1000
/** Short, because a worker that has not seen a session (after a deployment, or with more of them than it keeps) replays all of it. */
const LONG_HISTORY = 400
/** A timer that asks too early asks again, but never faster than this. */
const REARM_MS = 1_000
const BACK_OFF_MS = [1_000, 2_000, 5_000, 15_000, 30_000]

/** `longHistory`: after how many events it continues as new; given by tests only. */
export async function session(sessionId: string, epoch: number, longHistory = LONG_HISTORY): Promise<void> {
  let held: Snapshot | null = null
  let missing = false
  let draining = false
  let failures = 0
  /** Until when no drain is begun, and no timer fired, because the last one found the activity's clock or world behind. */
  let drainNotBefore = 0
  let fireNotBefore = 0
  const turns = new Turns()
  const alarm = new Alarm()
  const startedAt = Date.now()

  const take = (snapshot: Snapshot | null): void => {
    missing = snapshot === null
    if (snapshot !== null && isNewer(snapshot, held)) held = snapshot
  }
  const obey = (commandId: string): Promise<Told> =>
    turns.take(async () => {
      const { told, snapshot } = await decide(commandId)
      // A command that nobody knows (any more) says nothing of the row.
      if (snapshot !== null) take(snapshot)
      return told
    })

  setHandler(clientSpoke, take)
  setHandler(changed, take)
  setHandler(follow, take)
  const validator = (commandId: string): void => {
    if (typeof commandId !== 'string' || commandId.length !== 36) throw new TypeError('A command is named by its id.')
  }
  for (const command of Object.values(commands)) setHandler(command, obey, { validator })
  setHandler(state, (): SessionLife => lifeOf(held, draining, alarm.at))

  // A bell or a command that started this run brings the first snapshot; otherwise the row is asked.
  await Promise.resolve()
  if (held === null) await turns.take(async () => void (held === null && take(await look(sessionId))))

  for (;;) {
    if (missing || (held !== null && isOver(held) && !draining)) {
      await condition(allHandlersFinished)
      if (missing || (held !== null && isOver(held) && !draining)) return
    }
    if (isOld(startedAt, longHistory)) break
    if (held !== null && mayDrain(held)) void drain()
    const seen: Snapshot | null = held
    const wasDraining = draining
    arm()
    await condition(
      () => held !== seen || draining !== wasDraining || alarm.rang || (held !== null && mayDrain(held)) || missing,
    )
    if (alarm.rang) {
      alarm.rang = false
      await turns.take(fireDue)
    }
  }
  await condition(() => !draining && allHandlersFinished())
  await makeContinueAsNewFunc<typeof session>({ workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT })(
    sessionId,
    epoch,
    longHistory,
  )

  function mayDrain(snapshot: Snapshot): boolean {
    const { pending, calling, waitUntil } = snapshot.sends
    if (draining || Date.now() < drainNotBefore) return false
    return calling > 0 || (pending > 0 && (waitUntil === null || waitUntil <= Date.now()))
  }

  async function drain(): Promise<void> {
    draining = true
    try {
      const { snapshot } = await drainSends(sessionId)
      take(snapshot)
      failures = 0
      // The activity's clock may be behind this one: what is still to wait for is asked again, but not at once.
      if (snapshot !== null && snapshot.sends.waitUntil !== null) drainNotBefore = Date.now() + REARM_MS
    } catch {
      // It died or lost the database. What it left is looked at again, a little later; the session lives on.
      drainNotBefore = Date.now() + (BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)] ?? REARM_MS)
      take(await look(sessionId))
    } finally {
      draining = false
    }
  }

  /** One sleep until whatever comes first. A later due time leaves it as it is: it wakes, asks and sleeps again. */
  function arm(): void {
    if (held === null) return
    const due = held.timers.map((timer) => Math.max(timer.dueAt, fireNotBefore))
    const { pending, calling, waitUntil } = held.sends
    if (!draining && pending + calling > 0) due.push(Math.max(calling > 0 ? 0 : (waitUntil ?? 0), drainNotBefore))
    if (due.length > 0) alarm.set(Math.min(...due))
  }

  async function fireDue(): Promise<void> {
    for (const name of dueNow()) {
      if (held !== null && dueNow().includes(name)) take(await fireTimer(sessionId, name, held.rev))
    }
    // The decision's clock may be behind this one: still due means ask again, not at once.
    if (dueNow().length > 0) fireNotBefore = Date.now() + REARM_MS
  }

  function dueNow(): readonly TimerName[] {
    return held?.timers.filter((timer) => timer.dueAt <= Date.now()).map((timer) => timer.name) ?? []
  }
}

function isOld(startedAt: number, longHistory: number): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength > longHistory || Date.now() - startedAt > OLD_MS
}

function lifeOf(held: Snapshot | null, draining: boolean, alarmAt: number | null): SessionLife {
  const asOf = Date.now()
  const none = { pending: 0, calling: 0, waitUntil: null }
  return {
    phase: held?.phase ?? null,
    textField: held?.textField ?? null,
    timers: held?.timers ?? [],
    sends: { ...(held?.sends ?? none), draining },
    next: held === null ? null : nextOf(held, alarmAt),
    rev: held?.rev ?? null,
    asOf,
  }
}
