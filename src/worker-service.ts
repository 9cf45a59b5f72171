// The Temporal worker: runs the session workflows, their decisions and their sends. A service of its own; it waits for
// the schema, which the API brings, and for Temporal.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { type Logger, pino } from 'pino'
import { decisions } from './activities/decisions.ts'
import { sending } from './activities/sending.ts'
import { type Clock, systemClock } from './clock.ts'
import { CloudApi } from './cloud-api/client.ts'
import { ConfigError, readWorkerConfig, type WorkerConfig } from './config.ts'
import { connect, type Database } from './db/database.ts'
import { isMigrated } from './db/migrate.ts'
import { lineOf } from './secrets.ts'
import { ChangeBus } from './sessions/changes.ts'

const BUNDLE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/workflows.js' : './workflows.js', import.meta.url),
)
const LOOK_AGAIN_MS = 500
/** About 0.4 MB each: half a gigabyte of open sessions stays at hand, the others are replayed when they wake. */
const CACHED_SESSIONS = 1_200

export interface RunningWorker {
  /** Resolves when it has stopped, by `close` or because it failed. */
  readonly done: Promise<void>
  close(): Promise<void>
}

export interface WorkerOptions {
  readonly clock?: Clock
  readonly log?: Logger
  readonly answerTimeoutMs?: number
  readonly cachedSessions?: number
}

export async function startWorker(config: WorkerConfig, options: WorkerOptions = {}): Promise<RunningWorker> {
  const log = options.log ?? pino({ name: 'parley-worker' })
  const { db, byKey, close: closeDatabase } = connect(config.databaseUrl, 15)
  await schema(db, log)
  const connection = await temporal(config.temporalAddress, log)
  const cloudApi = new CloudApi(
    options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs },
  )
  // Its bells lie in the outbox, where the relay of an API finds them.
  const ctx = { db, byKey, clock: options.clock ?? systemClock, bus: new ChangeBus(), ring: () => {} }
  const worker = await Worker.create({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    workflowBundle: { codePath: BUNDLE },
    activities: { ...decisions(ctx), ...sending({ ctx, cloudApi, lineOf: lineOf(config) }) },
    reuseV8Context: true,
    maxCachedWorkflows: options.cachedSessions ?? CACHED_SESSIONS,
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 8 },
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 8 },
    maxConcurrentActivityTaskExecutions: 100,
    // A session whose worker died is somebody else's after this.
    stickyQueueScheduleToStartTimeout: '2s',
    shutdownGraceTime: '1s',
    shutdownForceTime: '2s',
  })
  const done = worker.run().finally(async () => {
    await cloudApi.close()
    await connection.close()
    await closeDatabase()
  })
  return {
    done,
    close: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await done.catch(() => {})
    },
  }
}

async function schema(db: Database, log: Logger): Promise<void> {
  for (let said = false; ; said = true) {
    try {
      if (await isMigrated(db)) return
      if (!said) log.info('waiting for the API to bring the database to the newest schema')
    } catch (error) {
      if (!said) log.warn({ err: error }, 'PostgreSQL cannot be reached; waiting for it')
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

async function temporal(address: string, log: Logger): Promise<NativeConnection> {
  for (let said = false; ; said = true) {
    try {
      return await NativeConnection.connect({ address })
    } catch (error) {
      if (!said) log.warn({ err: error }, 'Temporal cannot be reached; waiting for it')
      await sleep(LOOK_AGAIN_MS)
    }
  }
}

export async function serve(): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] })
  const log = pino({ name: 'parley-worker' })
  let config: WorkerConfig
  try {
    config = readWorkerConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) console.error(problem)
    process.exit(1)
  }
  const starting = startWorker(config, { log })
  const stop = (): void => {
    // Whatever still waits for a server at this point has nothing to lose.
    starting.then(
      (worker) => worker.close().then(() => process.exit(0)),
      () => process.exit(1),
    )
    setTimeout(() => process.exit(0), 2_800).unref()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const worker = await starting
  log.info({ taskQueue: config.taskQueue }, 'the worker runs')
  await worker.done
}
