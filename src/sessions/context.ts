// What every transaction on a session needs, and how one is run: repeated where PostgreSQL asks for it, announced
// once it is committed.
import type { Clock } from '../clock.ts'
import type { Database, Trx } from '../db/database.ts'
import { mayRepeat } from '../db/errors.ts'
import { type Change, type ChangeBus, notify } from './changes.ts'

export interface Ctx {
  readonly db: Database
  /** For whatever finds rows by key. */
  readonly byKey: Database
  readonly clock: Clock
  readonly bus: ChangeBus
  /** Wakes the workflows of these sessions; the rows in `signal_outbox` cover a crash before it is done. */
  ring(sessionIds: readonly string[]): void
}

/** Collects, inside one transaction, what has to be told after its commit. */
export class Aftermath {
  readonly changes: Change[] = []
  readonly rings = new Set<string>()
  readonly channels = new Set<string>()
}

const TRIES = 5

/** Thrown inside a transaction to run it anew, because a concurrent one was first. */
export class Repeat extends Error {}

export async function transact<T>(ctx: Ctx, body: (trx: Trx, after: Aftermath) => Promise<T>): Promise<T> {
  for (let tryNo = 1; ; tryNo++) {
    const after = new Aftermath()
    try {
      const value = await ctx.byKey.transaction().execute(async (trx) => {
        const result = await body(trx, after)
        await notify(trx, after.changes, ctx.bus.processId)
        return result
      })
      ctx.bus.emit(after.changes)
      for (const channelId of after.channels) ctx.bus.emitChannel(channelId)
      if (after.rings.size > 0) ctx.ring([...after.rings])
      return value
    } catch (error) {
      if (tryNo >= TRIES || !(error instanceof Repeat || mayRepeat(error))) throw error
    }
  }
}
