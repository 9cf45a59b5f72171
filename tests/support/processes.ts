// API and worker as processes of their own, so that a test can kill them the hard way, against servers and a simulator
// that the test names.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { v7 } from 'uuid'
import { freePort } from '../../dev/ports.ts'
import { DEMO_TOKEN, seedDemo } from '../../dev/seed.ts'
import { type Simulator, startSimulator } from '../../simulator/start.ts'
import { connect } from '../../src/db/database.ts'
import { eventually } from './eventually.ts'
import { PASSWORD, signIn } from './system.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SECRET_KEY = 'a-secret-key-for-tests-only-0123456789'

export interface Where {
  readonly databaseUrl: string
  readonly temporalAddress: string
  readonly temporalNamespace: string
}

export interface Running {
  readonly process: ChildProcess
  readonly exited: Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
}

export type Processes = Awaited<ReturnType<typeof startProcesses>>

/** `apiSees` and `workerSees`: where they reach their servers, for tests that put a proxy between. */
export async function startProcesses(where: Where, sees: { api?: Partial<Where>; worker?: Partial<Where> } = {}) {
  const verifyToken = randomBytes(8).toString('hex')
  const simulator: Simulator = await startSimulator({ token: DEMO_TOKEN, verifyToken })
  simulator.knobs.set({ retryFirstMs: 200, retryFactor: 1.2, retryMaxMs: 1_000 })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  simulator.setWebhook(`${url}/webhooks/whatsapp`)
  const taskQueue = `test-${v7()}`
  const environment = (seen: Partial<Where> = {}): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATABASE_URL: seen.databaseUrl ?? where.databaseUrl,
    TEMPORAL_ADDRESS: seen.temporalAddress ?? where.temporalAddress,
    TEMPORAL_NAMESPACE: where.temporalNamespace,
    TEMPORAL_TASK_QUEUE: taskQueue,
    HOST: '127.0.0.1',
    PORT: String(port),
    SIMULATOR_URL: simulator.url,
    SECRET_KEY,
    WHATSAPP_APP_SECRET: simulator.appSecret,
    WHATSAPP_VERIFY_TOKEN: verifyToken,
  })
  const living = new Set<Running>()

  const run = (script: string, seen?: Partial<Where>): Running => {
    const child = spawn(process.execPath, [script], {
      cwd: ROOT,
      env: environment(seen),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000)
        if (process.env.LOG_LEVEL !== undefined) process.stderr.write(chunk)
      })
    }
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const running: Running = {
      process: child,
      exited,
      async kill(signal) {
        child.kill(signal)
        await exited
        living.delete(running)
      },
    }
    living.add(running)
    return running
  }

  const startApi = async (seen: Partial<Where> | undefined = sees.api): Promise<Running> => {
    const api = run('src/api/main.ts', seen)
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, 'the API is ready', 30_000)
    return api
  }
  let api = await startApi()
  const database = connect(where.databaseUrl, 4)
  await seedDemo(database.db, { password: PASSWORD, secretKey: SECRET_KEY, at: new Date() })
  let worker = run('src/worker.ts', sees.worker)

  return {
    url,
    simulator,
    /** What the services are told of Temporal, for whatever else speaks with it. */
    temporal: { temporalAddress: where.temporalAddress, temporalNamespace: where.temporalNamespace, taskQueue },
    db: database.db,
    taskQueue,
    signIn: (who: 'admin' | 'sara' | 'olga' | 'omar') => signIn(url, `${who}@parley.test`),
    get api() {
      return api
    },
    get worker() {
      return worker
    },
    async startApi(seen?: Partial<Where>) {
      api = await startApi(seen ?? {})
    },
    startWorker(seen?: Partial<Where>) {
      worker = run('src/worker.ts', seen ?? {})
    },
    async close() {
      await simulator.close()
      await Promise.all([...living].map((running) => running.kill('SIGKILL')))
      await database.close()
    },
  }
}
