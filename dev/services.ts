// Parley's own processes, as the launcher starts them: each ready before the next thing is said.
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { ROOT } from './artifact.ts'
import type { Child, Family } from './family.ts'
import { logTail } from './log-tail.ts'
import { Problem } from './problem.ts'
import { until } from './wait.ts'

const READY_WITHIN_MS = 60_000

export interface Service {
  readonly family: Family
  readonly name: string
  /** From the root of the project. */
  readonly main: string
  readonly env: NodeJS.ProcessEnv
  readonly log: string
  isReady(): Promise<boolean>
}

export async function startService({ family, name, main, env, log, isReady }: Service): Promise<Child> {
  const child = await family.spawn(name, process.execPath, [join(ROOT, main)], {
    env,
    log,
    cwd: ROOT,
    layer: 'service',
  })
  let ended = false
  void child.exited.then(() => {
    ended = true
  })
  const ready = await until(async () => (ended ? 'ended' : (await isReady()) && 'ready'), { within: READY_WITHIN_MS })
  if (ready === 'ready') return child
  if (!ended) await child.stop()
  throw new Problem(`${name} did not start: ${logTail(log, 1) || 'it said nothing'}\nThe whole log is ${log}`)
}

export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

const WORKFLOW_TASKS = 1

/** True once somebody who came after the given time waits for workflow tasks. */
export async function isPolled(address: string, namespace: string, taskQueue: string, since: number): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 }).catch(() => null)
  if (connection === null) return false
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    })
    return (pollers ?? []).some(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since - 1_000)
  } catch {
    return false
  } finally {
    await connection.close()
  }
}
