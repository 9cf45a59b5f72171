// The list of sessions narrowed by what became of them, and the same list as a table for spreadsheets.
import { parse } from 'csv-parse/sync'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { indexMessages } from '../../../src/db/queries/search-index.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

let world: World
let api: Reading
let admin: Caller
let parent: string
let ended: string
const JANA = { phone: '420777123456', name: '=HYPERLINK("http://evil.example")' }

beforeAll(async () => {
  world = await startWorld()
  api = await openApi(world)
  admin = (await api.person('administrator')).caller
  parent = v7()
  await world.db.insertInto('result').values({ id: parent, name: 'Everything', position: 9 }).execute()
  await world.db.updateTable('result').set({ parent_id: parent }).where('id', '=', world.resultId).execute()
  await world.deliver(text(JANA, 'My lamp broke'), text({ phone: '420777000111', name: 'Petr' }, 'Hello'))
  ended = (await world.inPhase(JANA.phone, 'active')).id
  world.clock.forward(90_000)
  const result = { resultId: world.resultId, note: 'Sent, "a new one"\nfor free' }
  await world.command(world.olga, ended, 'end', { lastSeq: 1, result })
  world.clock.forward(1_000)
  await world.inPhase('420777000111', 'active')
  await indexMessages(world.db)
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

const found = async (query: string) =>
  ((await admin.get(`/api/v1/sessions?${query}`)).body.items as { client: { phone: string } }[]).map(
    (session) => session.client.phone,
  )
const now = (plus: number) => new Date(world.clock.now() + plus).toISOString()

test('is narrowed by result with all below it, by origin, reason and time of its end, and by what was said', async () => {
  const jana = ['+420777123456']
  expect(await found(`result=${world.resultId}`)).toEqual(jana)
  expect(await found(`result=${parent}`)).toEqual(jana)
  expect(await found('result=none')).toEqual([])
  expect(await found('endReason=operator')).toEqual(jana)
  expect(await found('endReason=noAnswer')).toEqual([])
  expect((await found('origin=inbound')).length).toBe(2)
  expect(await found('origin=direct')).toEqual([])
  expect(await found('text=lamps')).toEqual(jana)
  expect(await found('text=sent%20free')).toEqual(jana)
  expect(await found(`endedFrom=${now(-2_000)}`)).toEqual(jana)
  expect(await found(`endedTo=${now(-2_000)}`)).toEqual([])
  for (const wrong of ['result=other', 'endReason=bored', 'origin=x', 'endedFrom=now'])
    expect((await admin.get(`/api/v1/sessions?${wrong}`)).body).toMatchObject({ status: 400, code: 'invalid' })
})

test('is a table: the same filters, one row a session, nothing that a spreadsheet would run', async () => {
  const answer = await admin.get('/api/v1/sessions/export?phase=ended')
  expect(answer.headers.get('content-type')).toContain('text/csv')
  const rows = parse(answer.text, { bom: true, columns: true }) as Record<string, string>[]
  expect(rows).toEqual([
    expect.objectContaining({
      id: ended,
      phase: 'ended',
      operator: 'olga',
      client: `'${JANA.name}`,
      phone: '+420777123456',
      result: 'Solved',
      note: 'Sent, "a new one"\nfor free',
      'seconds in all': '90',
      'end reason': 'operator',
      messages: '1',
    }),
  ])
  expect(parse((await admin.get('/api/v1/sessions/export')).text, { bom: true, columns: true })).toHaveLength(2)
})

test('holds what one may see, however many pages it takes, and is for supervisors', async () => {
  const many = Array.from({ length: 1_100 }, (_, n) => ({ phone: `4206${String(n).padStart(8, '0')}`, name: null }))
  for (let n = 0; n < many.length; n += 100)
    await world.deliver(...many.slice(n, n + 100).map((who) => text(who, 'Hello')))
  const rows = parse((await admin.get('/api/v1/sessions/export')).text, { bom: true, columns: true }) as {
    id: string
  }[]
  expect(new Set(rows.map((row) => row.id)).size).toBe(1_102)
  const elsewhere = await api.person('supervisor', { groupIds: [await api.group('Elsewhere')] })
  expect(parse((await elsewhere.caller.get('/api/v1/sessions/export')).text, { bom: true, columns: true })).toEqual([])
  const operator = await api.person('operator', { groupIds: [world.groupId] })
  expect((await operator.caller.get('/api/v1/sessions/export')).body).toMatchObject({
    status: 403,
    code: 'not-allowed',
  })
})
