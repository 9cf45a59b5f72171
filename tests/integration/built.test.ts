// The built services alone, as they run in production: two of each, side by side, from a folder that has nothing of the
// sources, on a PostgreSQL and a Temporal of somebody else's, with an empty database.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { DEMO_NUMBER } from '../../simulator/demo-number.ts'
import { type Simulator, startSimulator } from '../../simulator/start.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { signIn } from '../support/system.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PASSWORD = 'correct horse battery staple'
const EMAIL = 'ada@example.com'

interface Service {
  readonly process: ChildProcess
  said(): string
}

/** As a Node of before 22.18: it says so, and lacks what a package wants of it as it is loaded. */
const OLD_NODE = `data:text/javascript,${encodeURIComponent(`
  import { createRequire, syncBuiltinESMExports } from 'node:module'
  delete createRequire('/')('node:zlib').createZstdDecompress
  syncBuiltinESMExports()
  Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })
`)}`

let folder: string | undefined
let shared: Record<string, string>
let database: FreshDatabase
let simulator: Simulator
let ports: readonly number[]
let apis: readonly Service[] = []
let workers: readonly Service[] = []

function run(main: string, env: Record<string, string>, options: readonly string[] = []): Service {
  const child = spawn(process.execPath, [...options, join(ROOT, 'dist', main)], {
    cwd: folder,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  return { process: child, said: () => said }
}

const ended = ({ process: child }: Service): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((resolve) => child.once('exit', resolve))

const stop = (service: Service): Promise<number | null> => {
  service.process.kill('SIGTERM')
  return ended(service)
}

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['dev/run.js', 'build'], { cwd: ROOT })
  folder = mkdtempSync(join(tmpdir(), 'parley-built-'))
  database = await freshDatabase({ migrated: false })
  simulator = await startSimulator({ verifyToken: 'verify-me' })
  ports = [await freePort(), await freePort()]
  shared = {
    DATABASE_URL: database.url,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_NAMESPACE: inject('temporalNamespace'),
    TEMPORAL_TASK_QUEUE: `built-${v7()}`,
    GRAPH_API_URL: simulator.url,
    SECRET_KEY: 'a-secret-key-for-tests-only-0123456789',
    HOST: '127.0.0.1',
    WHATSAPP_APP_SECRET: simulator.appSecret,
    WHATSAPP_VERIFY_TOKEN: 'verify-me',
  }
  // The workers come first, and wait for the schema; both APIs bring it at once.
  workers = [0, 1].map(() => run('worker.js', shared))
  apis = ports.map((port) => run('api/main.js', { ...shared, PORT: String(port) }))
  for (const port of ports) {
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, 'the API is ready', 60_000)
  }
}, 180_000)

afterAll(async () => {
  await Promise.all([...apis, ...workers].map(stop))
  await simulator?.close()
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const address = (service: Service): string => /first administrator at (\S+)/.exec(service.said())?.[1] ?? ''
const urls = (): readonly string[] => ports.map((port) => `http://127.0.0.1:${port}`)

test('nobody is seeded, and both print the same one-time address', async () => {
  expect(await database.db.selectFrom('user_account').select('id').execute()).toEqual([])
  expect(await database.db.selectFrom('channel').select('id').execute()).toEqual([])
  const tokens = await Promise.all(
    apis.map((api) => eventually(() => address(api) && new URL(address(api)).searchParams.get('token'), 'the address')),
  )
  expect(tokens[1]).toBe(tokens[0])
})

test('the address makes the first administrator, once', async () => {
  const [first, second] = urls()
  const { searchParams } = new URL(address(apis[0] as Service))
  const send = (url: string | undefined, email: string) =>
    fetch(`${url}/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url ?? '' },
      body: new URLSearchParams({ token: searchParams.get('token') ?? '', name: 'Ada', email, password: PASSWORD }),
    })
  expect((await send(first, EMAIL)).status).toBe(200)
  expect((await send(second, 'eve@example.com')).status).toBe(404)
})

test('both serve the console', async () => {
  for (const url of urls()) {
    const page = await fetch(`${url}/`)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await page.text()).toMatch(/<script type="module"[^>]* src="\/assets\//)
  }
})

test('a message that one API took is answered through the other, whichever worker has the session', async () => {
  const [first = '', second = ''] = urls()
  const ada = await signIn(first, EMAIL, PASSWORD)
  const group = await ada.post<{ id: string }>('/api/v1/groups', { name: 'Service' })
  const { phoneNumberId, wabaId, displayPhoneNumber } = DEMO_NUMBER
  const added = await ada.post('/api/v1/channels', {
    ...{ phoneNumberId, wabaId, displayPhoneNumber },
    name: 'Service',
    token: simulator.token,
    groupId: group.body.id,
  })
  expect(added.status).toBe(201)
  expect(await simulator.subscribe(`${first}/webhooks/whatsapp`, 'verify-me')).toMatchObject({ verified: true })

  const jana = simulator.phone.client({ name: 'Jana', phone: '+420777000077' })
  await jana.writes('Anybody here?')
  const there = await signIn(second, EMAIL, PASSWORD)
  const id = await eventually(
    async () => (await there.get<{ items: { id: string }[] }>('/api/v1/sessions?phase=queued')).body.items[0]?.id,
    'the session is queued',
  )
  await eventually(async () => (await there.post(`/api/v1/sessions/${id}/accept`)).status === 200, 'accepted', 30_000)
  expect((await there.post(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'We are' })).status).toBe(202)
  await jana.gets((note) => note.shown.body === 'We are', 'sent', 30_000)
  expect(simulator.truth.doubles()).toEqual([])
})

test('one of each stops in order within three seconds, and the others go on', async () => {
  const [api, worker] = [apis[0], workers[0]]
  if (api === undefined || worker === undefined) throw new Error('they were not started')
  const began = performance.now()
  expect(await Promise.all([stop(api), stop(worker)])).toEqual([0, 0])
  expect(performance.now() - began).toBeLessThan(3_500)
  expect((await fetch(`${urls()[1]}/readyz`)).status).toBe(200)
})

test('a Node that is too old hands over to the one that came with the packages, and goes when it goes', async () => {
  const lacking = run('worker.js', {}, ['--import', OLD_NODE])
  expect(await ended(lacking)).toBe(1)
  expect(lacking.said()).toMatch(/^DATABASE_URL is missing/)

  const port = await freePort()
  const isThere = () =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      (answer) => answer.ok,
      () => false,
    )
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const api = run('api/main.js', { ...shared, PORT: String(port) }, ['--import', OLD_NODE])
    await eventually(isThere, 'the API is there', 30_000)
    api.process.kill(signal)
    expect(await ended(api)).toBe(signal === 'SIGTERM' ? 0 : null)
    await eventually(async () => !(await isThere()), 'it is gone with it', 3_000)
  }
}, 90_000)
