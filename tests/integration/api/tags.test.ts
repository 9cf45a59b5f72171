// Tags by REST: made by whom the setting lets, set on sessions before, during and after, on contacts, and filtered by.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, OLGA, OMAR, SARA, startTestService, type TestService, textFrom } from '../../support/service.ts'

let at: TestService
let n = 0
beforeAll(async () => {
  at = await startTestService({ worker: true })
})
afterAll(() => at?.close())

async function talk(): Promise<{ readonly sessionId: string; readonly clientId: string }> {
  const phone = `42055522${String(++n).padStart(4, '0')}`
  await at.deliver(textFrom(phone, 'hello'))
  const session = await at.sessionOf(await at.as(SARA), phone)
  return { sessionId: session.id, clientId: session.client.id }
}

const make = async (name: string, color?: string): Promise<string> =>
  (await (await at.as(ADMIN)).post('/api/v1/tags', { name, ...(color === undefined ? {} : { color }) })).body.id

test('administrators make, rename, recolour and delete them; operators make them where the setting says so', async () => {
  const admin = await at.as(ADMIN)
  const olga = await at.as(OLGA)
  const made = await admin.post('/api/v1/tags', { name: 'urgent', color: '#B91C1C' })
  expect([made.status, made.body]).toEqual([201, { id: made.body.id, name: 'urgent', color: '#b91c1c' }])
  expect((await admin.post('/api/v1/tags', { name: 'Urgent' })).body).toMatchObject({
    code: 'invalid',
    errors: [{ pointer: '/name' }],
  })
  expect((await admin.post('/api/v1/tags', { name: 'x', color: 'red' })).body.errors[0].pointer).toBe('/color')
  expect((await olga.post('/api/v1/tags', { name: 'by olga' })).status).toBe(403)
  await admin.patch('/api/v1/settings', { operatorsMayTag: true })
  expect((await olga.post('/api/v1/tags', { name: 'by olga' })).body.color).toMatch(/^#[0-9a-f]{6}$/)
  expect((await olga.delete(`/api/v1/tags/${made.body.id}`)).status).toBe(403)
  expect((await admin.patch(`/api/v1/tags/${made.body.id}`, { name: 'very urgent' })).body).toEqual({
    id: made.body.id,
    name: 'very urgent',
    color: '#b91c1c',
  })
  expect((await olga.get('/api/v1/tags')).body.items.map((tag: { name: string }) => tag.name)).toEqual([
    'by olga',
    'very urgent',
  ])
  const { sessionId } = await talk()
  await olga.post(`/api/v1/sessions/${sessionId}/tags`, { add: [made.body.id] })
  expect((await admin.delete(`/api/v1/tags/${made.body.id}`)).status).toBe(204)
  expect((await olga.get(`/api/v1/sessions/${sessionId}`)).body.tags).toEqual([])
  expect((await admin.delete(`/api/v1/tags/${made.body.id}`)).status).toBe(404)
})

test('a session is tagged while it is offered, by its operator, and after it ended; each change leaves its evidence', async () => {
  const [order, vip] = [await make('order'), await make('VIP')]
  const { sessionId } = await talk()
  const olga = await at.as(OLGA)
  const omar = await at.as(OMAR)
  const names = async (caller: typeof olga, body: object) => {
    const { status, body: session } = await caller.post(`/api/v1/sessions/${sessionId}/tags`, body)
    return status === 200 ? session.tags.map((tag: { name: string }) => tag.name) : session.code
  }
  expect(await names(omar, { add: [vip] })).toEqual(['VIP'])
  await olga.post(`/api/v1/sessions/${sessionId}/accept`)
  expect(await names(omar, { add: [order] })).toBe('not-found')
  expect(await names(olga, { add: [order] })).toEqual(['order', 'VIP'])
  const rev = (await olga.get(`/api/v1/sessions/${sessionId}`)).body.rev
  expect(await names(olga, { add: [order] })).toEqual(['order', 'VIP'])
  expect((await olga.get(`/api/v1/sessions/${sessionId}`)).body.rev).toBe(rev)
  const [{ id: resultId }] = (await olga.get('/api/v1/results')).body.items
  await olga.post(`/api/v1/sessions/${sessionId}/end`, { lastSeq: 1, result: { resultId, note: null } })
  expect(await names(omar, { remove: [order] })).toEqual(['VIP'])
  expect(await names(omar, { tagIds: [order] })).toEqual(['order'])
  expect(await names(omar, { tagIds: ['0195a000-0000-7000-8000-000000000000'] })).toBe('invalid')
  const events = (await olga.get(`/api/v1/sessions/${sessionId}/timeline`)).body.items
  expect(
    events
      .filter((event: { type: string }) => event.type === 'tagged')
      .map((event: { evidence: object }) => event.evidence),
  ).toEqual([
    { added: [vip], removed: [] },
    { added: [order], removed: [] },
    { added: [], removed: [order] },
    { added: [order], removed: [vip] },
  ])
})

test('lists are filtered by one or several tags, by id or name', async () => {
  const [red, blue] = [await make('red'), await make('blue')]
  const [one, two, three] = [await talk(), await talk(), await talk()]
  const olga = await at.as(OLGA)
  await olga.post(`/api/v1/sessions/${one.sessionId}/tags`, { tagIds: [red] })
  await olga.post(`/api/v1/sessions/${two.sessionId}/tags`, { tagIds: [blue, red] })
  const found = async (tag: string) =>
    (await olga.get(`/api/v1/sessions?tag=${encodeURIComponent(tag)}&sort=started`)).body.items.map(
      (session: { id: string }) => session.id,
    )
  expect(await found(red)).toEqual([two.sessionId, one.sessionId])
  expect(await found('Blue')).toEqual([two.sessionId])
  expect(await found('blue,red')).toEqual([two.sessionId, one.sessionId])
  expect(await found('green')).toEqual([])
  expect(await found(red)).not.toContain(three.sessionId)
})

test('contacts have tags, too; those of a contact that was merged are the survivor’s', async () => {
  const [good, old] = [await make('good'), await make('old')]
  const olga = await at.as(OLGA)
  const a = (await olga.post('/api/v1/contacts', { name: 'Jana' })).body.id
  const b = (await olga.post('/api/v1/contacts', { name: 'Jana N.' })).body.id
  expect((await olga.post(`/api/v1/contacts/${a}/tags`, { add: [good] })).body.tags).toMatchObject([{ name: 'good' }])
  await olga.post(`/api/v1/contacts/${b}/tags`, { add: [old] })
  await (await at.as(ADMIN)).post(`/api/v1/contacts/${a}/merge`, { contactId: b })
  expect((await olga.get(`/api/v1/contacts/${a}`)).body.tags).toMatchObject([{ name: 'good' }, { name: 'old' }])
  expect((await olga.post(`/api/v1/contacts/${a}/tags`, { remove: [old] })).body.tags).toMatchObject([{ name: 'good' }])
})
