// P3, P5, P6, P7: how long things take at a pace, with all of Parley running, each beside its baseline in the same round.
import type { Box } from './box.ts'
import { NAMESPACE, PASSWORD } from './box.ts'
import type { EngineOrder, EngineResult } from './engine-load.ts'
import { paced } from './pace.ts'
import type { PacedOrder, PacedResult } from './paced-webhooks.ts'
import { refuseNone } from './refused.ts'
import { EMAIL, each, type Stack } from './stack.ts'
import { percentile } from './statistics.ts'

export interface Engine {
  readonly taskQueue: string
  readonly tracePort: number
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  /** Share over one second. */
  readonly slow: number
}

export const latencyOf = (samples: readonly number[]): Latency => ({
  p50: percentile(samples, 0.5),
  p99: percentile(samples, 0.99),
  slow: samples.filter((ms) => ms > 1_000).length / samples.length,
})

export async function bare(
  box: Box,
  engine: Engine,
  order: Pick<EngineOrder, 'what' | 'workflows' | 'seconds' | 'pace'>,
): Promise<EngineResult> {
  const address = await box.temporal()
  const go = await box.generator<EngineOrder, EngineResult>('engine-load.ts', {
    ...order,
    address,
    namespace: NAMESPACE,
    taskQueue: engine.taskQueue,
    tracePort: engine.tracePort,
  })
  return go()
}

async function webhooks(
  box: Box,
  stack: Stack,
  order: Omit<PacedOrder, 'url' | 'email' | 'password'>,
): Promise<PacedResult> {
  const go = await box.generator<PacedOrder, PacedResult>('paced-webhooks.ts', {
    ...order,
    url: stack.url,
    email: EMAIL,
    password: PASSWORD,
  })
  const result = await go()
  refuseNone(result.refused)
  if (result.unseen > 0) throw new Error(`${result.unseen} messages were not pushed to the operator.`)
  return result
}

/** P5: webhook → the operator's websocket, 50 a second, of clients who wait in the queue. */
export async function seen(box: Box, stack: Stack, seconds: number): Promise<Latency> {
  const { firstClient } = await stack.newSessions(50)
  return latencyOf((await webhooks(box, stack, { perSecond: 50, seconds, clients: 50, firstClient })).seen)
}

/** P6: webhook → the workflow has followed, 20 a second, in sessions that wait for it: their operator writes up. */
export async function followed(box: Box, stack: Stack, seconds: number): Promise<Latency> {
  const clients = 20 * seconds
  const { firstClient, ids } = await stack.activeSessions(clients)
  await stack.inWrapUp(ids)
  const follow = { sessions: ids, address: stack.address, namespace: NAMESPACE, tracePort: stack.tracePort }
  return latencyOf((await webhooks(box, stack, { perSecond: 20, seconds, clients, firstClient, follow })).followed)
}

/** P7: the operator's command → it reaches Meta, 10 a second, over active sessions. */
export async function sent(stack: Stack, ids: readonly string[], round: number, seconds: number): Promise<Latency> {
  // Each session once, as each of the baseline's workflows: the way there is warm.
  await each(ids, 4, (id) => stack.send(id, `warm-${round}`))
  await stack.drained()
  const sentAt = new Map<string, number>()
  await paced(10, seconds, async (n) => {
    const id = ids[n % ids.length]
    if (id === undefined) return
    const text = `command-${round}-${n}`
    sentAt.set(text, Date.now())
    await stack.send(id, text)
  })
  await stack.drained()
  const receipts = await stack.receipts()
  return latencyOf(
    [...sentAt].map(([text, at]) => {
      const reached = receipts.get(text)
      if (reached === undefined) throw new Error(`"${text}" did not reach Meta.`)
      return reached - at
    }),
  )
}

/** P3: a full 80 messages/s number: 240 statuses and 80 messages a second, sent → 200. */
export async function full(box: Box, stack: Stack, seconds: number): Promise<Latency> {
  const { firstClient } = await stack.newSessions(50)
  const statuses = await stack.attemptsForStatuses(Math.ceil((240 * seconds) / 3))
  return latencyOf(
    (await webhooks(box, stack, { perSecond: 320, seconds, clients: 50, firstClient, statuses })).answered,
  )
}
