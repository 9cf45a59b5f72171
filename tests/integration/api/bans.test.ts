// The blacklist by REST: who may ban whom and take it back, what the list shows, and what is refused.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, OLGA, OMAR, SARA, startTestService, type TestService, textFrom } from '../../support/service.ts'

let at: TestService
let n = 0
beforeAll(async () => {
  at = await startTestService({})
})
afterAll(() => at?.close())

async function client(): Promise<{ readonly phone: string; readonly id: string; readonly sessionId: string }> {
  const phone = `42055512${String(++n).padStart(4, '0')}`
  await at.deliver(textFrom(phone, 'hello'))
  const session = await at.sessionOf(await at.as(SARA), phone)
  return { phone, id: session.client.id, sessionId: session.id }
}

test('an operator bans a client they may see, with a reason and an end; the session tells it; the supervisor lifts it', async () => {
  const { phone, id, sessionId } = await client()
  const olga = await at.as(OLGA)
  const until = new Date(at.clock.now() + 3_600_000).toISOString()
  const made = await olga.post('/api/v1/bans', { clientId: id, reason: 'Insults', until })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    active: true,
    reason: 'Insults',
    until,
    by: { name: 'Olga Operator' },
    clientId: id,
    aliases: [{ kind: 'phone', value: `+${phone}` }],
    liftedAt: null,
  })
  const session = (await olga.get(`/api/v1/sessions/${sessionId}`)).body
  expect(session.ban).toMatchObject({ id: made.body.id, reason: 'Insults', until, byName: 'Olga Operator' })
  const lifted = await (await at.as(SARA)).delete(`/api/v1/bans/${made.body.id}`)
  expect(lifted.body).toMatchObject({ active: false, liftedBy: { name: 'Sara Supervisor' } })
  expect((await olga.get(`/api/v1/sessions/${sessionId}`)).body.ban).toBeNull()
  const again = await (await at.as(SARA)).delete(`/api/v1/bans/${made.body.id}`)
  expect([again.status, again.body.liftedAt]).toEqual([200, lifted.body.liftedAt])
})

test('the list has active ones by default, inactive and all on request, and is searched and paged', async () => {
  const admin = await at.as(ADMIN)
  const one = await client()
  const two = await client()
  const first = await admin.post('/api/v1/bans', { clientId: one.id, reason: 'Needle in the hay' })
  const second = await admin.post('/api/v1/bans', { clientId: two.id, reason: 'Spam' })
  await admin.delete(`/api/v1/bans/${first.body.id}`)
  const ids = async (query: string) =>
    (await admin.get(`/api/v1/bans${query}`)).body.items.map((item: { id: string }) => item.id)
  expect(await ids('')).toContain(second.body.id)
  expect(await ids('')).not.toContain(first.body.id)
  expect(await ids('?state=inactive')).toContain(first.body.id)
  expect(await ids('?state=inactive')).not.toContain(second.body.id)
  expect(await ids('?state=all&q=needle')).toEqual([first.body.id])
  expect(await ids(`?q=${encodeURIComponent(`+${two.phone.slice(0, 3)} ${two.phone.slice(3)}`)}`)).toEqual([
    second.body.id,
  ])
  const page = (await admin.get('/api/v1/bans?state=all&limit=1')).body
  expect(await ids(`?state=all&limit=1&cursor=${page.next}`)).toEqual([first.body.id])
})

test('whoever may not is refused, and nothing is half done', async () => {
  const olga = await at.as(OLGA)
  const admin = await at.as(ADMIN)
  const { id, phone } = await client()
  const by = async (caller: typeof olga, body: object) => {
    const { status, body: answer } = await caller.post('/api/v1/bans', body)
    return [status, answer.code, answer.errors?.[0]?.pointer]
  }
  expect(await by(olga, { phone, reason: 'x' })).toEqual([403, 'not-allowed', undefined])
  expect(await by(olga, { clientId: '0195a000-0000-7000-8000-000000000000', reason: 'x' })).toEqual([
    404,
    'not-found',
    undefined,
  ])
  expect(await by(admin, { clientId: id, phone, reason: 'x' })).toEqual([400, 'invalid', '/clientId'])
  expect(await by(admin, { clientId: id, reason: '  ' })).toEqual([400, 'invalid', '/reason'])
  expect(await by(admin, { clientId: id, reason: 'x', until: '2020-01-01T00:00:00Z' })).toEqual([
    400,
    'invalid',
    '/until',
  ])
  expect(await by(admin, { phone: 'call me', reason: 'x' })).toEqual([400, 'invalid', '/phone'])
  await admin.patch('/api/v1/settings', { operatorsMayBan: false })
  expect(await by(olga, { clientId: id, reason: 'x' })).toEqual([403, 'not-allowed', undefined])
  expect((await by(await at.as(SARA), { clientId: id, reason: 'x' }))[0]).toBe(201)
  expect(await by(admin, { clientId: id, reason: 'x' })).toEqual([409, 'client-banned', undefined])
  await admin.patch('/api/v1/settings', { operatorsMayBan: true })
  const [ban] = (await admin.get(`/api/v1/bans?q=${phone}`)).body.items
  expect((await olga.delete(`/api/v1/bans/${ban.id}`)).status).toBe(403)
  expect((await olga.get(`/api/v1/bans/${ban.id}`)).body.reason).toBe('x')
})

test('an administrator bans a number that nobody knows; others who may see none of its sessions do not see it', async () => {
  const admin = await at.as(ADMIN)
  const made = await admin.post('/api/v1/bans', { phone: '00420 555 987 654', reason: 'Fraud' })
  expect(made.body).toMatchObject({ clientId: null, aliases: [{ kind: 'phone', value: '+420555987654' }] })
  const omar = await at.as(OMAR)
  expect((await omar.get(`/api/v1/bans/${made.body.id}`)).status).toBe(404)
  expect((await omar.get('/api/v1/bans?state=all&q=Fraud')).body.items).toEqual([])
  await at.deliver(textFrom('420555987654', 'let me in'))
  const sessions = (await admin.get('/api/v1/sessions?q=420555987654')).body.items
  expect(sessions).toEqual([])
})
