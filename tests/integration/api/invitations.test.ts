// Invitations: how somebody new comes to a password, once, and how nobody else does.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, OLGA, PASSWORD, startTestService, type TestService } from '../../support/service.ts'

let parley: TestService
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
})
afterAll(() => parley.close())

const form = (fields: Record<string, string>) =>
  parley.anybody.ask('POST', '/invitation', {
    raw: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: parley.url },
  })

async function invited(email: string) {
  const admin = await parley.as(ADMIN)
  const made = await admin.post('/api/v1/users', { email, name: 'New <b>one</b>', role: 'operator' })
  expect(made.status).toBe(201)
  const answer = await admin.post(`/api/v1/users/${made.body.id}/invitation`)
  expect(answer.status).toBe(201)
  const token = new URL(answer.body.url).searchParams.get('token') ?? ''
  return { admin, id: made.body.id as string, token, url: new URL(answer.body.url) }
}

test('who is invited chooses a password, once, and signs in', async () => {
  const { admin, id, token, url } = await invited('eva@example.com')
  const seen = (await admin.get(`/api/v1/users/${id}`)).body
  expect(Date.parse(seen.invitedUntil)).toBeGreaterThan(parley.clock.now())
  expect(
    (await parley.anybody.post('/api/v1/auth/login', { email: 'eva@example.com', password: PASSWORD })).status,
  ).toBe(401)
  const shown = await parley.anybody.get(`${url.pathname}${url.search}`)
  expect(shown.headers.get('referrer-policy')).toBe('same-origin')
  expect(shown.text).toContain('eva@example.com')
  expect((await form({ token, password: 'short' })).status).toBe(400)
  const both = await Promise.all([form({ token, password: PASSWORD }), form({ token, password: 'another one 123' })])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 404])
  expect((await form({ token, password: PASSWORD })).status).toBe(404)
  const password = both[0].status === 200 ? PASSWORD : 'another one 123'
  const eva = await parley.signIn('eva@example.com', password)
  expect((await eva.get('/api/v1/me')).body.role).toBe('operator')
  expect((await admin.get(`/api/v1/users/${id}`)).body.invitedUntil).toBeNull()
  const kept = await parley.db.selectFrom('invitation').selectAll().execute()
  expect(kept).toEqual([])
})

test('a second invitation ends the first; one that is old, of a disabled account, or made up is none', async () => {
  const { admin, id, token } = await invited('jan@example.com')
  const second = new URL((await admin.post(`/api/v1/users/${id}/invitation`)).body.url).searchParams.get('token') ?? ''
  expect((await form({ token, password: PASSWORD })).status).toBe(404)
  await admin.patch(`/api/v1/users/${id}`, { disabled: true })
  expect((await form({ token: second, password: PASSWORD })).status).toBe(404)
  expect((await admin.post(`/api/v1/users/${id}/invitation`)).body).toMatchObject({ status: 400, code: 'invalid' })
  await admin.patch(`/api/v1/users/${id}`, { disabled: false })
  // Switching off ended it; and so does a password that an administrator gives.
  expect((await form({ token: second, password: PASSWORD })).status).toBe(404)
  const invite = async () =>
    new URL((await admin.post(`/api/v1/users/${id}/invitation`)).body.url).searchParams.get('token') ?? ''
  const third = await invite()
  await admin.patch(`/api/v1/users/${id}`, { password: 'given by somebody' })
  expect((await form({ token: third, password: PASSWORD })).status).toBe(404)
  const fourth = await invite()
  expect((await form({ token: '', password: PASSWORD })).status).toBe(404)
  await parley.db
    .updateTable('invitation')
    .set({ expires_at: new Date(parley.clock.now()) })
    .execute()
  expect((await parley.anybody.get(`/invitation?token=${fourth}`)).status).toBe(404)
  expect((await form({ token: fourth, password: PASSWORD })).status).toBe(404)
})

test('inviting somebody who has a password signs them out once they choose another one, and not before', async () => {
  const admin = await parley.as(ADMIN)
  const olga = await parley.as(OLGA)
  const { id } = (await olga.get('/api/v1/me')).body
  const { url } = (await admin.post(`/api/v1/users/${id}/invitation`)).body
  expect((await olga.get('/api/v1/me')).status).toBe(200)
  expect((await olga.post(`/api/v1/users/${id}/invitation`)).body.code).toBe('not-allowed')
  const token = new URL(url).searchParams.get('token') ?? ''
  expect((await form({ token, password: 'a new one for Olga' })).status).toBe(200)
  expect((await olga.get('/api/v1/me')).status).toBe(401)
})
