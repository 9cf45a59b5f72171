// P14: how long the longest history grows before a session continues as new, and how long a worker that has never seen it
// takes to replay it: what a client waits for at worst after a deployment.
import { fileURLToPath } from 'node:url'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { workflowIdOf } from '../src/workflows/contract.ts'
import { messageBody } from './bodies.ts'
import type { Stack } from './stack.ts'
import { median } from './statistics.ts'
import { now } from './webhook-sender.ts'

const BUNDLE = fileURLToPath(new URL('../dist/workflows.js', import.meta.url))
/** The end and the client's word that makes a session active again cost about ten events, and a run ends after 400. */
const TIMES = 50
const REPLAYS = 5

export interface LongHistory {
  readonly events: number
  readonly bytes: number
  readonly replayMs: number
}

export async function longHistory(stack: Stack): Promise<LongHistory> {
  // Not by texts: Meta's pace for one client would stretch them over half an hour.
  const { ids, firstClient } = await stack.activeSessions(4)
  for (let n = 0; n < TIMES; n++) {
    await stack.inWrapUp(ids)
    await stack.deliver(ids.map((_, k) => messageBody({ client: firstClient + k, text: `one more question ${n}` })))
    await stack.drained()
  }
  const runs = await Promise.all(ids.map(async (id) => ({ id, history: await stack.firstRun(id) })))
  const finished = runs.filter(({ history }) =>
    history.events?.some((event) => event.workflowExecutionContinuedAsNewEventAttributes != null),
  )
  const longest = finished.sort((a, b) => lengthOf(b.history) - lengthOf(a.history))[0]
  if (longest === undefined) throw new Error(`No session continued as new after ${TIMES} ends.`)
  return {
    events: lengthOf(longest.history),
    bytes: proto.temporal.api.history.v1.History.encode(longest.history).finish().length,
    replayMs: await replayed(workflowIdOf(longest.id), longest.history),
  }
}

const lengthOf = (history: History): number => history.events?.length ?? 0

/** The first replay of a worker also loads the bundle, which a worker does once; it is not counted. */
async function replayed(workflowId: string, history: History): Promise<number> {
  const took: number[] = []
  let began = 0
  async function* histories() {
    for (let n = 0; n <= REPLAYS; n++) {
      began = now()
      yield { workflowId: `${workflowId}-${n}`, history }
    }
  }
  for await (const outcome of Worker.runReplayHistories({ workflowBundle: { codePath: BUNDLE } }, histories())) {
    if (outcome.error) throw outcome.error
    took.push(now() - began)
  }
  return median(took.slice(1))
}
