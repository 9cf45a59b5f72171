// What every transaction on a session needs, and how one is run: repeated where PostgreSQL asks for it, announced
// once it is committed.
import type { Clock } from '../clock.ts'
import type { Database, Trx } from '../db/database.ts'
import { isUniqueViolation, mayRepeat, Repeat } from '../db/errors.ts'
import { type Change, type ChangeBus, notify } from './changes.ts'
import { type Bell, bellsBehindCommit } from './state.ts'

export interface Ctx {
  readonly db: Database
  /** For whatever finds rows by key. */
  readonly byKey: Database
  readonly clock: Clock
  readonly bus: ChangeBus
  /**
   * Wakes the workflows of these sessions; the rows in `signal_outbox` cover a crash before it is done. `bells` where they
   * were read already.
   */
  ring(sessionIds: readonly string[], bells?: readonly Bell[]): void
}

/** Collects, inside one transaction, what has to be told after its commit. */
export class Aftermath {
  readonly changes: Change[] = []
  readonly rings = new Set<string>()
  readonly channels = new Set<string>()
}

const TRIES = 5
/** Two commands of one user with one key, at the same instant: the second finds the first's answer. */
const ONE_COMMAND_A_KEY = 'command_user_id_key_key'

export async function transact<T>(ctx: Ctx, body: (trx: Trx, after: Aftermath) => Promise<T>): Promise<T> {
  for (let tryNo = 1; ; tryNo++) {
    const after = new Aftermath()
    try {
      const { value, bells } = await ctx.byKey.transaction().execute(async (trx) => {
        const result = await body(trx, after)
        await notify(trx, after.changes, ctx.bus.processId)
        return { value: result, bells: after.rings.size > 0 ? await bellsBehindCommit(trx, [...after.rings]) : null }
      })
      if (bells !== null) ctx.ring([...after.rings], bells() ?? undefined)
      ctx.bus.emit(after.changes)
      for (const channelId of after.channels) ctx.bus.emitChannel(channelId)
      return value
    } catch (error) {
      const wasSecond = error instanceof Repeat || isUniqueViolation(error, ONE_COMMAND_A_KEY)
      if (tryNo >= TRIES || !(wasSecond || mayRepeat(error))) throw error
    }
  }
}
