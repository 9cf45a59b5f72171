// Full text: what is found, by whom, how soon, and that it stays fast.
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { connectionConfig } from '../../../src/db/database.ts'
import type { DB } from '../../../src/db/generated.ts'
import { SEARCH_KINDS, search } from '../../../src/db/queries/search.ts'
import { indexMessages } from '../../../src/db/queries/search-index.ts'
import { findSessions } from '../../../src/db/queries/sessions.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { ghost, newWamid, text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

const JANA = { phone: '420777123456', name: 'Jana Nováková' }
const PETR = { phone: '420777123999', name: 'Petr' }
let world: World
let api: Reading
let admin: Caller

beforeAll(async () => {
  world = await startWorld()
  api = await openApi(world)
  admin = (await api.person('administrator')).caller
  await world.deliver(text(JANA, 'Kde je moje FAKTURA za září? 😀'), text(PETR, 'I ordered two lamps'))
  const { id } = await world.inPhase(JANA.phone, 'active')
  await world.command(world.olga, id, 'end', {
    lastSeq: 1,
    result: { resultId: world.resultId, note: 'Fakturu jsme poslali' },
  })
  await indexMessages(world.db)
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

const found = async (query: string, caller = admin) => {
  const { body } = await caller.get(`/api/v1/search?${query}`)
  return (body.items as { kind: string; text: string }[]).map((hit) => `${hit.kind}: ${hit.text}`)
}

test.each([
  ['q=faktura', ['result: Fakturu jsme poslali', 'message: Kde je moje FAKTURA za září? 😀']],
  ['q=zari%20fakturou', ['message: Kde je moje FAKTURA za září? 😀']],
  ['q=faktura&in=result', ['result: Fakturu jsme poslali']],
  ['q=orders', ['message: I ordered two lamps']],
  ['q=lamp%20order', ['message: I ordered two lamps']],
  ['q=lamp%20faktura', []],
  ['q=lamp&from=2030-01-01T00:00:00Z', []],
])('%s finds %j', async (query, expected) => {
  expect(await found(query)).toEqual(expected)
})

test('tells where in the text it was found, and with whom', async () => {
  const { body } = await admin.get('/api/v1/search?q=lamp')
  const [hit] = body.items
  expect(hit).toMatchObject({ client: { name: 'Petr' }, phase: 'queued', seq: 1 })
  expect(hit.matches.map(({ start, end }: { start: number; end: number }) => hit.text.slice(start, end))).toEqual([
    'lamps',
  ])
})

test('finds nothing in sessions that one may not see', async () => {
  const elsewhere = await api.person('operator', { groupIds: [await api.group('Elsewhere')] })
  expect(await found('q=faktura', elsewhere.caller)).toEqual([])
  const colleague = await api.person('operator', { groupIds: [world.groupId] })
  // Queued and ended ones of the group, not what another operator is in the middle of.
  await world.accept((await world.session(PETR.phone)).id, world.omar)
  expect(await found('q=lamp', colleague.caller)).toEqual([])
  expect((await found('q=faktura', colleague.caller)).length).toBe(2)
})

test('finds what took the place of a placeholder, and pages without skipping or doubling', async () => {
  const wamid = newWamid()
  await world.deliver(ghost(PETR, { id: wamid }))
  await indexMessages(world.db)
  await world.deliver(text(PETR, 'the porcelain one', { id: wamid }))
  await indexMessages(world.db)
  expect(await found('q=porcelain')).toEqual(['message: the porcelain one'])
  for (let n = 0; n < 7; n++) await world.deliver(text(PETR, `violin ${n}`))
  await indexMessages(world.db)
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await admin.get(`/api/v1/search?q=violin&limit=3${cursor}`)
    seen.push(...body.items.map((hit: { text: string }) => hit.text))
    cursor = body.next === null ? '' : `&cursor=${body.next}`
  } while (cursor !== '')
  expect(seen.sort()).toEqual(Array.from({ length: 7 }, (_, n) => `violin ${n}`))
})

test.each(['q=', 'q=%20!?', 'q=a&in=other', 'q=a&cursor=bm8', 'q=a&limit=0'])('refuses %s', async (query) => {
  const answer = await admin.get(`/api/v1/search?${query}`)
  expect(answer.body).toMatchObject({ status: 400, code: 'invalid' })
})

test('reads by its indexes among 100,000 texts of 10,000 sessions, and so does the list of sessions', async () => {
  const { id } = await world.session(JANA.phone)
  await sql`
    INSERT INTO session
    SELECT (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid(), 'client_id', gen_random_uuid(),
              'ended_at', now() - n * interval '1 minute'))).*
      FROM session s, generate_series(1, 10000) AS n WHERE s.id = ${id}`.execute(world.db)
  await sql`
    INSERT INTO search_entry (id, kind, session_id, at, words)
    SELECT gen_random_uuid(), 'message', s.id, s.ended_at - k * interval '1 second',
           array_to_tsvector(ARRAY['word' || (n * 10 + k) % 1000, 'common'])
      FROM (SELECT id, ended_at, row_number() OVER () AS n FROM session WHERE phase = 'ended') AS s,
           generate_series(1, 10) AS k`.execute(world.db)
  await sql`ANALYZE search_entry`.execute(world.db)
  await sql`ANALYZE session`.execute(world.db)
  const asked: { sql: string; parameters: readonly unknown[] }[] = []
  const pool = new pg.Pool({ ...connectionConfig(world.database.url), max: 2 })
  const db = new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void asked.push(query),
  })
  onTestFinished(() => db.destroy())
  const query = { kinds: SEARCH_KINDS, limit: 50 }
  const rights = await world.rights(world.sara)
  const found = await search(db, rights, { ...query, terms: ['word77'] })
  expect(found.hits.length).toBe(50)
  await search(db, rights, { ...query, terms: ['common'] })
  for (const filter of [{ text: 'word77' }, { text: 'common' }, {}, { phase: ['ended'] as const }])
    await findSessions(db, rights, { ...filter, sort: 'activity', limit: 50 })
  expect(asked.length).toBe(6)
  for (const { sql: text, parameters } of asked) {
    const { rows } = await pool.query<Record<string, string>>(`EXPLAIN ${text}`, [...parameters])
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toMatch(/Seq Scan on (search_entry|session s)/)
  }
})
