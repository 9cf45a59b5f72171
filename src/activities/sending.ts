// Sends what waits in one session, message by message in their order: claim, post, settle. Temporal never repeats a
// drain; what one leaves behind when it dies is `unknown` to the next.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { cancellationSignal, heartbeat } from '@temporalio/activity'
import { type CloudApi, CONNECT_TIMEOUT_MS, type Line } from '../cloud-api/client.ts'
import { type Claimed, claimNext } from '../sessions/claim.ts'
import type { Ctx } from '../sessions/context.ts'
import { giveUpStale, type Settlement, settle } from '../sessions/settle.ts'
import { loadSnapshot } from '../sessions/state.ts'
import type { Sending } from '../workflows/contract.ts'

/** A drain claims nothing after this, so that it ends well within its timeout. */
const CLAIMING_MS = 10_000
/** A request that has not begun this long after its claim is not made: the gate's answer has grown old. */
const START_WITHIN_MS = 5_000
const HEARTBEAT_MS = 2_000

export interface SendingDeps {
  readonly ctx: Ctx
  readonly cloudApi: CloudApi
  lineOf(channel: Claimed['channel']): Line
}

export const sending = (deps: SendingDeps): Sending => ({
  async drainSends(sessionId) {
    const { ctx } = deps
    const began = performance.now()
    const beat = setInterval(() => heartbeat(), HEARTBEAT_MS)
    try {
      while (performance.now() - began < CLAIMING_MS && !cancellationSignal().aborted) {
        const asked = performance.now()
        const claim = await claimNext(ctx, sessionId)
        switch (claim.claim) {
          case 'none':
            return { snapshot: claim.snapshot }
          case 'wait':
            if (!claim.short) return { snapshot: claim.snapshot }
            await sleep(Math.max(1, claim.until - ctx.clock.now()))
            break
          case 'stale':
            await giveUpStale(ctx, sessionId)
            break
          case 'refused':
            break
          case 'post': {
            const outcome = await post(deps, claim.claimed, asked)
            const more = await settle(ctx, sessionId, claim.claimed.attemptId, outcome)
            if (!more) return { snapshot: await loadSnapshot(ctx.byKey, sessionId, ctx.clock.now()) }
          }
        }
      }
      return { snapshot: await loadSnapshot(ctx.byKey, sessionId, ctx.clock.now()) }
    } finally {
      clearInterval(beat)
    }
  },
})

async function post(deps: SendingDeps, claimed: Claimed, asked: number): Promise<Settlement> {
  let line: Line
  try {
    line = deps.lineOf(claimed.channel)
  } catch {
    return { outcome: 'noToken' }
  }
  // Connecting may take its whole time, too.
  if (performance.now() - asked + CONNECT_TIMEOUT_MS > START_WITHIN_MS) return { outcome: 'notStarted' }
  return deps.cloudApi.send(line, {
    to: claimed.to,
    message: claimed.message,
    replyTo: claimed.replyTo,
    opaque: claimed.attemptId,
  })
}
