// The decisions that a session's workflow asks for, each one transaction; run as local activities.

import type { Ctx } from '../sessions/context.ts'
import { decideCommand } from '../sessions/decide.ts'
import { loadSnapshot } from '../sessions/state.ts'
import { decideTimer } from '../sessions/timer.ts'
import type { Decisions } from '../workflows/contract.ts'

export const decisions = (ctx: Ctx): Decisions => ({
  async decide(commandId) {
    const { outcome, snapshot } = await decideCommand(ctx, commandId)
    return { told: outcome, snapshot }
  },
  fireTimer: (sessionId, name, armedRev) => decideTimer(ctx, sessionId, name, armedRev),
  look: (sessionId) => loadSnapshot(ctx.byKey, sessionId, ctx.clock.now()),
})
