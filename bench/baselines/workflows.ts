// The barest workflow for each of the engine's baselines: it takes signals, answers updates, runs an activity that does
// nothing, and lives until it is told to end.
import { condition, defineSignal, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow'
import type { Activities } from './engine.ts'

export const ring = defineSignal<[string]>('ring')
export const end = defineSignal('end')
export const update = defineUpdate<number, [string]>('update')
export const updateAndDo = defineUpdate<void, [string]>('updateAndDo')

const { nothing } = proxyActivities<Activities>({ startToCloseTimeout: '60s', retry: { maximumAttempts: 1 } })

export async function bare(): Promise<void> {
  let rung = 0
  let ended = false
  setHandler(ring, () => {
    rung++
  })
  setHandler(end, () => {
    ended = true
  })
  setHandler(update, () => rung)
  setHandler(updateAndDo, nothing)
  await condition(() => ended)
}
