// Full text: what is found, by whom, how soon, and that it stays fast.
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { indexMessages } from '../../../src/db/queries/search-index.ts'
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

test('reads by its index among 100,000 texts', async () => {
  const { id } = await world.session(PETR.phone)
  await sql`
    INSERT INTO search_entry (id, kind, session_id, at, words)
    SELECT gen_random_uuid(), 'message', ${id}::uuid, now() - n * interval '1 second',
           array_to_tsvector(ARRAY['word' || n % 5000, 'other' || n % 70, 'common'])
      FROM generate_series(1, 100000) AS n`.execute(world.db)
  await sql`ANALYZE search_entry`.execute(world.db)
  const { rows } = await sql<{ 'QUERY PLAN': string }>`
    EXPLAIN SELECT e.id FROM search_entry e JOIN session s ON s.id = e.session_id
             WHERE e.words @@ 'word77:*'::tsquery ORDER BY e.at DESC, e.id DESC LIMIT 51`.execute(world.db)
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  expect(plan).toContain('search_entry_words')
  expect(plan).not.toContain('Seq Scan on search_entry')
  expect((await admin.get(`/api/v1/search?q=${v7().slice(0, 8)}x`)).body).toEqual({ items: [], next: null })
})
