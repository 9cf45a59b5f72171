import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN, Caller, OLGA, OMAR, PASSWORD, SARA, startTestService, type TestService } from '../../support/service.ts'

let parley: TestService
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
})
afterAll(() => parley.close())

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const login = (email: string, password: string) => parley.anybody.post('/api/v1/auth/login', { email, password })

describe('a browser', () => {
  test('signs in with a cookie that scripts and other sites cannot use', async () => {
    const answer = await login(OLGA, PASSWORD)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ email: OLGA, role: 'operator', groups: [{ name: 'Service' }] })
    expect(answer.headers.getSetCookie()[0]).toMatch(/^parley=[\w-]{43}; .*Path=\/; .*HttpOnly; SameSite=Strict$/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('is asked for https by its cookie where the service is reached over https', async () => {
    const secure = await startTestService({ temporalAway: true, config: { publicUrl: 'https://parley.example' } })
    try {
      const answer = await secure.anybody.post('/api/v1/auth/login', { email: OLGA, password: PASSWORD })
      expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-parley=.*; Secure/)
      expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000')
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      const plain = new Caller(secure.url, { cookie: cookie.replace('__Host-', '') })
      expect((await plain.get('/api/v1/me')).status).toBe(401)
      const browser = new Caller(secure.url, { cookie, origin: 'https://parley.example' })
      expect((await browser.put('/api/v1/me/presence', { status: 'away', reason: 'lunch' })).status).toBe(200)
    } finally {
      await secure.close()
    }
  })

  test('signs in whatever the case of the address', async () => {
    expect((await login(` ${OLGA.toUpperCase()} `, PASSWORD)).status).toBe(200)
  })

  test('learns nothing about whether an account exists', async () => {
    const [wrong, unknown] = [await login(OLGA, 'wrong'), await login('nobody@parley.test', 'wrong')]
    expect(wrong.status).toBe(401)
    expect(unknown.text).toBe(wrong.text)
  })

  test('loses its old sign-in when it signs in again', async () => {
    const first = await parley.signIn(OLGA)
    expect((await first.post('/api/v1/auth/login', { email: OLGA, password: PASSWORD })).status).toBe(200)
    expect((await first.get('/api/v1/me')).status).toBe(401)
  })

  test('is signed out by signing out, and only this one', async () => {
    const [here, there] = [await parley.signIn(OLGA), await parley.signIn(OLGA)]
    const out = await here.post('/api/v1/auth/logout')
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie()[0]).toMatch(/^parley=;/)
    expect((await here.get('/api/v1/me')).status).toBe(401)
    expect((await there.get('/api/v1/me')).status).toBe(200)
  })
})

describe('whoever guesses', () => {
  test('is stopped after ten failures a minute for one account, also with the right password, and let in after it', async () => {
    parley.clock.forward(MINUTE)
    const guesses = await Promise.all(Array.from({ length: 12 }, () => login(OMAR, 'guess')))
    expect(guesses.filter((guess) => guess.status === 401)).toHaveLength(10)
    const stopped = await login(OMAR, PASSWORD)
    expect(stopped.status).toBe(429)
    expect(stopped.body.code).toBe('too-many-requests')
    expect(Number(stopped.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(stopped.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    parley.clock.forward(MINUTE)
    expect((await login(OMAR, PASSWORD)).status).toBe(200)
  })

  test('is stopped after ten failures a minute from one address, whatever the accounts', async () => {
    parley.clock.forward(MINUTE)
    for (let n = 0; n < 10; n++) expect((await login(`guess${n}@parley.test`, 'guess')).status).toBe(401)
    expect((await login('guess-more@parley.test', 'guess')).status).toBe(429)
    parley.clock.forward(MINUTE)
  })

  test('is not stopped by successes', async () => {
    for (let n = 0; n < 15; n++) expect((await login(SARA, PASSWORD)).status).toBe(200)
  })
})

describe('a request with a cookie', () => {
  test('is refused from a page of another site, for reading and writing', async () => {
    const olga = await parley.signIn(OLGA)
    for (const origin of [
      'https://evil.example',
      'null',
      'http://127.0.0.1:1',
      parley.url.replace('127.0.0.1', 'localhost'),
    ]) {
      const headers = { origin }
      expect((await olga.get('/api/v1/me', { headers })).body, origin).toMatchObject({
        status: 403,
        code: 'not-allowed',
      })
      expect((await olga.put('/api/v1/me/presence', { status: 'away' }, { headers })).status, origin).toBe(403)
    }
  })

  test('may read without saying where it comes from, and not write', async () => {
    const { cookie = '' } = (await parley.signIn(OLGA)).carries
    const silent = new Caller(parley.url, { cookie })
    expect((await silent.get('/api/v1/me')).status).toBe(200)
    expect((await silent.put('/api/v1/me/presence', { status: 'online' })).status).toBe(403)
  })
})

describe('a sign-in', () => {
  test('is over after three days without use, and lives with it', async () => {
    const used = await parley.signIn(OLGA)
    const unused = await parley.signIn(OLGA)
    parley.clock.forward(71 * HOUR)
    expect((await used.get('/api/v1/me')).status).toBe(200)
    parley.clock.forward(2 * HOUR)
    expect((await used.get('/api/v1/me')).status).toBe(200)
    expect((await unused.get('/api/v1/me')).status).toBe(401)
  })

  test('is over after thirty days, however much it was used', async () => {
    const olga = await parley.signIn(OLGA)
    for (let hours = 0; hours < 28 * 24; hours += 48) {
      parley.clock.forward(48 * HOUR)
      expect((await olga.get('/api/v1/me')).status).toBe(200)
    }
    parley.clock.forward(48 * HOUR)
    expect((await olga.get('/api/v1/me')).status).toBe(401)
  })
})

describe('a password', () => {
  test('is changed by whoever knows it, which ends every other sign-in', async () => {
    const [here, there] = [await parley.signIn(OMAR), await parley.signIn(OMAR)]
    const wrong = await here.post('/api/v1/me/password', { current: 'wrong', password: 'a new password' })
    expect(wrong.body).toMatchObject({ code: 'invalid', errors: [{ pointer: '/current' }] })
    expect(
      (await here.post('/api/v1/me/password', { current: PASSWORD, password: 'short' })).body.errors[0].pointer,
    ).toBe('/password')
    expect((await here.post('/api/v1/me/password', { current: PASSWORD, password: 'a new password' })).status).toBe(204)
    expect((await here.get('/api/v1/me')).status).toBe(200)
    expect((await there.get('/api/v1/me')).status).toBe(401)
    expect((await login(OMAR, PASSWORD)).status).toBe(401)
    expect((await login(OMAR, 'a new password')).status).toBe(200)
  })
})

describe('a program', () => {
  test('acts as its user with a token that is told once and can be revoked', async () => {
    const sara = await parley.signIn(SARA)
    const made = await sara.post('/api/v1/tokens', { name: 'reports' })
    expect(made.status).toBe(201)
    const program = new Caller(parley.url, { authorization: `Bearer ${made.body.token}` })
    expect((await program.get('/api/v1/me')).body.email).toBe(SARA)
    expect((await program.put('/api/v1/me/presence', { status: 'away' })).status).toBe(200)
    expect((await program.post('/api/v1/tokens', { name: 'successor' })).status).toBe(403)

    const listed = await sara.get('/api/v1/tokens')
    expect(listed.body.items).toMatchObject([{ id: made.body.id, name: 'reports' }])
    expect(listed.text).not.toContain(made.body.token)
    const stored = await parley.db.selectFrom('token').selectAll().executeTakeFirstOrThrow()
    expect(JSON.stringify(stored)).not.toContain(made.body.token)

    expect((await (await parley.signIn(OLGA)).delete(`/api/v1/tokens/${made.body.id}`)).status).toBe(404)
    expect((await sara.delete(`/api/v1/tokens/${made.body.id}`)).status).toBe(204)
    expect((await program.get('/api/v1/me')).status).toBe(401)
  })

  test('is not lent the rights of a cookie that came along', async () => {
    const olga = await parley.signIn(OLGA)
    const bad = { authorization: 'Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }
    expect((await olga.get('/api/v1/me', { headers: bad })).status).toBe(401)
    expect((await olga.get('/api/v1/me', { headers: { authorization: 'Basic eDp5' } })).status).toBe(401)
  })

  test('loses its token when it expires', async () => {
    const sara = await parley.signIn(SARA)
    const expiresAt = new Date(parley.clock.now() + HOUR).toISOString()
    const { body } = await sara.post('/api/v1/tokens', { name: 'for an hour', expiresAt })
    const program = new Caller(parley.url, { authorization: `Bearer ${body.token}` })
    expect((await program.get('/api/v1/me')).status).toBe(200)
    parley.clock.forward(HOUR)
    expect((await program.get('/api/v1/me')).status).toBe(401)
  })

  test.for(['2020-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])('is given no token until %s', async (expiresAt) => {
    const sara = await parley.signIn(SARA)
    const before = (await sara.get('/api/v1/tokens')).body.items
    const { body } = await sara.post('/api/v1/tokens', { name: 'odd', expiresAt })
    expect(body).toMatchObject({ status: 400, code: 'invalid', errors: [{ pointer: '/expiresAt' }] })
    expect((await sara.get('/api/v1/tokens')).body.items).toEqual(before)
  })
})

describe('a disabled account', () => {
  test('is signed out everywhere, and its tokens end', async () => {
    const admin = await parley.signIn(ADMIN)
    const made = await admin.post('/api/v1/users', {
      email: 'temp@parley.test',
      name: 'Temp',
      role: 'operator',
      password: PASSWORD,
    })
    const temp = await parley.signIn('temp@parley.test')
    const program = await parley.withToken(temp)
    expect((await admin.patch(`/api/v1/users/${made.body.id}`, { disabled: true })).body.disabled).toBe(true)
    expect((await temp.get('/api/v1/me')).status).toBe(401)
    expect((await program.get('/api/v1/me')).status).toBe(401)
    expect((await login('temp@parley.test', PASSWORD)).text).toBe((await login('nobody@parley.test', 'x')).text)
  })
})
