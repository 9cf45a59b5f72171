// Processes die the hard way, at the worst moments: nothing is lost, doubled, or sent twice.
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { type Processes, startProcesses } from '../support/processes.ts'
import { startProxy, type TcpProxy } from '../support/proxy.ts'
import type { Person } from '../support/system.ts'

let database: FreshDatabase
let parley: Processes | null = null
let proxy: TcpProxy | null = null

const where = () => ({
  databaseUrl: database.url,
  temporalAddress: inject('temporalAddress'),
  temporalNamespace: inject('temporalNamespace'),
})

/** A proxy before PostgreSQL, and the address that leads through it. */
async function beforeDatabase(): Promise<string> {
  const url = new URL(database.url)
  proxy = await startProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.port)
  return url.href
}

beforeEach(async () => {
  database = await freshDatabase()
})
afterEach(async () => {
  await parley?.close()
  await proxy?.close()
  parley = proxy = null
  await database.drop()
})

interface Listed {
  items: { id: string; phase: string; lastSeq: number }[]
}

const acceptFirst = async (person: Person): Promise<string> => {
  const id = await eventually(
    async () => (await person.get<Listed>('/api/v1/sessions?phase=queued')).body.items[0]?.id,
    'a queued session',
  )
  await eventually(
    async () => (await person.post(`/api/v1/sessions/${id}/accept`)).status === 200,
    'the session is accepted',
    30_000,
  )
  return id
}

test('the worker is killed while Meta holds the answer: one POST, unknown, and the status webhook settles it', async () => {
  parley = await startProcesses(where())
  const { simulator } = parley
  const olga = await parley.signIn('olga')
  const jana = simulator.phone.client({ name: 'Jana', phone: '+420777000001' })
  await jana.writes('Are you there?')
  const id = await acceptFirst(olga)

  simulator.knobs.set({ holdAnswer: 'all', sentAfterMs: 20_000, deliveredAfterMs: 21_000 })
  const sent = await olga.post<{ id: string }>(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'I am' })
  expect(sent.status).toBe(202)
  await eventually(() => simulator.truth.posts().length === 1, 'Meta has the message')
  await parley.worker.kill('SIGKILL')
  simulator.knobs.reset()
  parley.startWorker()

  const attempt = await eventually(
    async () =>
      (await database.db.selectFrom('attempt').selectAll().where('message_id', '=', sent.body.id).execute())[0],
    'the attempt is stored',
  )
  await eventually(
    async () => {
      const row = await database.db
        .selectFrom('attempt')
        .select('state')
        .where('id', '=', attempt.id)
        .executeTakeFirstOrThrow()
      return row.state !== 'calling' && row.state !== 'pending'
    },
    'the attempt is told from calling',
    40_000,
  )
  // The message that was sent after the crash goes out: the unknown one frees the queue.
  const next = await olga.post<{ id: string }>(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'Still here' })
  await jana.gets((note) => note.shown.body === 'Still here', 'sent', 30_000)
  expect(next.status).toBe(202)
  expect(simulator.truth.posts(attempt.id)).toHaveLength(1)
  expect(simulator.truth.doubles()).toEqual([])
  await eventually(
    async () => {
      const row = await database.db
        .selectFrom('message')
        .select('status')
        .where('id', '=', sent.body.id)
        .executeTakeFirst()
      return row?.status === 'delivered'
    },
    'the status webhook settles what was unknown',
    40_000,
  )
  const history = await database.db
    .selectFrom('attempt_status')
    .select('status')
    .where('attempt_id', '=', attempt.id)
    .execute()
  expect(history.map((row) => row.status)).toContain('unknown')
}, 120_000)

test('the API is killed between commit and 200: Meta sends again, and nothing is doubled', async () => {
  const through = await beforeDatabase()
  parley = await startProcesses(where(), { api: { databaseUrl: through } })
  const jana = parley.simulator.phone.client({ name: 'Jana', phone: '+420777000002' })
  // PostgreSQL's word that the commit of ingest is done never arrives.
  let writes = false
  proxy?.holdWhen((chunk, direction) => {
    if (direction === 'up' && chunk.includes('INSERT INTO message')) writes = true
    return direction === 'down' && writes && chunk.includes('COMMIT\0')
  })
  await jana.writes('Only once, please')
  await proxy?.held()
  const stored = await eventually(
    async () => (await database.db.selectFrom('message').selectAll().execute())[0],
    'the message is committed',
  )
  const tries = () => parley?.simulator.webhooks().flatMap((post) => post.tries) ?? []
  await parley.api.kill('SIGKILL')
  proxy?.heal()
  await parley.startApi()
  await eventually(() => tries().some((one) => one.status === 200), 'Meta gets its 200', 30_000)
  expect(tries().some((one) => one.status !== 200)).toBe(true)
  const rows = await database.db.selectFrom('message').select(['id', 'wamid']).execute()
  expect(rows).toEqual([{ id: stored.id, wamid: stored.wamid }])
  expect(await database.db.selectFrom('session').select('id').execute()).toHaveLength(1)
  // Its workflow is woken although the process that should have rung died.
  const olga = await parley.signIn('olga')
  await acceptFirst(olga)
}, 120_000)

test('the API is killed between a signal and its mark: the bell rings once more, and harms nobody', async () => {
  const through = await beforeDatabase()
  parley = await startProcesses(where(), { api: { databaseUrl: through } })
  const jana = parley.simulator.phone.client({ name: 'Jana', phone: '+420777000003' })
  proxy?.holdWhen((chunk, direction) => direction === 'up' && chunk.includes('DELETE FROM signal_outbox'))
  await jana.writes('Hello')
  await proxy?.held()
  await parley.api.kill('SIGKILL')
  expect(await database.db.selectFrom('signal_outbox').select('session_id').execute()).toHaveLength(1)
  proxy?.heal()
  await parley.startApi()
  await eventually(
    async () => (await database.db.selectFrom('signal_outbox').select('session_id').execute()).length === 0,
    'the bell is rung and marked',
    20_000,
  )
  const olga = await parley.signIn('olga')
  const id = await acceptFirst(olga)
  const events = await database.db
    .selectFrom('session_event')
    .select('kind')
    .where('session_id', '=', id)
    .orderBy('n')
    .execute()
  expect(events.map((event) => event.kind)).toEqual(['started', 'accepted'])
}, 120_000)
