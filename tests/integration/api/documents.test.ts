import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import openapiTS, { astToString } from 'openapi-typescript'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NamedRoute, routeTable } from '../../../src/api/plugins/access.ts'
import {
  ADMIN,
  type Answer,
  type Caller,
  OLGA,
  SARA,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let parley: TestService
let admin: Caller
/** Of a group that neither the operator nor the supervisor is in. */
const foreign = { session: '', message: '', client: '' }
let stranger: Caller

beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  await parley.deliver(textFrom('420777000001', 'in the queue of the service group'))
  const session = await parley.sessionOf(admin, '420777000001')
  const { body } = await admin.get(`/api/v1/sessions/${session.id}/messages`)
  Object.assign(foreign, { session: session.id, client: session.client.id, message: body.items[0].id })
  await admin.post('/api/v1/users', {
    email: 'stranger@parley.test',
    name: 'Stranger',
    role: 'supervisor',
    password: 'of no group at all',
  })
  stranger = await parley.signIn('stranger@parley.test', 'of no group at all')
})
afterAll(() => parley.close())

const routes = (): readonly NamedRoute[] => routeTable.get(parley.service.app.server) ?? []
const api = () => routes().filter(({ method, url }) => method !== 'HEAD' && url.startsWith('/api/'))

describe('the description of the API', () => {
  test('is OpenAPI 3.1 that a generator of clients can read', async () => {
    const { status, body } = await parley.anybody.get('/docs/openapi.json')
    expect([status, body.openapi]).toEqual([200, '3.1.0'])
    const types = astToString(await openapiTS(body, { silent: true }))
    expect(types).toContain('"/api/v1/sessions/{id}/messages"')
    for (const name of ['Session', 'Message', 'Problem', 'Me']) expect(body.components.schemas).toHaveProperty(name)
  })

  test('names every route of the API, its right and its answers, and nothing else', async () => {
    const { body } = await parley.anybody.get('/docs/openapi.json')
    const described = Object.entries(
      body.paths as Record<string, Record<string, { 'x-access': string; responses: object }>>,
    )
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, route]) => ({ name: `${method.toUpperCase()} ${path}`, route })),
      )
      .filter(({ name }) => name.includes(' /api/'))
    const names = api().map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
    // The websocket is no request with an answer.
    expect(described.map(({ name }) => name).sort()).toEqual(names.filter((name) => name !== 'GET /api/v1/live').sort())
    for (const { name, route } of described) {
      expect(route['x-access'], name).toBeTypeOf('string')
      expect(Object.keys(route.responses).length, name).toBeGreaterThan(1)
      expect(route.responses, name).toHaveProperty('default')
    }
  })

  test('says which commands look at no Idempotency-Key, because they may be repeated as they are', async () => {
    const { body } = await parley.anybody.get('/docs/openapi.json')
    const told = Object.entries(body.paths as Record<string, Record<string, { description?: string }>>)
      .flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => ({ path, method, route })))
      .filter(({ route }) => route.description?.includes('An Idempotency-Key is not looked at.'))
    expect(told.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'post /api/v1/contacts/{id}/tags',
      'post /api/v1/sessions/{id}/read',
      'post /api/v1/sessions/{id}/tags',
      'post /api/v1/sessions/{id}/typing',
      'put /api/v1/sessions/{id}/draft',
      'put /api/v1/sessions/{id}/result-draft',
    ])
  })

  test('has a page that loads nothing from elsewhere', async () => {
    const page = await parley.anybody.get('/docs/')
    expect(page.status).toBe(200)
    expect(page.text).not.toMatch(/https?:\/\//)
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'; script-src 'self' 'nonce-/)
    const script = /src="(js\/[^"]+)"/.exec(page.text)?.[1]
    expect((await parley.anybody.get(`/docs/${script}`)).headers.get('content-type')).toContain('javascript')
  })
})

describe('a parameter that is not described', () => {
  test('is refused by its name, on every route of the API that is read', async () => {
    for (const { method, url } of api().filter((route) => route.method === 'GET')) {
      const path = url.replace(':id', v7())
      const answer = await admin.ask(method, `${path}?colour=red&limit=1&limt=1`)
      expect(answer.body, url).toMatchObject({ status: 400, code: 'invalid' })
      // What the route takes, or needs, is no matter here.
      const unknown = answer.body.errors.filter(
        (error: { pointer: string; detail: string }) =>
          error.detail === 'is not known here' && error.pointer !== '/limit',
      )
      expect(unknown, url).toEqual(['/colour', '/limt'].map((pointer) => ({ pointer, detail: 'is not known here' })))
    }
  })

  test('is refused of a command too, and nothing is done', async () => {
    const answer = await admin.post('/api/v1/groups?dryRun=true', { name: 'Made by a misunderstanding' })
    expect(answer.body).toMatchObject({ status: 400, errors: [{ pointer: '/dryRun' }] })
    expect((await admin.get('/api/v1/groups')).text).not.toContain('misunderstanding')
  })

  test('is let be where others decide what they append', async () => {
    for (const path of ['/healthz', '/setup', '/docs/']) {
      const [bare, more] = [await parley.anybody.get(path), await parley.anybody.get(`${path}?utm_source=mail`)]
      expect(more.status, path).toBe(bare.status)
    }
  })
})

describe('what is no request', () => {
  /** Everything that comes back for these bytes until the connection is closed. */
  async function answerTo(bytes: string): Promise<{ status: number; headers: string; body: unknown }> {
    const { hostname, port } = new URL(parley.url)
    const socket = connect(Number(port), hostname)
    socket.end(bytes)
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n')
    return { status: Number(head.split(' ')[1]), headers: head.toLowerCase(), body: JSON.parse(body) }
  }
  const head = (line: string) => `GET /api/v1/me HTTP/1.1\r\nHost: parley\r\n${line}\r\n\r\n`

  test.for([
    ['is no HTTP at all', 'Good morning\r\n\r\n', 400, 'invalid'],
    ['has two lengths', head('Content-Length: 1\r\nContent-Length: 2'), 400, 'invalid'],
    ['has a body of no length that can be read', `${head('Transfer-Encoding: chunked')}words`, 400, 'invalid'],
    ['has too long a header', head(`X-Long: ${'x'.repeat(20_000)}`), 431, 'headers-too-large'],
    ['has far too long a header', head(`X-Long: ${'x'.repeat(4_000_000)}`), 431, 'headers-too-large'],
  ] as [string, string, number, string][])(
    'because it %s is refused with a problem',
    async ([, bytes, status, code]) => {
      const answer = await answerTo(bytes)
      expect(answer).toMatchObject({ status, body: { type: `/problems/${code}`, status, code } })
      expect(answer.headers).toContain('\r\ncontent-type: application/problem+json')
      expect(answer.headers).toContain('\r\nconnection: close')
      expect((await parley.anybody.get(`/problems/${code}`)).status).toBe(200)
    },
  )

  test('because it does not arrive is refused with a problem', async () => {
    // Node says so only after half a minute.
    const { server } = parley.service.app
    const late = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    server.once('connection', (socket) => server.emit('clientError', late, socket))
    expect(await answerTo('GET ')).toMatchObject({ status: 408, body: { status: 408, code: 'request-timeout' } })
  })
})

describe('rights', () => {
  const nobodys = v7()
  const idOf = (route: NamedRoute): string => {
    const [kind] = route.access.split(':')
    return foreign[kind as keyof typeof foreign] ?? nobodys
  }
  const to = (route: NamedRoute, id: string) => route.url.replace(':id', id)
  const of = ({ status, text }: Answer) => ({ status, text })
  // Bodies that pass the schema, so that it is the right which is asked.
  const BODIES: Record<string, object> = {
    end: { lastSeq: 1 },
    result: { resultId: v7() },
    messages: { type: 'text', text: 'not mine' },
    transfer: { operatorId: v7() },
    notes: { text: 'not mine' },
    template: { name: 'order_update', language: 'en' },
    read: { seq: 1 },
    draft: { text: 'not mine' },
    resolve: { outcome: 'arrived' },
    'result-draft': { resultId: null, note: 'not mine' },
    tags: { add: [] },
  }
  const bodyOf = (route: NamedRoute) => (route.method === 'GET' ? undefined : BODIES[route.url.split('/').at(-1) ?? ''])

  test('cover objects of every kind', () => {
    const kinds = new Set(api().map(({ access }) => access.split(':')[0]))
    expect([...kinds].sort()).toEqual([
      'administrator',
      'client',
      'message',
      'public',
      'session',
      'signed-in',
      'supervisor',
    ])
  })

  test('are asked of whoever has not signed in, on every route but the public ones', async () => {
    for (const route of api().filter(({ access }) => access !== 'public')) {
      const answer = await parley.anybody.ask(route.method, to(route, idOf(route)), { body: bodyOf(route) })
      expect(answer.body, `${route.method} ${route.url}`).toMatchObject({ status: 401, code: 'signed-out' })
    }
  })

  test('of administrators are had by nobody else, on every route', async () => {
    for (const email of [OLGA, SARA]) {
      const caller = await parley.as(email)
      for (const route of api().filter(({ access }) => access === 'administrator')) {
        const answer = await caller.ask(route.method, to(route, nobodys), route.method === 'GET' ? {} : { body: {} })
        expect(answer.body, `${email} ${route.method} ${route.url}`).toMatchObject({ status: 403, code: 'not-allowed' })
      }
    }
  })

  test('of supervisors are not had by operators, on every route', async () => {
    const caller = await parley.as(OLGA)
    for (const route of api().filter(({ access }) => access === 'supervisor')) {
      const answer = await caller.ask(route.method, to(route, nobodys), route.method === 'GET' ? {} : { body: {} })
      expect(answer.body, `${route.method} ${route.url}`).toMatchObject({ status: 403, code: 'not-allowed' })
    }
  })

  test('on what one may not see are answered like what does not exist, on every route, by cookie and by token', async () => {
    const program = await parley.withToken(stranger)
    for (const caller of [stranger, program]) {
      for (const route of api().filter(({ access }) => access.includes(':'))) {
        const name = `${route.method} ${route.url}`
        const hidden = await caller.ask(route.method, to(route, idOf(route)), { body: bodyOf(route) })
        const absent = await caller.ask(route.method, to(route, nobodys), { body: bodyOf(route) })
        const odd = await caller.ask(route.method, to(route, 'no-uuid'), { body: bodyOf(route) })
        expect(hidden.status, name).toBe(404)
        expect(of(hidden), name).toEqual(of(absent))
        expect(of(odd), name).toEqual(of(absent))
      }
    }
    const untouched = await admin.get(`/api/v1/sessions/${foreign.session}`)
    expect(untouched.body).toMatchObject({ phase: 'queued', operatorId: null })
  })

  test('on what one may see are not all rights: an operator may not write in what another one has', async () => {
    const olga = await parley.as(OLGA)
    const session = await parley.db
      .selectFrom('session')
      .selectAll()
      .where('id', '=', foreign.session)
      .executeTakeFirstOrThrow()
    const { id: other } = (await admin.get('/api/v1/me')).body
    const has = { phase: 'active', operator_id: other }
    await parley.db.updateTable('session').set(has).where('id', '=', session.id).execute()
    try {
      expect((await olga.get(`/api/v1/sessions/${session.id}`)).status).toBe(404)
      const sara = await parley.as(SARA)
      expect((await sara.get(`/api/v1/sessions/${session.id}`)).status).toBe(200)
      const written = await sara.post(`/api/v1/sessions/${session.id}/messages`, { type: 'text', text: 'not mine' })
      expect(written.body).toMatchObject({ status: 403, code: 'not-your-session' })
    } finally {
      await parley.db
        .updateTable('session')
        .set({ phase: 'queued', operator_id: null })
        .where('id', '=', session.id)
        .execute()
    }
  })
})
