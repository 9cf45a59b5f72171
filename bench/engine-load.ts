// The load of the engine's baselines, as a process of its own: at a pace, or as much as is handled.

import type { WorkflowHandle } from '@temporalio/client'
import { Client, Connection } from '@temporalio/client'
import { v7 } from 'uuid'
import { bare, ring, update, updateAndDo } from './baselines/workflows.ts'
import { paced } from './pace.ts'
import { Watch } from './watch.ts'
import { now } from './webhook-sender.ts'

export interface EngineOrder {
  readonly address: string
  readonly namespace: string
  readonly taskQueue: string
  readonly tracePort: number
  readonly what: 'B3' | 'B4' | 'B5'
  readonly workflows: number
  readonly seconds: number
  /** A number a second; or one in flight in each workflow, each after the one before. */
  readonly pace: number | 'flat out'
}

export interface EngineResult {
  readonly perSecond: number
  readonly latencies: readonly number[]
}

interface Subject {
  readonly handle: WorkflowHandle<typeof bare>
  readonly runId: string
}

async function prepare(order: EngineOrder): Promise<() => Promise<EngineResult>> {
  const connection = await Connection.connect({ address: order.address })
  const client = new Client({ connection, namespace: order.namespace })
  const watch = await Watch.open(order.tracePort)
  const subjects = await Promise.all(
    Array.from({ length: order.workflows }, async (): Promise<Subject> => {
      const handle = await client.workflow.start(bare, {
        workflowId: `bare-${v7()}`,
        taskQueue: order.taskQueue,
        args: [],
      })
      return { handle, runId: handle.firstExecutionRunId }
    }),
  )
  const once = ONCE[order.what]
  // Cached, and the way there is warm.
  for (const part of chunks(subjects, 16)) await Promise.all(part.map((subject) => once(subject, watch)))
  return async () => {
    const latencies: number[] = []
    const began = now()
    const ends = began + order.seconds * 1000
    const one = async (subject: Subject): Promise<void> => {
      const at = now()
      latencies.push((await once(subject, watch)) - at)
    }
    if (order.pace === 'flat out') {
      await Promise.all(
        subjects.map(async (subject) => {
          while (now() < ends) await one(subject)
        }),
      )
    } else {
      // No workflow has two at once: each is handled by a task of its own. Where none is free, that is not counted.
      const free = [...subjects]
      const waiting: ((subject: Subject) => void)[] = []
      await paced(order.pace, order.seconds, async () => {
        const subject = free.shift() ?? (await new Promise<Subject>((resolve) => waiting.push(resolve)))
        await one(subject)
        const next = waiting.shift()
        if (next === undefined) free.push(subject)
        else next(subject)
      })
    }
    const perSecond = (latencies.length * 1000) / (now() - began)
    await Promise.all(subjects.map(({ handle }) => handle.terminate()))
    watch.close()
    await connection.close()
    return { perSecond, latencies }
  }
}

const ONCE: Record<EngineOrder['what'], (subject: Subject, watch: Watch) => Promise<number>> = {
  B3: async ({ handle, runId }, watch) => {
    const handled = watch.next(runId)
    await handle.signal(ring, v7())
    return handled
  },
  B4: async ({ handle }) => {
    await handle.executeUpdate(update, { args: [v7()] })
    return now()
  },
  B5: async ({ handle }, watch) => {
    const key = v7()
    const ran = watch.next(key)
    await handle.executeUpdate(updateAndDo, { args: [key] })
    return ran
  },
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))
}

let go: (() => Promise<EngineResult>) | null = null
process.on('message', (message: EngineOrder | 'go') => {
  if (message !== 'go') {
    void prepare(message).then((ready) => {
      go = ready
      process.send?.('ready')
    })
  } else if (go !== null) {
    void go().then((result) => process.send?.(result, () => process.disconnect()))
  }
})
