import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ATTEMPT_STATES } from '../../../src/domain/delivery.ts'
import { eventually } from '../../support/eventually.ts'
import {
  ADMIN,
  type Answer,
  type Caller,
  OLGA,
  OMAR,
  SARA,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let parley: TestService
let olga: Caller
let omar: Caller
beforeAll(async () => {
  parley = await startTestService({ worker: true })
  olga = await parley.as(OLGA)
  omar = await parley.as(OMAR)
  // This file opens more sessions than anybody could look after.
  await parley.db.updateTable('user_account').set({ slots: 1_000 }).execute()
})
afterAll(() => parley.close())

let clients = 0
const nextPhone = () => `42077700${String(++clients).padStart(4, '0')}`

/** A new client has written; the session as the operator finds it. */
async function queued(text = 'hello') {
  const phone = nextPhone()
  await parley.simulator.phone.client({ name: `Client ${clients}`, phone: `+${phone}` }).writes(text)
  return { phone, session: await parley.sessionOf(olga, phone) }
}

async function active() {
  const { phone, session } = await queued()
  const accepted = await olga.post(`/api/v1/sessions/${session.id}/accept`)
  expect(accepted.status, accepted.text).toBe(200)
  return { phone, session: accepted.body, path: `/api/v1/sessions/${session.id}` }
}

/** The document says the same status as the line above it. */
function problem(answer: Answer) {
  if (answer.status >= 400) expect(answer.body?.status).toBe(answer.status)
  return { status: answer.status, code: answer.body?.code }
}

describe('a session', () => {
  test('goes from its first message to its result', async () => {
    const { phone, session, path } = await active()
    expect(session).toMatchObject({
      phase: 'active',
      operatorName: 'Olga Operator',
      textField: { open: true, reason: null },
    })

    const sent = await olga.post(`${path}/messages`, { type: 'text', text: 'Good day 👋🏽' })
    expect(sent.status).toBe(202)
    expect(sent.body).toMatchObject({ direction: 'out', status: 'pending', seq: 2, author: { name: 'Olga Operator' } })
    const delivered = await eventually(async () => {
      const { body } = await olga.get(`${path}/messages`)
      return ['delivered', 'read'].includes(body.items[1]?.status) && body
    }, 'the message is delivered')
    expect(delivered.items.map((message: { text: string }) => message.text)).toEqual(['hello', 'Good day 👋🏽'])

    const evidence = await olga.get(`/api/v1/messages/${sent.body.id}/evidence`)
    expect(evidence.status, evidence.text).toBe(200)
    expect(evidence.body.attempts).toHaveLength(1)

    const read = await olga.post(`${path}/read`, { seq: 2 })
    expect(read.body.unread).toBe(0)

    const { body: results } = await olga.get('/api/v1/results')
    const result = results.items.find((one: { children?: object }) => one.children === undefined)
    const ended = await olga.post(`${path}/end`, { lastSeq: 2 })
    expect(ended.body).toMatchObject({ phase: 'wrapUp', textField: { open: false, reason: 'wrapUp' } })
    const done = await olga.post(`${path}/result`, { resultId: result.id, note: 'all well' })
    expect(done.body).toMatchObject({ phase: 'ended', result: { resultId: result.id, note: 'all well' } })

    const timeline = await olga.get(`${path}/timeline`)
    const types = timeline.body.items.map((event: { type: string }) => event.type)
    expect(types).toEqual(expect.arrayContaining(['accepted', 'wrapUp', 'ended']))
    expect((await olga.get(`${path}/workflow`)).body.database.phase).toBe('ended')
    expect((await olga.get(`/api/v1/clients/${session.client.id}`)).body).toMatchObject({
      phone: `+${phone}`,
      openSessionId: null,
    })
    const conversation = await olga.get(`/api/v1/clients/${session.client.id}/messages`)
    expect(conversation.body.items).toHaveLength(2)
    expect((await olga.get(`/api/v1/clients/${session.client.id}/sessions`)).body.items).toMatchObject([
      { id: session.id },
    ])
  })

  test('is got by the first who accepts, and by nobody else', async () => {
    const { session } = await queued()
    const answers = await Promise.all(
      [olga, omar].map((caller) => caller.post(`/api/v1/sessions/${session.id}/accept`)),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409])
    expect(answers.find((answer) => answer.status === 409)?.body.code).toBe('already-accepted')
  })

  test('tells of its running workflow what happens next', async () => {
    const { path } = await active()
    const { body } = await olga.get(`${path}/workflow`)
    expect(body).toMatchObject({ answered: true, phase: 'active', database: { phase: 'active' } })
    expect(body.timers.map((timer: { name: string }) => timer.name)).toEqual(['windowWarning', 'windowExpiry'])
  })
})

describe('a refusal', () => {
  test('says by its code and its facts what stands in the way', async () => {
    const { session } = await queued()
    const path = `/api/v1/sessions/${session.id}`
    const closed = await olga.post(`${path}/messages`, { type: 'text', text: 'too early' })
    expect(closed.headers.get('content-type')).toContain('application/problem+json')
    expect(closed.body).toMatchObject({ status: 409, code: 'text-field-closed', reason: 'noOperator', until: null })
    for (const field of ['type', 'title', 'detail']) expect(closed.body[field]).toBeTypeOf('string')
    expect((await parley.anybody.get(closed.body.type)).text).toContain('text-field-closed')
  })

  test('of an end tells the message that was not seen', async () => {
    const { phone, path } = await active()
    await parley.deliver(textFrom(phone, 'one more thing', parley.clock.now()))
    const refused = await olga.post(`${path}/end`, { lastSeq: 1 })
    expect(refused.body).toMatchObject({ status: 409, code: 'newer-client-message', lastSeq: 2 })
  })

  test('of a result tells that a note is missing, or that there is no such result', async () => {
    const { path } = await active()
    const { body } = await olga.get('/api/v1/results')
    const strict = body.items.find((one: { noteRequired: boolean }) => one.noteRequired)
    const parent = body.items.find((one: { children?: object }) => one.children !== undefined)
    const end = (resultId: string) => olga.post(`${path}/end`, { lastSeq: 1, result: { resultId, note: null } })
    expect(problem(await end(strict.id))).toEqual({ status: 409, code: 'result-required' })
    expect(problem(await end(parent.id))).toEqual({ status: 400, code: 'invalid' })
    const unknown = await end(v7())
    expect(problem(unknown)).toEqual({ status: 400, code: 'invalid' })
    expect(unknown.body.errors).toMatchObject([{ pointer: '/result/resultId' }])
    expect(problem(await olga.post(`${path}/result`, { resultId: strict.id, note: 'x' }))).toEqual({
      status: 409,
      code: 'wrong-phase',
    })
    expect((await olga.post(`${path}/end`, { lastSeq: 1 })).status).toBe(200)
    expect((await olga.post(`${path}/result`, { resultId: v7() })).body.errors).toMatchObject([
      { pointer: '/resultId' },
    ])
  })

  test('of what one sees but does not have is another one than of what one does not see', async () => {
    const { path } = await active()
    const sara = await parley.as(SARA)
    expect(problem(await sara.post(`${path}/messages`, { type: 'text', text: 'x' }))).toEqual({
      status: 403,
      code: 'not-your-session',
    })
    expect(problem(await omar.post(`${path}/messages`, { type: 'text', text: 'x' }))).toEqual({
      status: 404,
      code: 'not-found',
    })
    expect(problem(await omar.post(`${path}/accept`))).toEqual({ status: 409, code: 'already-accepted' })
  })

  test('of a message that was received, or arrived, is that it cannot be sent again', async () => {
    const { path } = await active()
    const { body } = await olga.get(`${path}/messages`)
    expect(
      problem(await olga.post(`/api/v1/messages/${body.items[0].id}/resolve`, { outcome: 'arrived' })).status,
    ).toBeGreaterThanOrEqual(404)
    const sent = await olga.post(`${path}/messages`, { type: 'text', text: 'once' })
    const refused = await olga.post(`/api/v1/messages/${sent.body.id}/retry`)
    expect(problem(refused)).toEqual({ status: 409, code: 'not-retryable' })
    expect(ATTEMPT_STATES).toContain(refused.body.messageStatus)
  })

  test('of a slot too many tells how many there are', async () => {
    const admin = await parley.as(ADMIN)
    const { id } = (await omar.get('/api/v1/me')).body
    await admin.patch(`/api/v1/users/${id}`, { slots: 1 })
    for (const expected of [200, 409]) {
      const taken = await parley.db
        .selectFrom('session')
        .select('id')
        .where('operator_id', '=', id)
        .where('ended_at', 'is', null)
        .execute()
      const { session } = await queued()
      const answer = await omar.post(`/api/v1/sessions/${session.id}/accept`)
      if (taken.length === 0) expect(answer.status).toBe(expected)
      else expect(answer.body).toMatchObject({ status: 409, code: 'no-free-slot', slots: 1 })
    }
  })
})

describe('a body', () => {
  test.for([
    ['no text', { type: 'text' }, '/text'],
    ['an empty text', { type: 'text', text: ' \n ' }, '/text'],
    ['a text too long', { type: 'text', text: 'x'.repeat(4097) }, '/text'],
    ['NUL', { type: 'text', text: 'a\0b' }, '/text'],
    ['half a character', { type: 'text', text: 'a\ud800' }, '/text'],
    ['another kind', { type: 'sticker', text: 'x' }, '/type'],
    ['a field that is not known', { type: 'text', text: 'x', tetx: 'y' }, '/tetx'],
    ['a quoted message that is no id', { type: 'text', text: 'x', replyTo: '7' }, '/replyTo'],
    ['a quoted message that is not there', { type: 'text', text: 'x', replyTo: v7() }, '/replyTo'],
  ] as [string, object, string][])('with %s is refused with a pointer to it', async ([, body, pointer]) => {
    const { path } = await active()
    const answer = await olga.post(`${path}/messages`, body)
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid' })
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer)
    await olga.post(`${path}/end`, { lastSeq: 1 })
    await finish(path)
  })

  test('of 4,096 characters is taken, an emoji counting as the code points it is made of', async () => {
    const { path } = await active()
    const sent = await olga.post(`${path}/messages`, { type: 'text', text: '😀'.repeat(4096) })
    expect(sent.status).toBe(202)
    expect([...sent.body.text]).toHaveLength(4096)
    await finish(path)
  })

  test('that nobody asked for is refused, an empty one is not', async () => {
    const { session } = await queued()
    const path = `/api/v1/sessions/${session.id}/accept`
    expect(problem(await olga.post(path, { force: true }))).toEqual({ status: 400, code: 'invalid' })
    expect((await olga.post(path, {})).status).toBe(200)
    await finish(`/api/v1/sessions/${session.id}`)
  })
})

async function finish(path: string): Promise<void> {
  const { body } = await olga.get('/api/v1/results')
  const { body: session } = await olga.get(path)
  const result = { resultId: body.items[0].id, note: null }
  if (session.phase === 'active') await olga.post(`${path}/end`, { lastSeq: session.lastSeq, result })
  else await olga.post(`${path}/result`, result)
}

describe('an Idempotency-Key', () => {
  const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

  test('makes a repeat get the first answer, and nothing is done twice', async () => {
    const { path } = await active()
    const key = v7()
    const body = { type: 'text', text: 'once only' }
    const answers = await Promise.all([1, 2, 3].map(() => olga.post(`${path}/messages`, body, keyed(key))))
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202])
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(answers[0]?.body.clientRef).toBe(key)
    const { body: list } = await olga.get(`${path}/messages`)
    expect(list.items.filter((message: { text: string }) => message.text === 'once only')).toHaveLength(1)
    expect(problem(await olga.post(`${path}/messages`, { ...body, text: 'another' }, keyed(key)))).toEqual({
      status: 422,
      code: 'idempotency-key-reused',
    })
    await finish(path)
  })

  test('knows a command again however it is written: left out is the same as null', async () => {
    const { session } = await queued()
    const path = `/api/v1/sessions/${session.id}`
    const { body: results } = await olga.get('/api/v1/results')
    const result = { resultId: results.items[0].id }
    const text = { type: 'text', text: 'the same' }
    const repeats: [string, ...(object | undefined)[]][] = [
      [`${path}/accept`, undefined, {}],
      [`${path}/messages`, text, { replyTo: null, ...text }],
      [`${path}/end`, { lastSeq: 1 }, { farewell: null, result: null, lastSeq: 1 }],
      [`${path}/result`, result, { note: null, ...result }],
    ]
    for (const [url, ...bodies] of repeats) {
      const key = v7()
      const answers: Answer[] = []
      for (const body of bodies) answers.push(await olga.post(url, body, keyed(key)))
      expect(answers.map(({ status }) => status, url)).toEqual(bodies.map(() => (url.endsWith('messages') ? 202 : 200)))
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    }
    const message = (await olga.get(`${path}/messages`)).body.items.at(-1)
    const key = v7()
    const codes: string[] = []
    for (const body of [undefined, null, {}, { evenThoughReached: false }, { evenThoughReached: true }]) {
      codes.push((await olga.post(`/api/v1/messages/${message.id}/retry`, body, keyed(key))).body.code)
    }
    expect(codes).toEqual([...Array(4).fill('text-field-closed'), 'idempotency-key-reused'])
  })

  test('holds for accept and for what it was refused', async () => {
    const { session } = await queued()
    const path = `/api/v1/sessions/${session.id}`
    const early = v7()
    expect(problem(await olga.post(`${path}/messages`, { type: 'text', text: 'x' }, keyed(early)))).toMatchObject({
      code: 'text-field-closed',
    })
    const key = v7()
    for (let n = 0; n < 2; n++) expect((await olga.post(`${path}/accept`, undefined, keyed(key))).status).toBe(200)
    expect(problem(await olga.post(`${path}/messages`, { type: 'text', text: 'x' }, keyed(early)))).toMatchObject({
      code: 'text-field-closed',
    })
    // Another user's key of the same words is another key.
    expect(problem(await omar.post(`${path}/accept`, undefined, keyed(key)))).toMatchObject({ status: 409 })
    await finish(path)
  })

  test('is not looked at where a repeat does nothing more', async () => {
    const { path } = await active()
    for (const key of [v7(), 'x'.repeat(256)]) {
      const repeatable = [
        await olga.post(`${path}/read`, { seq: 1 }, keyed(key)),
        await olga.post(`${path}/read`, { seq: 0 }, keyed(key)),
        await olga.post(`${path}/typing`, undefined, keyed(key)),
        await olga.put(`${path}/draft`, { text: `begun ${key}` }, keyed(key)),
        await olga.put(`${path}/draft`, { text: '' }, keyed(key)),
      ]
      expect(repeatable.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
      expect(repeatable.at(-1)?.body).toMatchObject({ unread: 0, readSeq: 1 })
    }
    await finish(path)
  })

  test('must be something that can be kept', async () => {
    const { path } = await active()
    const answer = await olga.post(`${path}/messages`, { type: 'text', text: 'x' }, keyed('x'.repeat(256)))
    expect(answer.body).toMatchObject({ status: 400, errors: [{ pointer: '/Idempotency-Key' }] })
    await finish(path)
  })
})

describe('a list', () => {
  test('is paged without gaps and doubles', async () => {
    for (let n = 0; n < 5; n++) await queued(`page ${n}`)
    const all = (await olga.get('/api/v1/sessions?limit=1000')).body.items.map((session: { id: string }) => session.id)
    const paged: string[] = []
    let cursor = ''
    do {
      const { body } = await olga.get(`/api/v1/sessions?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      paged.push(...body.items.map((session: { id: string }) => session.id))
      cursor = body.next ?? ''
    } while (cursor !== '')
    expect(paged).toEqual(all)
    expect(new Set(paged).size).toBe(paged.length)
  })

  test.for([
    ...['limit=0', 'limit=1001', 'limit=x', 'cursor=x', 'cursor=%00', 'phase=other', 'operatorId=x', 'q=%00'],
    'from=2026-02-03T00:00:00%2B23:59',
  ])('refuses %s', async (query) => {
    expect(problem(await olga.get(`/api/v1/sessions?${query}`))).toEqual({ status: 400, code: 'invalid' })
  })
})

describe('a draft', () => {
  test('is one’s own, and follows one', async () => {
    const { path } = await active()
    expect((await olga.get(`${path}/draft`)).body).toEqual({ text: '', at: null })
    expect((await olga.put(`${path}/draft`, { text: 'half a sen' })).status).toBe(200)
    const elsewhere = await parley.signIn(OLGA)
    expect((await elsewhere.get(`${path}/draft`)).body.text).toBe('half a sen')
    expect((await (await parley.as(SARA)).get(`${path}/draft`)).body.text).toBe('')
    await olga.put(`${path}/draft`, { text: '' })
    expect((await olga.get(`${path}/draft`)).body.text).toBe('')
    await finish(path)
  })
})
