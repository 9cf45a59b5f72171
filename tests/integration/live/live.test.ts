import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../../../src/api/service.ts'
import { transact } from '../../../src/sessions/context.ts'
import { lockSession } from '../../../src/sessions/state.ts'
import { updateSession } from '../../../src/sessions/write.ts'
import { eventually } from '../../support/eventually.ts'
import { LiveClient } from '../../support/live-client.ts'
import {
  ADMIN,
  Caller,
  envelope,
  OLGA,
  OMAR,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let test: TestService
let other: Service
const clients: LiveClient[] = []

beforeAll(async () => {
  test = await startTestService({ temporalAway: true })
  other = await startService(test.config, { clock: test.clock })
})
afterAll(async () => {
  for (const client of clients) client.disconnect()
  await other?.close()
  await test?.close()
})

async function live(email: string, url = test.url): Promise<LiveClient> {
  const { carries } = await test.signIn(email)
  const client = new LiveClient(new Caller(url, { ...carries, origin: url }))
  clients.push(client)
  await client.connect()
  return client
}

const userId = async (email: string): Promise<string> => (await (await test.as(email)).get('/api/v1/me')).body.id

async function newSession(phone: string, text: string): Promise<string> {
  await test.deliver(textFrom(phone, text))
  return (await test.sessionOf(await test.as(ADMIN), phone)).id
}

/** As an accept decides it, without the way through the workflow. */
async function give(sessionId: string, operatorId: string): Promise<void> {
  await transact(test.service.ctx, async (trx, after) => {
    const state = await lockSession(trx, sessionId)
    if (state === null) throw new Error('no such session')
    await updateSession(trx, after, state, { phase: 'active', operator_id: operatorId, bell_on: false }, state)
  })
}

describe('the live view', () => {
  it('says to who does not ask by websocket that it is one', async () => {
    const answer = await (await test.as(OLGA)).get('/api/v1/live')
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid', errors: [{ pointer: '/Upgrade' }] })
  })

  it('pushes a client’s message and its session, from this service and from another', async () => {
    const here = await live(OLGA)
    const there = await live(OLGA, other.url)
    const id = await newSession('420700000001', 'hello')
    for (const client of [here, there]) {
      await eventually(() => client.texts(id).includes('hello') && client.sessions.has(id), 'the push')
      expect(client.sessions.get(id)).toMatchObject({ phase: 'queued', unread: 1, client: { phone: '+420700000001' } })
    }
  })

  it('tells those who may not see it any more that it is gone, and nothing after', async () => {
    const [olga, omar] = [await live(OLGA), await live(OMAR)]
    const id = await newSession('420700000002', 'mine?')
    await eventually(() => omar.sessions.has(id), 'omar sees it queued')
    await give(id, await userId(OLGA))
    await eventually(() => olga.sessions.get(id)?.phase === 'active' && !omar.sessions.has(id), 'gone for omar')
    await test.deliver(textFrom('420700000002', 'a secret'))
    await eventually(() => olga.texts(id).includes('a secret'), 'olga gets it')
    expect(JSON.stringify(omar.frames)).not.toContain('a secret')
    expect(omar.frames.at(-1)).toEqual({ type: 'gone', sessionId: id })
  })

  it('catches up after an absence: nothing missed, nothing doubled', async () => {
    const olga = await live(OLGA)
    const id = await newSession('420700000003', '0')
    await give(id, await userId(OLGA))
    await eventually(() => olga.sessions.get(id)?.phase === 'active', 'active')
    for (let round = 1; round <= 6; round++) {
      if (round % 2 === 0) olga.disconnect()
      const delivering = test.deliver(textFrom('420700000003', String(round)))
      if (round % 3 === 0) await delivering
      if (round % 2 === 0) await olga.connect()
      await delivering
    }
    await eventually(() => olga.texts(id).length === 7, 'all seven')
    expect(olga.texts(id).toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  })

  it('closes with 4403 within a second when a right is withdrawn, and with 4401 at the sign-out', async () => {
    const omar = await live(OMAR)
    const admin = await test.as(ADMIN)
    const { body } = await admin.get('/api/v1/users')
    const user = body.items.find((one: { email: string }) => one.email === OMAR)
    const groups = (await (await test.as(OMAR)).get('/api/v1/me')).body.groups.map((group: { id: string }) => group.id)
    const answer = await admin.patch(`/api/v1/users/${user.id}`, { seeOthers: true })
    expect(answer.status).toBe(200)
    await eventually(() => omar.closedWith !== null, 'closed', 1_000)
    expect(omar.closedWith).toBe(4403)
    await admin.patch(`/api/v1/users/${user.id}`, { seeOthers: false })
    expect(groups.length).toBeGreaterThan(0)

    const caller = await test.signIn(OLGA)
    const olga = new LiveClient(caller)
    clients.push(olga)
    await olga.connect()
    await caller.post('/api/v1/auth/logout')
    await eventually(() => olga.closedWith !== null, 'closed', 1_000)
    expect(olga.closedWith).toBe(4401)
  })

  it('relays typing to others and presence to colleagues', async () => {
    const omar = await live(OMAR)
    const id = await newSession('420700000004', 'hi')
    await eventually(() => omar.sessions.has(id), 'seen')
    const olga = await userId(OLGA)
    await other.api.live.typing(id, olga)
    await (await test.as(OLGA)).put('/api/v1/me/presence', { status: 'away', reason: 'lunch' })
    const has = (wanted: object) => omar.frames.some((frame) => JSON.stringify(frame) === JSON.stringify(wanted))
    await eventually(() => has({ type: 'typing', sessionId: id, userId: olga }), 'typing')
    await eventually(() => has({ type: 'presence', userId: olga, status: 'away', reason: 'lunch' }), 'presence')
  })

  it('pushes a status as a status, and what belongs to no session to those who may see the client', async () => {
    const [olga, omar] = [await live(OLGA), await live(OMAR)]
    omar.say({ type: 'watch', sessions: 'mine' })
    const id = await newSession('420700000006', 'hi')
    await give(id, await userId(OLGA))
    const sent = await (await test.as(OLGA)).post(
      `/api/v1/sessions/${id}/messages`,
      { type: 'text', text: 'good day' },
      { headers: { 'idempotency-key': 'k6' } },
    )
    expect(sent.status).toBe(202)
    await eventually(() => olga.texts(id).includes('good day'), 'the message')
    await transact(test.service.ctx, async (trx, after) => {
      const state = await lockSession(trx, id)
      if (state === null) throw new Error('no such session')
      const rev = await updateSession(trx, after, state, {})
      await trx.updateTable('attempt').set({ state: 'sent' }).where('message_id', '=', sent.body.id).execute()
      await trx.updateTable('message').set({ status: 'sent', rev }).where('id', '=', sent.body.id).execute()
    })
    const status = await eventually(() => olga.frames.find((frame) => frame.type === 'status'), 'the status')
    expect(status).toMatchObject({ sessionId: id, messageId: sent.body.id, status: 'sent', error: null })
    expect(olga.messages.get(id)?.get(sent.body.id)?.status).toBe('sent')

    const message = {
      from: '420700000006',
      id: 'wamid.group',
      timestamp: `${Math.floor(Date.now() / 1000)}`,
      type: 'text',
      text: { body: 'to all' },
      group_id: 'g',
    }
    await test.deliver(envelope({ contacts: [{ profile: { name: 'G' }, wa_id: '420700000006' }], messages: [message] }))
    const alone = (client: LiveClient) =>
      client.frames.find((frame) => frame.type === 'message' && frame.sessionId === null)
    expect(await eventually(() => alone(olga), 'the group’s message')).toMatchObject({
      message: { text: 'to all', kind: 'group' },
    })
    expect(alone(omar)).toBeUndefined()
    expect(omar.frames.filter((frame) => frame.type === 'session')).toEqual([])
  })

  it('closes all sockets with 1012 when it cannot hear the others, and hears them again', async () => {
    const olga = await live(OLGA)
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'parley-live' AND datname = current_database()`.execute(test.db)
    await eventually(() => olga.closedWith === 1012, 'closed')
    await eventually(() => test.service.api.live.ready && other.api.live.ready, 'listening again')
    await olga.connect()
    const id = await newSession('420700000005', 'back')
    await eventually(() => olga.texts(id).includes('back'), 'pushed')
  })
})
