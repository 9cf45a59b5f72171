// After a restore of PostgreSQL, before API and worker start: `npm run reconcile`, or `node dist/reconcile.js`.
import { systemClock } from './clock.ts'
import { ConfigError, readWorkerConfig, type WorkerConfig } from './config.ts'
import { connect } from './db/database.ts'
import { migrateToLatest } from './db/migrate.ts'
import { Door } from './engine/door.ts'
import { beginEpoch, type Restored } from './sessions/restored.ts'
import { loadSnapshot } from './sessions/state.ts'

const AT_ONCE = 16

/**
 * Every open session gets a workflow that follows the restored row, also where its workflow had already ended in the time
 * that is lost, which no ordinary bell would begin again. What cannot be rung now is rung by the relay.
 */
export async function reconcile(
  config: Pick<WorkerConfig, 'databaseUrl' | 'temporalAddress' | 'temporalNamespace' | 'taskQueue'>,
): Promise<Restored & { readonly rung: number }> {
  const { db, close } = connect(config.databaseUrl, 4)
  const { temporalAddress: address, temporalNamespace: namespace, taskQueue } = config
  const door = new Door({ address, namespace, taskQueue })
  try {
    await migrateToLatest(db)
    const restored = await beginEpoch(db, new Date(systemClock.now()))
    const waiting = [...restored.open]
    let rung = 0
    const ring = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const snapshot = await loadSnapshot(db, id, systemClock.now())
        if (snapshot !== null && (await door.revive(id, snapshot))) rung++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, ring))
    return { ...restored, rung }
  } finally {
    await door.close()
    await close()
  }
}

async function main(): Promise<void> {
  try {
    const { epoch, open, unknown, rung } = await reconcile(readWorkerConfig(process.env))
    console.log(`Epoch ${epoch} has begun. Open sessions: ${open.length}. Messages whose fate is unknown: ${unknown}.`)
    if (rung < open.length)
      console.log(`${open.length - rung} sessions could not be told yet; the API tells them once Temporal answers.`)
    console.log('Start the API and the worker now.')
  } catch (error) {
    console.error(error instanceof ConfigError ? error.problems.join('\n') : error)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) await main()
