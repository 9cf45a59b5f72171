// The whole of Parley in one process, as `npm start` joins it: the API service over HTTP, a worker, and the simulator as
// Meta, on a database of its own with the demo's people. Tests speak to it as a browser or a program would.
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { inject } from 'vitest'
import { DEMO_TOKEN, seedDemo } from '../../dev/seed.ts'
import { type Simulator, startSimulator } from '../../simulator/start.ts'
import { type Service, startService } from '../../src/api/service.ts'
import type { Config } from '../../src/config.ts'
import { type RunningWorker, startWorker } from '../../src/worker-service.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { MovableClock, skipTime } from './time.ts'

export const PASSWORD = 'correct horse battery staple'
const SECRET_KEY = 'a-secret-key-for-tests-only-0123456789'

export interface SystemOptions {
  /** Without a worker, sessions wait. */
  readonly worker?: boolean
  readonly settings?: Readonly<Record<string, unknown>>
  readonly port?: number
  /** False leaves the database as empty as services leave it. */
  readonly demo?: boolean
  readonly config?: Partial<Config>
}

export type System = Awaited<ReturnType<typeof startSystem>>

export async function startSystem(options: SystemOptions = {}) {
  const database: FreshDatabase = await freshDatabase()
  const clock = new MovableClock()
  const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
  const verifyToken = randomBytes(8).toString('hex')
  const simulator: Simulator = await startSimulator({ clock, token: DEMO_TOKEN, verifyToken })
  const config: Config = {
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: inject('temporalNamespace'),
    taskQueue: `test-${v7()}`,
    graphApiUrl: null,
    simulatorUrl: simulator.url,
    graphApiVersion: 'v25.0',
    secretKey: SECRET_KEY,
    host: '127.0.0.1',
    port: options.port ?? 0,
    publicUrl: null,
    trustProxy: false,
    appSecrets: [simulator.appSecret],
    verifyToken,
    dataDir: '.data',
    ...options.config,
  }
  if (options.demo !== false) await seedDemo(database.db, { password: PASSWORD, secretKey: SECRET_KEY, at: new Date() })
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    await database.db
      .insertInto('setting')
      .values({ key, value: JSON.stringify(value) })
      .execute()
  }
  let service: Service = await startService(config, { clock, log })
  const start = (): Promise<RunningWorker> => startWorker(config, { clock, log, answerTimeoutMs: 3_000 })
  let worker = options.worker === false ? null : await start()
  const webhookUrl = (): string => `${service.url}/webhooks/whatsapp`
  simulator.setWebhook(webhookUrl())

  return {
    config,
    clock,
    database,
    db: database.db,
    simulator,
    get service() {
      return service
    },
    get url() {
      return service.url
    },
    signIn: (who: 'admin' | 'sara' | 'olga' | 'omar') => signIn(service.url, `${who}@parley.test`),
    async startWorker() {
      worker = await start()
    },
    async stopWorker() {
      await worker?.close()
      worker = null
    },
    /** The API stops and comes back on the same port; sockets are cut. */
    async restartService() {
      const { port } = new URL(service.url)
      await service.close()
      service = await startService({ ...config, port: Number(port) }, { clock, log })
      simulator.setWebhook(webhookUrl())
    },
    async skip(ms: number, sessionIds: readonly string[]) {
      clock.forward(ms)
      await skipTime(config.temporalAddress, config.temporalNamespace, sessionIds, ms)
    },
    async close() {
      await simulator.close()
      await worker?.close()
      await service.close()
      await database.drop()
    },
  }
}

export interface Answer<T = unknown> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

/** Somebody who signed in with a cookie, as the console does. */
export class Person {
  readonly url: string
  readonly cookie: string

  constructor(url: string, cookie: string) {
    this.url = url
    this.cookie = cookie
  }

  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>> {
    return this.ask('GET', path)
  }

  post<T = Record<string, unknown>>(path: string, body?: unknown, key?: string): Promise<Answer<T>> {
    return this.ask('POST', path, body, key)
  }

  async ask<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        cookie: this.cookie,
        ...(method === 'GET' ? {} : { origin: this.url }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T, headers: response.headers }
  }
}

export async function signIn(url: string, email: string, password = PASSWORD): Promise<Person> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ email, password }),
  })
  if (response.status !== 200) throw new Error(`${email} cannot sign in: ${response.status} ${await response.text()}`)
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return new Person(url, cookie)
}
