// PostgreSQL is restored from a backup that is older than what Meta and Temporal know: nothing is sent a second time, and
// sessions that were open when the backup was made live on, whatever became of them since.
import { sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import { reconcile } from '../../src/reconcile.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startProcesses } from '../support/processes.ts'

type Db = FreshDatabase['db']

async function tables(db: Db): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'kysely%'`.execute(db)
  return rows.map(({ name }) => name)
}

async function backUp(db: Db): Promise<void> {
  await sql`CREATE SCHEMA backup`.execute(db)
  for (const name of await tables(db))
    await sql`CREATE TABLE backup.${sql.ref(name)} AS TABLE public.${sql.ref(name)}`.execute(db)
}

async function restore(db: Db): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // Foreign keys are not asked meanwhile: rows come back in the order of their tables' names.
    await sql`SET LOCAL session_replication_role = replica`.execute(trx)
    for (const name of await tables(db)) {
      await sql`DELETE FROM public.${sql.ref(name)}`.execute(trx)
      await sql`INSERT INTO public.${sql.ref(name)} SELECT * FROM backup.${sql.ref(name)}`.execute(trx)
    }
  })
}

interface Session {
  id: string
  phase: string
  lastSeq: number
  attention: { unknown: number }
}

test('after a restore, what may have left is unknown, and sessions that had ended since are open and can be worked with', async () => {
  const database = await freshDatabase()
  const { db } = database
  const parley = await startProcesses({
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    temporalNamespace: inject('temporalNamespace'),
  })
  try {
    const { simulator } = parley
    const olga = await parley.signIn('olga')
    const session = async (id: string) => (await olga.get<Session>(`/api/v1/sessions/${id}`)).body
    const write = (id: string, text: string) => olga.post(`/api/v1/sessions/${id}/messages`, { type: 'text', text })
    const jana = simulator.phone.client({ name: 'Jana', phone: '+420777000011' })
    await jana.writes('Where is my order?')
    const id = await eventually(
      async () => (await olga.get<{ items: Session[] }>('/api/v1/sessions?phase=queued')).body.items[0]?.id,
      'a queued session',
    )
    await eventually(async () => (await olga.post(`/api/v1/sessions/${id}/accept`)).status === 200, 'accepted', 30_000)
    await parley.worker.kill('SIGKILL')
    expect((await write(id, 'It leaves today')).status).toBe(202)
    await parley.api.kill('SIGKILL')
    await backUp(db)

    // The time that will be lost: the text leaves, the session ends, its workflow with it.
    await parley.startApi()
    parley.startWorker()
    await jana.gets((note) => note.shown.body === 'It leaves today', 'delivered', 30_000)
    const { lastSeq } = await session(id)
    const results = (await olga.get<{ items: { id: string; noteRequired: boolean }[] }>('/api/v1/results')).body.items
    const result = { resultId: results.find((one) => !one.noteRequired)?.id, note: null }
    await eventually(
      async () => (await olga.post(`/api/v1/sessions/${id}/end`, { lastSeq, result })).status === 200,
      'ended',
      30_000,
    )
    await parley.api.kill('SIGKILL')
    await parley.worker.kill('SIGKILL')

    await restore(db)
    const reconciled = await reconcile({ databaseUrl: database.url, ...parley.temporal })
    expect(reconciled).toEqual({ epoch: 2, open: [id], unknown: 1, rung: 1 })
    await parley.startApi()
    parley.startWorker()

    expect(await session(id)).toMatchObject({ phase: 'active', attention: { unknown: 1 } })
    expect((await write(id, 'Did my last message arrive?')).status).toBe(202)
    await jana.gets((note) => note.shown.body === 'Did my last message arrive?', 'delivered', 40_000)
    expect(jana.messages().filter((note) => note.shown.body === 'It leaves today')).toHaveLength(1)
    expect(simulator.truth.doubles()).toEqual([])

    const seen = (await session(id)).lastSeq
    const ended = await olga.post<Session>(`/api/v1/sessions/${id}/end`, { lastSeq: seen, result })
    expect([ended.status, ended.body.phase]).toEqual([200, 'ended'])
    const { rows } = await sql<{ kind: string }>`
      SELECT kind FROM session_event WHERE session_id = ${id} ORDER BY n`.execute(db)
    expect(rows.map(({ kind }) => kind)).toEqual(['started', 'accepted', 'restored', 'ended'])
  } finally {
    await parley.close()
    await database.drop()
  }
}, 120_000)
