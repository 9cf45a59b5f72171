// `npm start` loses a part, is killed with everything it had, is stopped, and loses its launcher: each time the next look
// finds the conversation where it was, and nobody is left behind.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Identity, isRunning } from '../../dev/identity.ts'
import { freePort } from '../../dev/ports.ts'
import { eventually } from '../support/eventually.ts'
import { type Launched, launch, Phone } from '../support/launcher.ts'
import type { Person } from '../support/system.ts'

/** Ten seconds on a machine of its own; here other test files run beside it. */
const SECOND_START_MS = 15_000
const STOP_MS = 3_000
const CLIENT = '420777000042'

let folder: string
let port: number
let parley: Launched
let everybody: readonly Identity[] = []
let sessionId = ''

const start = async (): Promise<void> => {
  parley = await launch(folder, port)
  everybody = parley.everybody()
}
const left = (): readonly Identity[] => everybody.filter(isRunning)

function killEverybody(): void {
  for (const { pid } of left()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It went with the one before.
    }
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-launcher-'))
  port = await freePort([10])
  await start()
}, 180_000)
afterEach(() => expect(parley.said()).not.toMatch(/could not start|again and again/))
afterAll(() => {
  killEverybody()
  rmSync(folder, { recursive: true, force: true })
})

interface Session {
  readonly id: string
  readonly phase: string
}
interface Message {
  readonly direction: string
  readonly text: string | null
}

const phone = () => Phone.of(parley.phoneUrl, CLIENT, 'Jana').catch(() => Phone.known(parley.phoneUrl, CLIENT))

const textsOf = async (person: Person): Promise<readonly string[]> => {
  const { body } = await person.get<{ items: Message[] }>(`/api/v1/sessions/${sessionId}/messages`)
  return body.items.map((message) => `${message.direction} ${message.text}`)
}

async function answers(person: Person, text: string): Promise<void> {
  const sent = await person.post(`/api/v1/sessions/${sessionId}/messages`, { type: 'text', text })
  expect(sent.status).toBe(202)
  await (await phone()).gets(text)
}

test('a worker that is killed comes back by itself, and the operator’s answer goes out', async () => {
  await (await phone()).writes('Where is my order?')
  const olga = await parley.signIn('olga')
  sessionId = await eventually(
    async () => (await olga.get<{ items: Session[] }>('/api/v1/sessions?phase=queued')).body.items[0]?.id,
    'the session is offered',
    30_000,
  )
  const worker = parley.children().find(({ name }) => name === 'The worker')
  expect(worker).toBeDefined()
  process.kill(worker?.pid ?? Number.NaN, 'SIGKILL')
  await eventually(() => parley.said().includes('The worker is back'), 'the worker is back', 30_000)
  await eventually(
    async () => (await olga.post(`/api/v1/sessions/${sessionId}/accept`)).status === 200,
    'the session is accepted',
    30_000,
  )
  await answers(olga, 'I am looking')
  everybody = [...everybody, ...parley.everybody()]
}, 180_000)

test('PostgreSQL and Temporal that are killed come back, too, where they were', async () => {
  for (const name of ['PostgreSQL', 'Temporal']) {
    const server = parley.children().find((child) => child.name === name)
    process.kill(server?.pid ?? Number.NaN, 'SIGKILL')
    await eventually(() => parley.said().includes(`${name} is back`), `${name} is back`, 60_000)
  }
  await eventually(async () => (await fetch(`${parley.url}/readyz`)).ok, 'the API is ready', 30_000)
  await answers(await parley.signIn('olga'), 'Still looking')
  everybody = [...everybody, ...parley.everybody()]
}, 180_000)

test('after everything was killed at once, the next start takes over in seconds, mid-conversation', async () => {
  const before = await textsOf(await parley.signIn('olga'))
  killEverybody()
  await eventually(() => left().length === 0, 'everything is dead')
  await start()
  expect(parley.readyAfterMs).toBeLessThan(SECOND_START_MS)
  const olga = await parley.signIn('olga')
  expect((await olga.get<Session>(`/api/v1/sessions/${sessionId}`)).body.phase).toBe('active')
  expect(await textsOf(olga)).toEqual(before)
  await answers(olga, 'It leaves today')
  await (await phone()).writes('Thank you')
  await eventually(async () => (await textsOf(olga)).includes('in Thank you'), 'the operator has it', 30_000)
}, 180_000)

test('Ctrl-C stops every child within three seconds, and the next start finds the session', async () => {
  const began = performance.now()
  parley.process.kill('SIGINT')
  // The keyboard tells all in front of it, and npm, which is one of them, hands on what it hears.
  await eventually(() => parley.said().includes('Stopping'), 'it stops', 1_000)
  parley.process.kill('SIGINT')
  expect(await parley.exited).toBe(0)
  expect(performance.now() - began).toBeLessThan(STOP_MS)
  await eventually(() => left().length === 0, 'nobody is left', 2_000)
  const before = sessionId
  await start()
  expect(parley.readyAfterMs).toBeLessThan(SECOND_START_MS)
  const olga = await parley.signIn('olga')
  expect((await olga.get<Session>(`/api/v1/sessions/${before}`)).body.phase).toBe('active')
  await answers(olga, 'You are welcome')
}, 180_000)

test('children of a launcher that is killed alone do not outlive it', async () => {
  process.kill(parley.pid, 'SIGKILL')
  await eventually(() => left().length === 0, 'nobody is left', 15_000)
}, 60_000)
