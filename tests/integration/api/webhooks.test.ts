import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ADMIN,
  envelope,
  OLGA,
  signatureOf,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let parley: TestService
beforeAll(async () => {
  parley = await startTestService({
    temporalAway: true,
    config: { appSecrets: ['an-older-secret', SECRET], verifyToken: TOKEN },
  })
})
afterAll(() => parley.close())

const SECRET = 'the-newer-secret'
const TOKEN = 'the-agreed-token'
const PATH = '/webhooks/whatsapp'
const MB = 1024 * 1024
const deliver = (body: string | Buffer | object, secret = SECRET) => parley.deliver(body, secret)
const stored = async () =>
  Number(
    (
      await parley.db
        .selectFrom('message')
        .select((eb) => eb.fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  )
const at = () => Math.floor(Date.now() / 1000)
const message = (phone: string, n: number, more: object = {}) => ({
  from: phone,
  id: `wamid.${phone}.${n}`,
  timestamp: String(at()),
  type: 'text',
  text: { body: `message ${n}` },
  ...more,
})

describe('the handshake', () => {
  const ask = (query: Record<string, string>) => parley.anybody.get(`${PATH}?${new URLSearchParams(query)}`)
  const right = { 'hub.mode': 'subscribe', 'hub.verify_token': TOKEN, 'hub.challenge': '1158201444' }

  test('gives the challenge back for the right token', async () => {
    const answer = await ask(right)
    expect([answer.status, answer.text]).toEqual([200, '1158201444'])
    expect(answer.headers.get('content-type')).toContain('text/plain')
  })

  test('is refused for any other', async () => {
    expect((await ask({ ...right, 'hub.verify_token': 'guess' })).status).toBe(403)
    expect((await ask({ ...right, 'hub.mode': 'other' })).status).toBe(403)
    expect((await ask({})).status).toBe(403)
    expect(
      (await parley.anybody.get(`${PATH}?hub.verify_token=a&hub.verify_token=b&hub.mode=subscribe&hub.challenge=1`))
        .status,
    ).toBe(403)
  })
})

describe('a delivery', () => {
  test('is answered 200 once what it holds can be seen', async () => {
    expect((await deliver(textFrom('420777000001', 'hello'))).status).toBe(200)
    const olga = await parley.as(OLGA)
    const { body } = await olga.get('/api/v1/sessions')
    expect(body.items[0]).toMatchObject({
      phase: 'queued',
      client: { phone: '+420777000001' },
      lastMessage: { text: 'hello' },
    })
  })

  test('may be signed with any of the secrets', async () => {
    expect((await deliver(textFrom('420777000002', 'rotated'), 'an-older-secret')).status).toBe(200)
  })

  test('is refused with another signature, a missing one, one of another kind, or a changed body', async () => {
    const before = await stored()
    expect((await deliver(textFrom('420777000003', 'forged'), 'guess')).body).toMatchObject({
      status: 401,
      code: 'signed-out',
    })
    for (const signature of [undefined, '', 'sha256=', `sha1=${'0'.repeat(40)}`, `sha256=${'z'.repeat(64)}`, SECRET]) {
      const headers: Record<string, string> = signature === undefined ? {} : { 'x-hub-signature-256': signature }
      expect((await parley.anybody.post(PATH, textFrom('420777000003', 'forged'), { headers })).status).toBe(401)
    }
    expect(await stored()).toBe(before)
  })

  test('is bytes, whatever its content type says', async () => {
    for (const [n, type] of [
      'application/json; charset=latin1',
      'text/plain',
      ';;;',
      'multipart/form-data',
    ].entries()) {
      const raw = JSON.stringify(textFrom(`42077700001${n}`, 'odd'))
      const signature = signatureOf(raw, SECRET)
      const answer = await parley.anybody.ask('POST', PATH, {
        raw,
        headers: { 'content-type': type, 'x-hub-signature-256': signature },
      })
      expect(answer.status, type).toBe(200)
    }
  })

  test('of any other method is told which ones there are', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) {
      const answer = await parley.anybody.ask(method, PATH)
      expect([answer.status, answer.headers.get('allow')], method).toEqual([405, 'GET, POST'])
    }
  })

  test('of 3 MB is taken in, and one of more than 4 MB is refused', async () => {
    const before = await stored()
    const big = envelope({ messages: [message('420777000020', 1, { text: { body: 'x'.repeat(3_000_000) } })] })
    expect((await deliver(big)).status).toBe(200)
    expect(await stored()).toBe(before + 1)
    expect((await deliver(Buffer.alloc(4 * 1024 * 1024 + 1, 0x20))).body).toMatchObject({
      status: 413,
      code: 'body-too-large',
    })
  })

  test.for([{ 'content-length': String(16 * MB) }, { 'transfer-encoding': 'chunked' }])(
    'of 16 MB is refused once whoever writes it can hear that: %o',
    async (headers) => {
      const request = httpRequest(`${parley.url}${PATH}`, { method: 'POST', headers })
      const answered = once(request, 'response')
      for (let sent = 0; sent < 16; sent++) {
        if (!request.write(Buffer.alloc(MB, 0x20))) await once(request, 'drain')
      }
      request.end()
      const [response] = await answered
      expect(response.statusCode).toBe(413)
      expect(await json(response)).toMatchObject({ status: 413, code: 'body-too-large' })
    },
  )

  test('of 1,000 items loses none', async () => {
    const before = await stored()
    const messages = Array.from({ length: 1_000 }, (_, n) => message(`4207771${String(n % 50).padStart(5, '0')}`, n))
    expect((await deliver(envelope({ messages }))).status).toBe(200)
    expect(await stored()).toBe(before + 1_000)
  })
})

describe('a hostile delivery', () => {
  const good = (n: number) => message('420777000030', n)
  const hostile: Record<string, (n: number) => string> = {
    'lone surrogates': (n) =>
      JSON.stringify(
        envelope({ messages: [message('420777000031', n, { text: { body: '\ud800 and \udfff' } }), good(n)] }),
      ),
    NUL: (n) =>
      JSON.stringify(envelope({ messages: [message('420777000032', n, { text: { body: 'a\0b' } }), good(n)] })),
    'deep nesting in an item': (n) =>
      JSON.stringify(
        envelope({ messages: [message('420777000033', n, { text: { body: 'deep' }, extra: 'DEEP' }), good(n)] }),
      ).replace('"DEEP"', '['.repeat(20_000) + ']'.repeat(20_000)),
    ['__proto__']: (n) =>
      JSON.stringify(envelope({ messages: [message('420777000034', n, { polluted: 1 }), good(n)] })).replace(
        '"polluted":1',
        '"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}',
      ),
    'wrong types': (n) =>
      JSON.stringify(
        envelope({
          messages: [null, 7, 'text', [], { id: 5 }, { from: [], id: {}, timestamp: {}, type: [] }, good(n)],
          statuses: 'none',
        }),
      ),
  }

  test.for(Object.entries(hostile).map(([what, make], n) => ({ what, make, n })))(
    'with $what is answered, and its sibling is kept',
    async ({ make, n }) => {
      expect((await deliver(make(n))).status).toBe(200)
      const kept = await parley.db
        .selectFrom('message')
        .select('text')
        .where('wamid', '=', `wamid.420777000030.${n}`)
        .executeTakeFirst()
      expect(kept?.text).toBe(`message ${n}`)
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
      // Whatever is in it now can be shown.
      const admin = await parley.as(ADMIN)
      const list = await admin.get('/api/v1/sessions?limit=1000')
      expect(list.status).toBe(200)
      for (const session of list.body.items)
        expect((await admin.get(`/api/v1/sessions/${session.id}/messages`)).status).toBe(200)
    },
  )

  test.for([
    ['nothing', ''],
    ['no JSON', '{"entry":'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['a number', '7'],
    ['null', 'null'],
    ['an array', '[[],{}]'],
    ['another object', '{"object":"page","entry":[{"changes":null}]}'],
    ['200,000 brackets', '['.repeat(200_000)],
  ] as [string, string | Buffer][])('that is %s, but signed, is answered 200 and kept', async ([, body]) => {
    const before = await parley.db.selectFrom('webhook_raw').select('id').execute()
    expect((await deliver(body)).status).toBe(200)
    expect(await parley.db.selectFrom('webhook_raw').select('id').execute()).toHaveLength(before.length + 1)
  })

  test('of an unknown number is listed, and taken in once the number is added', async () => {
    const admin = await parley.as(ADMIN)
    const body = JSON.stringify(textFrom('420777000040', 'for a new number')).replaceAll(
      '106540352242922',
      '555000111222333',
    )
    expect((await deliver(body)).status).toBe(200)
    const held = await admin.get('/api/v1/quarantine?state=held&limit=1000')
    expect(held.body.items).toContainEqual(
      expect.objectContaining({ reason: 'unknown-channel', phoneNumberId: '555000111222333' }),
    )
    const groups = await admin.get('/api/v1/groups')
    const added = await admin.post('/api/v1/channels', {
      phoneNumberId: '555000111222333',
      wabaId: '102290129340398',
      name: 'New',
      token: 'secret-token',
      groupId: groups.body.items[0].id,
    })
    expect(added.status).toBe(201)
    expect(added.text).not.toContain('secret-token')
    const session = await parley.sessionOf(admin, '420777000040')
    expect(session.lastMessage.text).toBe('for a new number')
  })
})

test('without any secret every delivery is refused', async () => {
  const closed = await startTestService({ temporalAway: true, demo: false, config: { appSecrets: [] } })
  try {
    expect((await closed.deliver(textFrom('420777000001', 'x'), '')).status).toBe(401)
    expect((await closed.deliver(textFrom('420777000001', 'x'), SECRET)).status).toBe(401)
  } finally {
    await closed.close()
  }
})
