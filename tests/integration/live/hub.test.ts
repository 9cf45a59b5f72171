// What the hub does with its connections: to whom it tells what, how it parts from those who are slow, gone or not
// welcome any more, and how many it can tell at once.
import { once } from 'node:events'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { DEMO_NUMBER } from '../../../dev/seed.ts'
import type { Frame } from '../../../src/api/live/frames.ts'
import { type Service, startService } from '../../../src/api/service.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { transact } from '../../../src/sessions/context.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { lockSession } from '../../../src/sessions/state.ts'
import { updateSession } from '../../../src/sessions/write.ts'
import { eventually } from '../../support/eventually.ts'
import { LiveClient } from '../../support/live-client.ts'
import { ADMIN, Caller, OLGA, OMAR, startTestService, type TestService } from '../../support/service.ts'
import * as webhooks from '../../support/webhooks.ts'

const number = { phoneNumberId: DEMO_NUMBER.phoneNumberId, wabaId: DEMO_NUMBER.wabaId }
let test: TestService
let other: Service
const opened: LiveClient[] = []

beforeAll(async () => {
  test = await startTestService({ temporalAway: true })
  other = await startService(test.config, { clock: test.clock, log: test.service.api.log })
})
afterAll(async () => {
  for (const client of opened) client.disconnect()
  await other?.close()
  await test?.close()
})

async function live(email: string, url = test.url): Promise<LiveClient> {
  const { carries } = await test.signIn(email)
  const client = new LiveClient(new Caller(url, { ...carries, origin: url }))
  opened.push(client)
  await client.connect()
  return client
}

let phones = 0
const somebody = (): webhooks.Who => ({ phone: `42061${String(++phones).padStart(7, '0')}`, name: `Client ${phones}` })
const deliver = (...told: readonly webhooks.Told[]) => test.deliver(webhooks.bytes(webhooks.webhook(number, ...told)))

async function newSession(who = somebody()): Promise<string> {
  await deliver(webhooks.text(who, 'hello'))
  return (await test.sessionOf(await test.as(ADMIN), who.phone ?? '')).id
}

/** As an accept decides it, without the way through the workflow. */
/** A change that nobody sees but by its rev. */
const touch = (sessionId: string): Promise<void> =>
  transact(test.service.ctx, async (trx, after) => {
    const state = await lockSession(trx, sessionId)
    if (state !== null) await updateSession(trx, after, state, {})
  })

async function give(sessionId: string, email: string): Promise<void> {
  const operatorId = (await (await test.as(email)).get('/api/v1/me')).body.id
  await transact(test.service.ctx, async (trx, after) => {
    const state = await lockSession(trx, sessionId)
    if (state === null) throw new Error('no such session')
    await updateSession(trx, after, state, { phase: 'active', operator_id: operatorId, bell_on: false }, state)
  })
}

const of = (client: LiveClient, sessionId: string): readonly Frame['type'][] =>
  client.frames.flatMap((frame) => {
    if (frame.type === 'session') return frame.session.id === sessionId ? [frame.type] : []
    return 'sessionId' in frame && frame.sessionId === sessionId ? [frame.type] : []
  })

it('tells a watcher of `mine` and of ids of those alone, and everything again to who asks for all', async () => {
  const [mine, few, all] = [await live(OLGA), await live(OLGA), await live(OLGA)]
  const [watched, given, neither] = [await newSession(), await newSession(), await newSession()]
  mine.say({ type: 'watch', sessions: 'mine' })
  few.say({ type: 'watch', sessions: [watched] })
  // Said and heard before anything else happens: an own ping is answered after it.
  await Promise.all([mine, few].map((client) => client.heard()))
  for (const client of [mine, few, all]) client.frames.length = 0
  await give(given, OLGA)
  for (const id of [watched, given, neither]) {
    await touch(id)
  }
  await eventually(() => of(all, neither).length > 0, 'all of it')
  await eventually(() => of(mine, given).includes('session') && of(few, watched).includes('session'), 'what was asked')
  expect([of(mine, watched), of(mine, neither), of(few, given), of(few, neither)]).toEqual([[], [], [], []])

  few.say({ type: 'watch', sessions: 'all' })
  await few.heard()
  await touch(neither)
  await eventually(() => of(few, neither).includes('session'), 'all again')
})

it('never tells a watcher of an id what they may not see', async () => {
  const omar = await live(OMAR)
  const id = await newSession()
  await give(id, OLGA)
  omar.say({ type: 'watch', sessions: [id] })
  await omar.heard()
  await eventually(() => of(omar, id).includes('gone'), 'it is not his')
  omar.frames.length = 0
  await touch(id)
  const olga = await live(OLGA)
  await touch(id)
  await eventually(() => of(olga, id).includes('session'), 'hers')
  expect(of(omar, id)).toEqual([])
})

it('says `resync` where one change was too large to be told between services, and it is made up for', async () => {
  const [here, there] = [await live(OLGA), await live(OLGA, other.url)]
  const many = Array.from({ length: 200 }, somebody)
  expect((await deliver(...many.map((who) => webhooks.text(who, `from ${who.phone}`)))).status).toBe(200)
  const hasAll = (client: LiveClient) => {
    const texts = new Set([...client.messages.keys()].flatMap((id) => client.texts(id)))
    return client.settled && many.every((who) => texts.has(`from ${who.phone}`))
  }
  await eventually(() => hasAll(here), 'here by frames')
  await eventually(() => hasAll(there), 'there by lists')
  expect(there.frames.some((frame) => frame.type === 'resync')).toBe(true)
  expect(here.frames.some((frame) => frame.type === 'resync')).toBe(false)
})

it('tells of a number that broke, and that the text field of its sessions closed with it, at both services', async () => {
  const [here, there] = [await live(OLGA), await live(OLGA, other.url)]
  const admin = await test.as(ADMIN)
  const stranger = await admin.post('/api/v1/users', {
    email: 'nora@parley.test',
    name: 'Nora',
    role: 'operator',
    password: 'correct horse battery staple',
  })
  expect(stranger.status).toBe(201)
  const nora = await live('nora@parley.test')
  const id = await newSession()
  await give(id, OLGA)
  const sent = await (await test.as(OLGA)).post(
    `/api/v1/sessions/${id}/messages`,
    { type: 'text', text: 'x' },
    { headers: { 'idempotency-key': v7() } },
  )
  expect(sent.status).toBe(202)
  const claim = await claimNext(other.ctx, id)
  if (claim.claim !== 'post') throw new Error(claim.claim)
  await settle(other.ctx, id, claim.claimed.attemptId, { outcome: 'refused', code: 190, details: null })
  for (const client of [here, there]) {
    const down = await eventually(() => client.frames.find((frame) => frame.type === 'channel'), 'the number')
    expect(down).toMatchObject({ channel: { state: 'down', stateReason: { code: '190' } } })
    await eventually(() => client.sessions.get(id)?.textField.reason === 'channelDown', 'the text field')
  }
  expect(nora.frames.map((frame) => frame.type)).toEqual(['hello'])
  const channelId = here.sessions.get(id)?.channelId
  expect((await admin.post(`/api/v1/channels/${channelId}/check`)).body).toMatchObject({ ok: true })
  for (const client of [here, there]) {
    await eventually(() => client.sessions.get(id)?.textField.open === true, 'open again')
  }
})

it('tells the real message in its placeholder’s place whole, under the same id', async () => {
  const olga = await live(OLGA)
  const [who, id] = [somebody(), webhooks.newWamid()]
  const sessionId = await newSession(who)
  await deliver(webhooks.ghost(who, { id }))
  await eventually(() => olga.messages.get(sessionId)?.size === 2, 'the placeholder')
  const before = [...(olga.messages.get(sessionId)?.values() ?? [])].find((message) => message.seq === 2)
  await deliver(webhooks.text(who, 'the real one', { id }))
  // The placeholder may have been known from the list before its own frame came.
  const newer = (one: Frame) => one.type === 'message' && one.message.seq === 2 && one.message.rev > (before?.rev ?? 0)
  const frame = await eventually(() => olga.frames.find(newer), 'the real message')
  expect(frame).toMatchObject({ message: { id: before?.id, seq: 2, type: 'text', text: 'the real one' } })
  expect(olga.texts(sessionId)).toEqual(['hello', 'the real one'])
})

it('tells a new attempt of a message whole, and what became of it as a status', async () => {
  const olga = await live(OLGA)
  const id = await newSession()
  await give(id, OLGA)
  const caller = await test.as(OLGA)
  const key = () => ({ headers: { 'idempotency-key': v7() } })
  const sent = await caller.post(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'again' }, key())
  const next = async (outcome: Parameters<typeof settle>[3]) => {
    const claim = await claimNext(test.service.ctx, id)
    if (claim.claim !== 'post') throw new Error(claim.claim)
    await settle(test.service.ctx, id, claim.claimed.attemptId, outcome)
  }
  const shown = () => olga.messages.get(id)?.get(sent.body.id)
  await next({ outcome: 'refused', code: 131026, details: null })
  await eventually(() => shown()?.status === 'failed' && shown()?.error?.code === 131026, 'failed, with the reason')
  const failedAt = shown()?.rev ?? 0
  const since = () =>
    olga.frames.filter((frame) =>
      frame.type === 'message' ? frame.message.rev > failedAt : frame.type === 'status' && frame.rev > failedAt,
    )
  expect((await caller.post(`/api/v1/messages/${sent.body.id}/retry`, {}, key())).status).toBe(202)
  await eventually(() => shown()?.status === 'pending', 'again')
  expect(since()[0]).toMatchObject({ type: 'message', message: { status: 'pending', error: null } })
  expect(shown()?.attempts).toHaveLength(2)
  await next({ outcome: 'accepted', wamid: webhooks.newWamid(), aliases: [] })
  await eventually(() => shown()?.status === 'accepted', 'accepted')
  expect(since().filter((frame) => frame.type === 'message')).toHaveLength(1)
})

it('tells a new change also where the notice of an older one, told already, comes together with it', async () => {
  const olga = await live(OLGA)
  const id = await newSession()
  await eventually(() => olga.sessions.has(id), 'seen')
  const { db, bus } = test.service.ctx
  const { rev } = await db
    .updateTable('session')
    .set((eb) => ({ rev: eb('rev', '+', 1) }))
    .where('id', '=', id)
    .returning('rev')
    .executeTakeFirstOrThrow()
  bus.emit([{ sessionId: id, rev: rev - 1 }])
  bus.emit([{ sessionId: id, rev }])
  await eventually(() => olga.sessions.get(id)?.rev === rev, 'the new rev', 3_000)
})

it('parts from a reader who takes nothing with 4408, and others lose nothing by it', async () => {
  const [quick, slow] = [await live(OLGA), await live(OLGA)]
  slow.pause()
  const who = somebody()
  const text = 'x'.repeat(4_000)
  // How much the kernel takes before anything waits here is its own affair.
  const { sockets } = test.service.api.live
  let sent = 0
  while (test.service.api.live.sockets === sockets && sent < 8_000) {
    const many = Array.from({ length: 800 }, () => webhooks.text(who, text))
    expect((await deliver(...many)).status).toBe(200)
    sent += many.length
    await eventually(() => quick.frames.filter((frame) => frame.type === 'message').length >= sent, 'all')
  }
  slow.resume()
  await eventually(() => slow.closedWith !== null, 'closed')
  expect(slow.closedWith).toBe(4408)
  expect(quick.closedWith).toBeNull()
  await slow.connect()
  const id = [...quick.sessions.values()].find((session) => session.client.phone === `+${who.phone}`)?.id ?? ''
  expect(slow.messages.get(id)?.size).toBe(sent)
})

it('parts with 1012 when it stops, and lets nobody in who could miss something', async () => {
  const third = await startService(test.config, { clock: test.clock, log: test.service.api.log })
  const olga = await live(OLGA, third.url)
  await third.close()
  await eventually(() => olga.closedWith !== null, 'closed', 2_000)
  expect(olga.closedWith).toBe(1012)
})

it('ends a connection that does not answer two beats, and keeps the one that does', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] })
  const third = await startService(test.config, { clock: test.clock, log: test.service.api.log })
  try {
    const { carries } = await test.signIn(OLGA)
    const open = async (autoPong: boolean) => {
      const url = third.url.replace('http', 'ws')
      const ws = new WebSocket(`${url}/api/v1/live`, { autoPong, headers: { ...carries, origin: third.url } })
      await once(ws, 'message')
      return ws
    }
    const [dead, alive] = [await open(false), await open(true)]
    const pings = vi.fn()
    alive.on('ping', pings)
    const gone = once(dead, 'close')
    vi.advanceTimersByTime(30_000)
    await eventually(() => pings.mock.calls.length === 1, 'the first beat')
    expect(dead.readyState).toBe(WebSocket.OPEN)
    // The answer has been taken, too: what is said after it has been understood.
    alive.send('{"type":"watch","sessions":"all"}')
    const answered = once(alive, 'pong')
    alive.ping()
    await answered
    vi.advanceTimersByTime(30_000)
    await gone
    await eventually(() => pings.mock.calls.length === 2, 'the second beat')
    expect(alive.readyState).toBe(WebSocket.OPEN)
    expect(third.api.live.sockets).toBe(1)
    alive.terminate()
  } finally {
    vi.useRealTimers()
    await third.close()
  }
})

it('tells 500 connections of every message, at a rate that a bare websocket server would not be ashamed of', async () => {
  const [SOCKETS, MESSAGES] = [500, 20]
  const { carries } = await test.signIn(OMAR)
  const url = `${test.url.replace('http', 'ws')}/api/v1/live`
  const sockets: WebSocket[] = []
  let heard = 0
  let bytes = 0
  for (let n = 0; n < SOCKETS; n += 50) {
    const some = Array.from({ length: 50 }, () => new WebSocket(url, { headers: { ...carries, origin: test.url } }))
    await Promise.all(some.map((ws) => once(ws, 'message')))
    sockets.push(...some)
  }
  for (const ws of sockets) {
    ws.on('message', (data: Buffer) => {
      heard += 1
      bytes += data.length
    })
  }
  const who = somebody()
  await newSession(who)
  await eventually(() => heard >= SOCKETS * 2, 'the first')
  const base = heard
  const at = performance.now()
  for (let n = 0; n < MESSAGES; n++) await deliver(webhooks.text(who, `message ${n}`))
  // Each message and, at least once, its session.
  await eventually(() => heard - base >= SOCKETS * MESSAGES && everyOne(), 'all of them')
  const rate = (heard - base) / ((performance.now() - at) / 1000)
  for (const ws of sockets) ws.terminate()

  const bare = await bareRate(SOCKETS, Math.round(bytes / heard), MESSAGES * 2)
  expect(rate / bare, `${Math.round(rate)}/s beside ${Math.round(bare)}/s`).toBeGreaterThan(0.1)

  function everyOne(): boolean {
    return sockets.every((ws) => ws.readyState === WebSocket.OPEN)
  }
})

async function bareRate(sockets: number, bytes: number, messages: number): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  let heard = 0
  const clients = Array.from({ length: sockets }, () => new WebSocket(`ws://127.0.0.1:${address.port}`))
  await Promise.all(clients.map((ws) => once(ws, 'open')))
  for (const ws of clients) ws.on('message', () => heard++)
  const frame = Buffer.alloc(bytes, 'x')
  const at = performance.now()
  for (let n = 0; n < messages; n++) {
    for (const ws of server.clients) ws.send(frame, { binary: false })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await eventually(() => heard >= sockets * messages, 'the bare ones')
  const rate = heard / ((performance.now() - at) / 1000)
  for (const ws of clients) ws.terminate()
  await new Promise((resolve) => server.close(resolve))
  return rate
}
