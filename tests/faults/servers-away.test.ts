// PostgreSQL or Temporal go away under load and come back: what is answered 200 is stored, nothing is answered 200 that
// is not, and everything recovers by itself.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import WebSocket from 'ws'
import { Family } from '../../dev/family.ts'
import { ensureDatabase, type Postgres, startPostgres } from '../../dev/postgres.ts'
import { startTemporal, type Temporal } from '../../dev/temporal.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import type { Person } from '../support/system.ts'

const AWAY_MS = 60_000
const EVERY_MS = 50

let folder: string
let family: Family
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-faults-'))
  chmodSync(folder, 0o711)
  family = new Family(folder)
})
afterAll(async () => {
  await family.stopAll()
  rmSync(folder, { recursive: true, force: true })
})

/** The texts of all messages that were pushed, with the time from writing to frame. */
async function watch(person: Person): Promise<{ readonly texts: Map<string, number>; close(): void }> {
  const texts = new Map<string, number>()
  const socket = new WebSocket(`${person.url.replace('http', 'ws')}/api/v1/live`, {
    headers: { cookie: person.cookie, origin: person.url },
  })
  socket.on('error', () => {})
  let welcome = (): void => {}
  // What is written before that is found in the lists.
  const welcomed = new Promise<void>((resolve) => {
    welcome = resolve
  })
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as { type: string; message?: { text: string | null } }
    if (frame.type === 'hello') welcome()
    if (frame.type === 'message' && typeof frame.message?.text === 'string') {
      texts.set(frame.message.text, performance.now())
    }
  })
  await welcomed
  return { texts, close: () => socket.terminate() }
}

/** Writes messages of a few clients for so long, evenly; returns their texts with the time of writing. */
async function load(parley: Processes, forMs: number): Promise<Map<string, number>> {
  const written = new Map<string, number>()
  const phones = Array.from({ length: 20 }, (_, n) =>
    parley.simulator.phone.client({ name: `Client ${n}`, phone: `+4207770001${String(n).padStart(2, '0')}` }),
  )
  const began = performance.now()
  for (let n = 0; performance.now() - began < forMs; n++) {
    const text = `message ${n}`
    written.set(text, performance.now())
    await phones[n % phones.length]?.writes(text)
    await pause(Math.max(0, began + (n + 1) * EVERY_MS - performance.now()))
  }
  return written
}

const answeredWith = (parley: Processes): readonly (number | null)[] =>
  parley.simulator.webhooks().flatMap((post) => post.tries.map((one) => one.status))

test('Temporal is gone for 60 s under load: every webhook is answered 200 and pushed live, and all is drained after', async () => {
  const database: FreshDatabase = await freshDatabase()
  let temporal: Temporal = await startTemporal({
    family,
    folder: join(folder, 'temporal'),
    namespace: 'default',
    forgetful: true,
  })
  const parley = await startProcesses({
    databaseUrl: database.url,
    temporalAddress: temporal.address,
    temporalNamespace: 'default',
  })
  try {
    const olga = await parley.signIn('olga')
    const live = await watch(olga)
    const early = parley.simulator.phone.client({ name: 'Early', phone: '+420777000999' })
    await early.writes('before')
    await eventually(() => live.texts.has('before'), 'the first message is pushed')

    await temporal.child.stop()
    const written = await load(parley, AWAY_MS)
    expect(answeredWith(parley).every((status) => status === 200)).toBe(true)
    await eventually(() => [...written.keys()].every((text) => live.texts.has(text)), 'all messages are pushed')
    const delays = [...written]
      .map(([text, at]) => (live.texts.get(text) ?? Number.POSITIVE_INFINITY) - at)
      .sort((a, b) => a - b)
    expect(delays[Math.floor(delays.length * 0.99)]).toBeLessThan(1_000)
    // A command is refused and not done; a text would be taken.
    const { body } = await olga.get<{ items: { id: string }[] }>('/api/v1/sessions?phase=queued')
    const refused = await olga.post<{ code: string }>(`/api/v1/sessions/${body.items[0]?.id}/accept`)
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable'])

    const waiting = (await database.db.selectFrom('signal_outbox').select('session_id').execute()).length
    expect(waiting).toBeGreaterThan(0)
    temporal = await startTemporal({
      family,
      folder: join(folder, 'temporal'),
      namespace: 'default',
      forgetful: true,
      port: temporal.port,
    })
    await eventually(
      async () => (await database.db.selectFrom('signal_outbox').select('session_id').execute()).length === 0,
      'all bells are rung',
      30_000,
    )
    for (const { id } of body.items) {
      await eventually(
        async () => (await olga.post(`/api/v1/sessions/${id}/accept`)).status !== 503,
        `session ${id} can be commanded`,
        20_000,
      )
    }
    expect(await database.db.selectFrom('message').select('id').execute()).toHaveLength(written.size + 1)
    live.close()
  } finally {
    await parley.close()
    await temporal.child.stop()
    await database.drop()
  }
}, 240_000)

test('PostgreSQL is stopped under load: 503, never 200; it comes back, and Parley recovers by itself', async () => {
  let postgres: Postgres = await startPostgres({ family, folder: join(folder, 'postgres') })
  const databaseUrl = await ensureDatabase(postgres, 'parley')
  const parley = await startProcesses({
    databaseUrl,
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: inject('temporalNamespace'),
  })
  try {
    const jana = parley.simulator.phone.client({ name: 'Jana', phone: '+420777000001' })
    await jana.writes('before')
    await parley.simulator.idle()
    const before = answeredWith(parley).length

    await postgres.child.stop()
    const written = await load(parley, 3_000)
    const during = answeredWith(parley).slice(before)
    expect(during.length).toBeGreaterThan(10)
    expect(during.filter((status) => status !== 503)).toEqual([])
    expect((await fetch(`${parley.url}/readyz`)).status).toBe(503)
    expect((await fetch(`${parley.url}/healthz`)).status).toBe(200)

    postgres = await startPostgres({ family, folder: join(folder, 'postgres'), port: postgres.port })
    const back = performance.now()
    await eventually(() => answeredWith(parley).slice(before).includes(200), 'the first webhook is taken again', 20_000)
    expect(performance.now() - back).toBeLessThan(5_000)
    await parley.simulator.idle(60_000)
    const texts = await parley.db.selectFrom('message').select('text').execute()
    expect(texts.map((row) => row.text).sort()).toEqual(['before', ...written.keys()].sort())
    const olga = await parley.signIn('olga')
    const { body } = await olga.get<{ items: { id: string }[] }>('/api/v1/sessions?phase=queued')
    await eventually(
      async () => (await olga.post(`/api/v1/sessions/${body.items[0]?.id}/accept`)).status === 200,
      'a session is accepted',
      30_000,
    )
  } finally {
    await parley.close()
    await postgres.child.stop()
  }
}, 180_000)

test('PostgreSQL is frozen for 15 s: no webhook is answered 200 meanwhile, and none is lost', async () => {
  const postgres: Postgres = await startPostgres({ family, folder: join(folder, 'frozen') })
  const databaseUrl = await ensureDatabase(postgres, 'parley')
  const parley = await startProcesses({
    databaseUrl,
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: inject('temporalNamespace'),
  })
  // Its backends have to stop, too: they are the ones who answer.
  const everyone = async (): Promise<readonly number[]> => {
    const { rows } = await sql<{ pid: number }>`SELECT pid FROM pg_stat_activity`.execute(parley.db)
    return [postgres.child.pid, ...rows.map((row) => row.pid)]
  }
  let pids: readonly number[] = []
  const all = (signal: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal)
      } catch {}
    }
  }
  try {
    const jana = parley.simulator.phone.client({ name: 'Jana', phone: '+420777000001' })
    await jana.writes('before')
    await parley.simulator.idle()
    const before = answeredWith(parley).length
    pids = await everyone()
    all('SIGSTOP')
    await jana.writes('while it is frozen')
    await pause(15_000)
    expect(answeredWith(parley).slice(before)).not.toContain(200)
    all('SIGCONT')
    await eventually(() => answeredWith(parley).slice(before).includes(200), 'Meta gets its 200', 40_000)
    await parley.simulator.idle(60_000)
    const texts = await parley.db.selectFrom('message').select('text').orderBy('received_at').execute()
    expect(texts.map((row) => row.text)).toEqual(['before', 'while it is frozen'])
  } finally {
    all('SIGCONT')
    await parley.close()
    await postgres.child.stop()
  }
}, 180_000)
