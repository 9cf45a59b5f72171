// The box that everything is measured in: embedded PostgreSQL that waits for the disk, Temporal on it with four history
// shards, and processes beside. Each round gets a database of its own, cloned from one that is migrated and seeded.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Child } from '../dev/family.ts'
import { Family } from '../dev/family.ts'
import { freePort } from '../dev/ports.ts'
import { ensureDatabase, type Postgres, startPostgres } from '../dev/postgres.ts'
import { DEMO_NUMBER, DEMO_TOKEN, seedDemo } from '../dev/seed.ts'
import { answersOk, isPolled, startService } from '../dev/services.ts'
import { startTemporal } from '../dev/temporal.ts'
import { connect } from '../src/db/database.ts'
import { migrateToLatest } from '../src/db/migrate.ts'
import { APP_SECRET, VERIFY_TOKEN } from './bodies.ts'

export const PASSWORD = 'bench-password-of-the-demo'
export const NAMESPACE = 'bench'
const SECRET_KEY = 'bench-secret-key-that-seals-tokens-0123456789'
const TEMPLATE = 'bench_template'
/** Nothing listens there: a service that is measured without Temporal. */
const NOWHERE = '127.0.0.1:1'

export interface Database {
  readonly name: string
  readonly url: string
}

export interface Running {
  readonly url: string
  readonly child: Child
}

export class Box {
  readonly folder: string
  readonly #family: Family
  readonly #postgres: Postgres
  readonly #generators = new Set<ChildProcess>()
  #temporal: Promise<string> | null = null
  #bundle: Promise<string> | null = null
  #made = 0

  private constructor(folder: string, family: Family, postgres: Postgres) {
    this.folder = folder
    this.#family = family
    this.#postgres = postgres
  }

  static async open(): Promise<Box> {
    const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'))
    const family = new Family(folder)
    const postgres = await startPostgres({ family, folder: join(folder, 'postgres') })
    const box = new Box(folder, family, postgres)
    await box.#makeTemplate()
    return box
  }

  /** host:port; started when first asked for. */
  temporal(): Promise<string> {
    this.#temporal ??= this.#startTemporal()
    return this.#temporal
  }

  async freshDatabase(empty = false): Promise<Database> {
    const name = `bench_${process.pid}_${this.#made++}`
    await this.#onServer(`CREATE DATABASE ${name}${empty ? '' : ` TEMPLATE ${TEMPLATE}`}`)
    return { name, url: this.#postgres.urlOf(name) }
  }

  async drop({ name }: Database): Promise<void> {
    await this.#onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  }

  /** A name that no other run of the bench has used at this Temporal. */
  taskQueue(): string {
    return `bench-${process.pid}-${this.#made++}`
  }

  async startBaseline(main: string, database: Database): Promise<Running> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const child = await startService({
      family: this.#family,
      name: main,
      main,
      env: { ...process.env, PORT: String(port), DATABASE_URL: database.url, WHATSAPP_APP_SECRET: APP_SECRET },
      log: join(this.folder, 'baseline.log'),
      isReady: () => answersOk(`${url}/readyz`),
    })
    return { url, child }
  }

  async startApi(database: Database, options: ApiOptions = {}): Promise<Running> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const child = await startService({
      family: this.#family,
      name: 'The API',
      main: 'dist/api/main.js',
      env: this.#env(database, { ...options, port }),
      log: join(this.folder, 'api.log'),
      isReady: () => answersOk(`${url}/readyz`),
    })
    return { url, child }
  }

  async startWorker(database: Database, options: ApiOptions & { address: string; taskQueue: string }): Promise<Child> {
    const started = Date.now()
    const { address, taskQueue } = options
    return startService({
      family: this.#family,
      name: 'The worker',
      main: 'dist/worker.js',
      env: this.#env(database, options),
      log: join(this.folder, 'worker.log'),
      isReady: () => isPolled(address, NAMESPACE, taskQueue, started),
    })
  }

  /** Any script of the bench that runs until it is stopped. */
  async startScript(main: string, env: NodeJS.ProcessEnv, isReady: () => Promise<boolean>): Promise<Child> {
    return startService({
      family: this.#family,
      name: main,
      main,
      env: { ...process.env, ...env },
      log: join(this.folder, 'script.log'),
      isReady,
    })
  }

  /** What a worker needs to be watched at that port. */
  traced(port: number): NodeJS.ProcessEnv {
    return { NODE_OPTIONS: `--import=${new URL('./trace.ts', import.meta.url).href}`, BENCH_TRACE_PORT: String(port) }
  }

  /** The worker of the engine's baselines, on a task queue of its own. */
  async startEngine(): Promise<{ readonly child: Child; readonly taskQueue: string; readonly tracePort: number }> {
    const address = await this.temporal()
    const taskQueue = this.taskQueue()
    const tracePort = await freePort()
    const started = Date.now()
    this.#bundle ??= bundleInto(join(this.folder, 'bare.js'))
    const env = {
      ...this.traced(tracePort),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE: taskQueue,
      BENCH_BUNDLE: await this.#bundle,
    }
    const child = await this.startScript('bench/baselines/engine.ts', env, () =>
      isPolled(address, NAMESPACE, taskQueue, started),
    )
    return { child, taskQueue, tracePort }
  }

  /** A load generator that takes an order, says that it is ready, and works when it is told to go. */
  async generator<Order extends object, Result>(script: string, order: Order): Promise<() => Promise<Result>> {
    const child = fork(join(import.meta.dirname, script), { serialization: 'advanced' })
    this.#generators.add(child)
    child.once('exit', () => this.#generators.delete(child))
    const next = <T>(): Promise<T> =>
      new Promise((resolve, reject) => {
        child.once('message', (message) => {
          child.removeListener('exit', died)
          resolve(message as T)
        })
        const died = (code: number | null): void => reject(new Error(`${script} ended with ${code} before it answered`))
        child.once('exit', died)
      })
    const ready = next<'ready'>()
    child.send(order)
    await ready
    return () => {
      const result = next<Result>()
      child.send('go')
      return result
    }
  }

  async close(): Promise<void> {
    for (const child of this.#generators) child.kill('SIGKILL')
    await this.#family.stopAll()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #env(database: Database, options: ApiOptions & { port?: number }): NodeJS.ProcessEnv {
    const { address = NOWHERE, taskQueue = 'bench', simulatorUrl, port, trace } = options
    return {
      ...process.env,
      NODE_ENV: 'production',
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: NAMESPACE,
      TEMPORAL_TASK_QUEUE: taskQueue,
      SECRET_KEY,
      WHATSAPP_APP_SECRET: APP_SECRET,
      WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN,
      DATA_DIR: this.folder,
      HOST: '127.0.0.1',
      ...(port === undefined ? {} : { PORT: String(port) }),
      ...(simulatorUrl === undefined ? {} : { GRAPH_API_URL: simulatorUrl }),
      ...(trace === undefined ? {} : trace),
    }
  }

  async #startTemporal(): Promise<string> {
    const server = new URL(this.#postgres.urlOf('postgres'))
    await ensureDatabase(this.#postgres, 'temporal')
    await ensureDatabase(this.#postgres, 'temporal_visibility')
    const postgres = { server, database: 'temporal', visibility: 'temporal_visibility' }
    const folder = join(this.folder, 'temporal')
    const { address } = await startTemporal({ family: this.#family, folder, namespace: NAMESPACE, postgres })
    return address
  }

  async #makeTemplate(): Promise<void> {
    const { db, close } = connect(await ensureDatabase(this.#postgres, TEMPLATE), 2)
    try {
      await migrateToLatest(db)
      await seedDemo(db, { password: PASSWORD, secretKey: SECRET_KEY, at: new Date() })
      // Room for a bench full of sessions, and a number that is not the bottleneck.
      await db.updateTable('user_account').set({ slots: 100_000 }).execute()
      await db.updateTable('channel').set({ mps: 1_000 }).execute()
    } finally {
      await close()
    }
  }

  async #onServer(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#postgres.urlOf('postgres') })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
}

async function bundleInto(path: string): Promise<string> {
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker')
  const workflowsPath = join(import.meta.dirname, 'baselines/workflows.ts')
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
  await writeFile(path, code)
  return path
}

export interface ApiOptions {
  /** Temporal; without it the service is one whose Temporal is away. */
  readonly address?: string
  readonly taskQueue?: string
  readonly simulatorUrl?: string
  readonly trace?: NodeJS.ProcessEnv
}

export const SIMULATED_NUMBER = DEMO_NUMBER
export const SIMULATOR_TOKEN = DEMO_TOKEN
