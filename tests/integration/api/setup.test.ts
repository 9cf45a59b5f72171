import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { install } from '../../../src/api/installation.ts'
import { PASSWORD, startTestService } from '../../support/service.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('an empty installation', () => {
  test('lets the first administrator in by an address that works once', async () => {
    const parley = await startTestService({ temporalAway: true, demo: false })
    try {
      expect((await parley.anybody.get('/readyz')).status).toBe(200)
      const address = parley.service.setupUrl ?? ''
      const { pathname, search, searchParams } = new URL(address)
      expect((await parley.anybody.get('/setup?token=guess')).status).toBe(404)
      const form = await parley.anybody.get(`${pathname}${search}`)
      expect([form.status, form.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(form.headers.get('referrer-policy')).toBe('same-origin')

      const fields = {
        token: searchParams.get('token') ?? '',
        name: 'Ada <b>',
        email: 'Ada@Example.com',
        password: PASSWORD,
      }
      const send = (more: object) =>
        parley.anybody.ask('POST', '/setup', {
          raw: new URLSearchParams({ ...fields, ...more }).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin: parley.url },
        })
      expect((await send({ token: 'guess' })).status).toBe(404)
      expect((await send({ password: 'short' })).status).toBe(400)
      const made = await Promise.all([send({}), send({ email: 'second@example.com' })])
      expect(made.map((answer) => answer.status).sort()).toEqual([200, 404])
      expect((await parley.anybody.get(`${pathname}${search}`)).status).toBe(404)
      const users = await parley.db.selectFrom('user_account').select(['email', 'role']).execute()
      expect(users).toHaveLength(1)
      const first = await parley.signIn(users[0]?.email ?? '')
      expect((await first.get('/api/v1/me')).body.role).toBe('administrator')
      expect(await install(parley.db, parley.config.secretKey, parley.clock.now())).toBeNull()
    } finally {
      await parley.close()
    }
  })

  test('has the same address at every service and every start', async () => {
    const parley = await startTestService({ temporalAway: true, demo: false })
    try {
      const token = new URL(parley.service.setupUrl ?? '').searchParams.get('token')
      expect(await install(parley.db, parley.config.secretKey, parley.clock.now())).toBe(token)
    } finally {
      await parley.close()
    }
  })
})

test('a service stops at once, whatever a browser holds open without asking anything', async () => {
  const parley = await startTestService({ temporalAway: true })
  const { port } = new URL(parley.url)
  const silent = connect(Number(port), '127.0.0.1')
  await once(silent, 'connect')
  const ended = once(silent, 'close')
  const began = performance.now()
  await parley.service.close()
  await ended
  expect(performance.now() - began).toBeLessThan(2_500)
  // The rest of the test's system; the service itself has closed.
  await parley.close().catch(() => undefined)
})

describe('the service as a process', () => {
  const start = (env: Record<string, string>) =>
    new Promise<{ code: number | null; errors: string }>((resolve) => {
      const child = spawn(process.execPath, ['src/api/main.ts'], {
        cwd: ROOT,
        env: { PATH: process.env.PATH ?? '', ...env },
      })
      let errors = ''
      child.stderr.on('data', (chunk: Buffer) => {
        errors += String(chunk)
      })
      child.on('close', (code) => resolve({ code, errors }))
    })
  const whole = {
    DATABASE_URL: 'postgres://nobody:secret-of-mine@127.0.0.1:1/parley',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    WHATSAPP_APP_SECRET: 'a',
    WHATSAPP_VERIFY_TOKEN: 'b',
    SECRET_KEY: 'c'.repeat(32),
    PORT: '0',
  }

  test('says in a sentence each what it lacks, and ends', async () => {
    const { code, errors } = await start({ PORT: 'http' })
    expect(code).toBe(1)
    const lines = errors.trim().split('\n')
    for (const name of [
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
      'WHATSAPP_APP_SECRET',
      'WHATSAPP_VERIFY_TOKEN',
      'SECRET_KEY',
      'PORT',
    ]) {
      expect(lines.filter((line) => line.startsWith(`${name} `))).toHaveLength(1)
    }
    expect(lines).toHaveLength(6)
  })

  test('says that PostgreSQL cannot be reached, and ends without telling the password', async () => {
    const { code, errors } = await start(whole)
    expect(code).toBe(1)
    expect(errors).toContain('PostgreSQL cannot be reached at 127.0.0.1:1')
    expect(errors).not.toContain('secret-of-mine')
    expect(errors.trim().split('\n')).toHaveLength(1)
  })
})
