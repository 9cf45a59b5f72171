import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../support/eventually.ts'
import {
  ADMIN,
  type Answer,
  type Caller,
  OLGA,
  OMAR,
  PASSWORD,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let parley: TestService
let admin: Caller
let olga: Caller
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  olga = await parley.as(OLGA)
})
afterAll(() => parley.close())

const DAY = 86_400_000

describe('a number', () => {
  test('is seen by its group, and checked with Meta by administrators, which lifts and sets its red state', async () => {
    const { body } = await olga.get('/api/v1/channels')
    const [channel] = body.items
    expect(channel).toMatchObject({ state: 'up', stateReason: null, hasToken: true })
    await parley.db.updateTable('channel').set({ state: 'down', state_reason: '190' }).execute()
    expect((await olga.get('/api/v1/channels')).body.items[0].stateReason).toMatchObject({ code: '190' })
    const good = await admin.post(`/api/v1/channels/${channel.id}/check`)
    expect(good.body).toMatchObject({ ok: true, channel: { state: 'up', stateReason: null } })

    await admin.patch(`/api/v1/channels/${channel.id}`, { token: 'not the token' })
    const bad = await admin.post(`/api/v1/channels/${channel.id}/check`)
    expect(bad.body).toMatchObject({ ok: false, code: 190, channel: { state: 'down' } })
    await admin.patch(`/api/v1/channels/${channel.id}`, { token: parley.simulator.token })
    expect((await admin.post(`/api/v1/channels/${channel.id}/check`)).body.ok).toBe(true)

    // The token itself may die at Meta; as long as it would refuse a text, no check lifts the state.
    parley.simulator.knobs.set({ refuse: { code: 190, when: 'now', times: 'all' } })
    const dead = await admin.post(`/api/v1/channels/${channel.id}/check`)
    expect(dead.body).toMatchObject({ ok: false, code: 190, channel: { state: 'down' } })
    parley.simulator.knobs.reset()
    const back = await admin.post(`/api/v1/channels/${channel.id}/check`)
    expect(back.body).toMatchObject({ ok: true, channel: { state: 'up' } })
  })

  test('is checked line by line, and each line that does not hold says what to do', async () => {
    const [channel] = (await olga.get('/api/v1/channels')).body.items
    const lines = async () => {
      const { body } = await admin.post(`/api/v1/channels/${channel.id}/check`)
      return Object.fromEntries(body.lines.map((line: { name: string; holds: string }) => [line.name, line.holds]))
    }
    const all = { token: 'yes', number: 'yes', subscription: 'yes', templates: 'yes', quality: 'yes', limit: 'yes' }
    expect(await lines()).toEqual({ ...all, lastWebhook: 'unknown' })
    const { knobs } = parley.simulator
    knobs.set({ subscribed: false, registered: false, quality: 'RED', scopes: ['whatsapp_business_messaging'] })
    expect(await lines()).toMatchObject({
      token: 'no',
      number: 'no',
      subscription: 'no',
      quality: 'no',
      templates: 'yes',
    })
    const { body } = await admin.post(`/api/v1/channels/${channel.id}/check`)
    const wrong = (body.lines as { holds: string; advice: string | null; detail: string }[]).filter(
      ({ holds }) => holds === 'no',
    )
    expect(wrong.filter(({ advice }) => advice === null)).toEqual([])
    expect(wrong.map(({ detail }) => detail).join(' ')).toContain('whatsapp_business_management')
    knobs.set({ refuse: { code: 190, when: 'now', times: 'all' } })
    expect(await lines()).toMatchObject({ token: 'no', number: 'no', templates: 'no' })
    knobs.reset()
    expect(await lines()).toMatchObject(all)
    await admin.post(`/api/v1/channels/${channel.id}/check`)
  })

  test('is added once, to a group that exists', async () => {
    const [group] = (await admin.get('/api/v1/groups')).body.items
    const number = { phoneNumberId: '700100200300', wabaId: '700100', name: 'Second', token: 't', groupId: group.id }
    expect((await admin.post('/api/v1/channels', { ...number, groupId: v7() })).body.errors[0].pointer).toBe('/groupId')
    expect((await admin.post('/api/v1/channels', number)).status).toBe(201)
    expect((await admin.post('/api/v1/channels', number)).body.errors[0].pointer).toBe('/phoneNumberId')
  })
})

describe('a group', () => {
  test('counts who is there and who waits', async () => {
    await parley.deliver(textFrom('420777200001', 'waiting', parley.clock.now()))
    await olga.put('/api/v1/me/presence', { status: 'online' })
    await (await parley.as(OMAR)).put('/api/v1/me/presence', { status: 'away', reason: 'lunch' })
    const service = (await olga.get('/api/v1/groups')).body.items.find(
      (group: { name: string }) => group.name === 'Service',
    )
    expect(service).toMatchObject({ operators: { online: 1, busy: 0, away: 1 }, waiting: 1 })
    const { body } = await olga.get(`/api/v1/groups/${service.id}/operators`)
    expect(body.items).toContainEqual(
      expect.objectContaining({ name: 'Omar Operator', status: 'away', reason: 'lunch' }),
    )
    expect((await olga.get(`/api/v1/groups/${v7()}/operators`)).status).toBe(404)
  })
})

describe('an account', () => {
  test('whose rights are taken away loses its websocket within a second, and what it no longer sees', async () => {
    const made = await admin.post('/api/v1/users', {
      email: 'leo@parley.test',
      name: 'Leo',
      role: 'operator',
      password: PASSWORD,
    })
    const service = (await admin.get('/api/v1/groups')).body.items.find(
      (group: { name: string }) => group.name === 'Service',
    )
    const path = `/api/v1/users/${made.body.id}`
    await admin.patch(path, { groupIds: [service.id] })
    const leo = await parley.signIn('leo@parley.test')
    const { cookie = '', origin = '' } = leo.carries
    const closed = async (change: () => Promise<unknown>): Promise<{ code: number; ms: number }> => {
      const socket = new WebSocket(`${parley.url.replace('http', 'ws')}/api/v1/live`, { headers: { cookie, origin } })
      await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject))
      const code = new Promise<number>((resolve) => socket.once('close', resolve))
      await change()
      const from = Date.now()
      return { code: await code, ms: Date.now() - from }
    }
    const withdrawn = await closed(() => admin.patch(path, { groupIds: [] }))
    expect(withdrawn.code).toBe(4403)
    expect(withdrawn.ms).toBeLessThan(1_000)
    expect((await leo.get('/api/v1/sessions')).body.items).toEqual([])
    const reset = await closed(() => admin.patch(path, { password: 'another password' }))
    expect(reset.code).toBe(4401)
    expect(reset.ms).toBeLessThan(1_000)
    expect((await leo.get('/api/v1/me')).status).toBe(401)
  })

  test('is made once, and the last administrator stays one', async () => {
    const again = await admin.post('/api/v1/users', { email: OLGA, name: 'Olga', role: 'operator', password: PASSWORD })
    expect(again.body).toMatchObject({ status: 400, errors: [{ pointer: '/email' }] })
    const { id } = (await admin.get('/api/v1/me')).body
    expect((await admin.patch(`/api/v1/users/${id}`, { role: 'operator' })).body.code).toBe('last-administrator')
    expect((await admin.patch(`/api/v1/users/${id}`, { disabled: true })).body.code).toBe('last-administrator')
  })
})

describe('settings', () => {
  test('are seconds within bounds, and nothing else', async () => {
    expect((await olga.get('/api/v1/settings')).body).toMatchObject({
      queueTime: 300,
      wrapUpMax: 600,
      readReceipts: true,
    })
    expect((await admin.patch('/api/v1/settings', { queueTime: 30, wrapUpMax: 0 })).body).toMatchObject({
      queueTime: 30,
      wrapUpMax: 0,
    })
    for (const wrong of [
      { queueTime: -1 },
      { queueTime: 1.5 },
      { queueTime: '30' },
      { queueTime: 1e9 },
      { readReceipts: 1 },
      { other: 1 },
    ]) {
      expect((await admin.patch('/api/v1/settings', wrong)).status, JSON.stringify(wrong)).toBe(400)
    }
    expect((await olga.get('/api/v1/settings')).body.queueTime).toBe(30)
  })
})

describe('results', () => {
  test('are a tree that administrators grow and prune', async () => {
    const parent = (await admin.post('/api/v1/results', { name: 'Returns', position: 50 })).body
    const child = (await admin.post('/api/v1/results', { name: 'Refunded', parentId: parent.id, noteRequired: true }))
      .body
    const tree = async () =>
      (await olga.get('/api/v1/results')).body.items.find((one: { id: string }) => one.id === parent.id)
    expect(await tree()).toMatchObject({
      id: parent.id,
      name: 'Returns',
      noteRequired: false,
      children: [{ id: child.id, name: 'Refunded', noteRequired: true }],
    })
    await admin.patch(`/api/v1/results/${child.id}`, { archived: true })
    expect(await tree()).not.toHaveProperty('children')
    expect((await admin.patch(`/api/v1/results/${v7()}`, { name: 'x' })).status).toBe(404)
  })
})

describe('a list of the catalogue', () => {
  const ids = (items: readonly { id: string }[]): readonly string[] => items.map(({ id }) => id)

  beforeAll(async () => {
    for (const name of ['first', 'second', 'third']) await admin.post('/api/v1/tokens', { name })
  })

  test.for(['channels', 'groups', 'groups/:id/operators', 'results', 'users', 'tokens'])(
    'is paged as every other: %s',
    async (list) => {
      const service = (await admin.get('/api/v1/groups')).body.items.find(
        (group: { name: string }) => group.name === 'Service',
      )
      const path = `/api/v1/${list.replace(':id', service.id)}`
      const all = (await admin.get(path)).body
      expect(all.items.length).toBeGreaterThan(1)
      expect(all.next).toBeNull()
      const paged: string[] = []
      for (let next: string | null = ''; next !== null; ) {
        const { body }: Answer = await admin.get(`${path}?limit=1${next === '' ? '' : `&cursor=${next}`}`)
        expect(body.items).toHaveLength(1)
        paged.push(...ids(body.items))
        next = body.next
      }
      expect(paged).toEqual(ids(all.items))
      for (const wrong of ['limit=0', 'limit=1001', 'cursor=x'])
        expect((await admin.get(`${path}?${wrong}`)).body, wrong).toMatchObject({ status: 400, code: 'invalid' })
    },
  )

  test('goes on behind what has gone since the page before', async () => {
    const [first, second, third] = (await admin.get('/api/v1/tokens')).body.items
    const { body } = await admin.get('/api/v1/tokens?limit=2')
    expect(ids(body.items)).toEqual([first.id, second.id])
    await admin.delete(`/api/v1/tokens/${second.id}`)
    expect(ids((await admin.get(`/api/v1/tokens?cursor=${body.next}`)).body.items)[0]).toBe(third.id)
  })
})

describe('with Temporal away', () => {
  test('the service is ready, and a command that needs it does nothing and says so', async () => {
    expect((await parley.anybody.get('/readyz')).status).toBe(200)
    const session = await parley.sessionOf(olga, '420777200001')
    const accept = await olga.post(`/api/v1/sessions/${session.id}/accept`)
    expect(accept.body).toMatchObject({ status: 503, code: 'unavailable' })
    expect(accept.headers.get('retry-after')).not.toBeNull()
    expect((await olga.get(`/api/v1/sessions/${session.id}`)).body.phase).toBe('queued')
    const metrics = (await parley.anybody.get('/metrics')).text
    expect(metrics).toMatch(/^parley_outbox_bells [1-9]/m)
    expect(metrics).toMatch(/^parley_http_request_duration_seconds_count\{.*route="\/api\/v1\/sessions\/:id".*\} \d/m)
    expect(metrics).toMatch(/^nodejs_eventloop_lag_seconds /m)
  })
})

describe('housekeeping', () => {
  test('removes what is older than it is kept for, and says who is no longer there', async () => {
    const left = async () => ({
      raw: (await parley.db.selectFrom('webhook_raw').select('id').execute()).length,
      held: (await parley.db.selectFrom('quarantine').select('id').where('state', '=', 'held').execute()).length,
    })
    await parley.deliver(JSON.stringify(textFrom('420777200009', 'x')).replaceAll('106540352242922', '999888777666'))
    expect((await left()).raw).toBeGreaterThan(1)
    await parley.service.housekeeping.runAll()
    const before = await left()
    expect(before.raw).toBeGreaterThan(1)
    parley.clock.forward(31 * DAY)
    await parley.service.housekeeping.runAll()
    // The body of what is still held stays.
    expect(await left()).toEqual({ raw: 1, held: before.held })
    const presence = await parley.db.selectFrom('presence').select('state').execute()
    expect(new Set(presence.map((row) => row.state))).toEqual(new Set(['offline']))
    expect(await parley.db.selectFrom('login').select('id').execute()).toEqual([])
    await eventually(async () => (await parley.anybody.get('/readyz')).status === 200, 'still ready')
  })
})
