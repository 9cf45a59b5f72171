// Whatever changes what somebody may see, or whether they are welcome at all, reaches their open connections within a
// second, at every service: 4403 "ask again what you may", 4401 "sign in".
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../../../src/api/service.ts'
import { IDLE_MS } from '../../../src/auth/identify.ts'
import { hashToken } from '../../../src/auth/secret-token.ts'
import { eventually } from '../../support/eventually.ts'
import { LiveClient } from '../../support/live-client.ts'
import { ADMIN, Caller, OLGA, PASSWORD, startTestService, type TestService } from '../../support/service.ts'

const WITHIN_MS = 1_000
let test: TestService
let other: Service
let admin: Caller
let groupId: string
const opened: LiveClient[] = []

beforeAll(async () => {
  test = await startTestService({ temporalAway: true })
  other = await startService(test.config, { clock: test.clock, log: test.service.api.log })
  admin = await test.as(ADMIN)
  groupId = (await admin.get('/api/v1/channels')).body.items[0].groupId
})
afterAll(async () => {
  for (const client of opened) client.disconnect()
  await other?.close()
  await test?.close()
})

let accounts = 0

/** Somebody new, signed in, with a connection to each service. */
async function somebody() {
  const email = `user${++accounts}@parley.test`
  const made = await admin.post('/api/v1/users', {
    email,
    name: email,
    role: 'operator',
    password: PASSWORD,
    groupIds: [groupId],
  })
  expect(made.status, made.text).toBe(201)
  const caller = await test.signIn(email)
  return { id: made.body.id as string, email, caller, live: await connectAll(caller) }
}

async function connectAll({ carries }: Caller): Promise<readonly LiveClient[]> {
  const clients = [test.url, other.url].map((url) => {
    const { origin: _, ...rest } = carries
    return new LiveClient(new Caller(url, 'cookie' in rest ? { ...rest, origin: url } : rest))
  })
  opened.push(...clients)
  for (const client of clients) await client.connect()
  expect(clients.map((client) => client.connected)).toEqual([true, true])
  return clients
}

async function closesWith(code: number, clients: readonly LiveClient[], change: () => Promise<unknown>): Promise<void> {
  await change()
  await eventually(() => clients.every((client) => client.closedWith !== null), 'closed', WITHIN_MS)
  expect(clients.map((client) => client.closedWith)).toEqual(clients.map(() => code))
}

/** A change of somebody else, made after it, has been told: what was to come has come. */
async function stays(clients: readonly LiveClient[], change: () => Promise<unknown>): Promise<void> {
  await change()
  const witness = await somebody()
  await closesWith(4403, witness.live, () => admin.patch(`/api/v1/users/${witness.id}`, { seeOthers: true }))
  expect(clients.map((client) => client.closedWith)).toEqual(clients.map(() => null))
}

describe('a change of an account', () => {
  it.each([
    ['role', { role: 'supervisor' }, 4403],
    ['right to see others’ sessions', { seeOthers: true }, 4403],
    ['slots', { slots: 3 }, 4403],
    ['groups', { groupIds: [] }, 4403],
    ['password', { password: 'another horse battery staple' }, 4401],
    ['standing', { disabled: true }, 4401],
  ])('in its %s closes its connections', async (_, change, code) => {
    const { id, live } = await somebody()
    await closesWith(code, live, async () => {
      expect((await admin.patch(`/api/v1/users/${id}`, change)).status).toBe(200)
    })
  })

  it('in its name alone closes none', async () => {
    const { id, live } = await somebody()
    await stays(live, () => admin.patch(`/api/v1/users/${id}`, { name: 'Renamed' }))
  })
})

describe('a group', () => {
  it('that somebody leaves, or comes into, closes their connections, and no other member’s', async () => {
    const [leaver, member] = [await somebody(), await somebody()]
    const { body } = await admin.get('/api/v1/users')
    const all = (body.items as { id: string; groups: { id: string }[] }[])
      .filter((user) => user.groups.some((group) => group.id === groupId))
      .map((user) => user.id)
    const path = `/api/v1/groups/${groupId}/members`
    await closesWith(4403, leaver.live, () => admin.put(path, { userIds: all.filter((id) => id !== leaver.id) }))
    const back = await connectAll(leaver.caller)
    await closesWith(4403, back, () => admin.put(path, { userIds: all }))
    await stays(member.live, async () => {})
  })
})

describe('a sign-in', () => {
  it('that ends closes its own connections, and not those of another sign-in of the same person', async () => {
    const one = await somebody()
    const another = await connectAll(await test.signIn(one.email))
    await stays(another, () => closesWith(4401, one.live, () => one.caller.post('/api/v1/auth/logout')))
  })

  it('whose password its owner changes stays, and all others of theirs end', async () => {
    const one = await somebody()
    const others = await connectAll(await test.signIn(one.email))
    const passwords = { current: PASSWORD, password: 'another horse battery staple' }
    await stays(one.live, () =>
      closesWith(4401, others, async () => {
        const answer = await one.caller.post('/api/v1/me/password', passwords)
        expect(answer.status, answer.text).toBeLessThan(300)
      }),
    )
  })

  it('that another one in the same browser takes the place of ends with its connections', async () => {
    const one = await somebody()
    await closesWith(4401, one.live, async () => {
      const answer = await one.caller.post('/api/v1/auth/login', { email: OLGA, password: PASSWORD })
      expect(answer.status).toBe(200)
    })
  })
})

describe('an end that was known before', () => {
  const AHEAD_MS = 3_000

  /** Of these connections: at that moment and not before, as signed out. */
  async function closesAt(end: number, clients: readonly LiveClient[]): Promise<void> {
    const closed = await Promise.all(
      clients.map(async (client) => {
        await eventually(() => client.closedWith !== null, 'closed', AHEAD_MS + WITHIN_MS)
        return [client.closedWith, test.clock.now() >= end]
      }),
    )
    expect(closed).toEqual(clients.map(() => [4401, true]))
  }

  /** The sign-in that this one carries, as it is kept. */
  const kept = (caller: Caller) =>
    test.db.updateTable('login').where('token_hash', '=', hashToken(caller.carries.cookie?.split('=')[1] ?? ''))

  it('is when a token’s connections close, whatever else its owner is connected by', async () => {
    const one = await somebody()
    const end = test.clock.now() + AHEAD_MS
    const made = await one.caller.post('/api/v1/tokens', { name: 'program', expiresAt: new Date(end).toISOString() })
    const program = await connectAll(new Caller(test.url, { authorization: `Bearer ${made.body.token}` }))
    await stays(one.live, () => closesAt(end, program))
  })

  it('is when a sign-in’s connections close', async () => {
    const one = await somebody()
    const caller = await test.signIn(one.email)
    const end = test.clock.now() + AHEAD_MS
    await kept(caller)
      .set({ expires_at: new Date(end) })
      .execute()
    const clients = await connectAll(caller)
    await stays(one.live, () => closesAt(end, clients))
  })

  it('moves as a sign-in is used: one that nobody used ends, another stays', async () => {
    const [used, unused] = [await somebody(), await somebody()]
    const end = test.clock.now() + AHEAD_MS
    for (const { id, caller } of [used, unused]) {
      await kept(caller)
        .set({ last_seen_at: new Date(end - IDLE_MS) })
        .execute()
      // Whoever is renamed is looked at again.
      expect((await admin.patch(`/api/v1/users/${id}`, { name: 'Nearly over' })).status).toBe(200)
    }
    expect((await used.caller.get('/api/v1/me')).status).toBe(200)
    await stays(used.live, () => closesAt(end, unused.live))
  })
})

describe('a token', () => {
  it('that is revoked closes its program’s connections, and not those of its owner', async () => {
    const one = await somebody()
    const made = await one.caller.post('/api/v1/tokens', { name: 'program' })
    const program = await connectAll(new Caller(test.url, { authorization: `Bearer ${made.body.token}` }))
    await stays(one.live, () => closesWith(4401, program, () => one.caller.delete(`/api/v1/tokens/${made.body.id}`)))
  })

  it('closes its connections with its owner’s rights', async () => {
    const one = await somebody()
    const made = await one.caller.post('/api/v1/tokens', { name: 'program' })
    const program = await connectAll(new Caller(test.url, { authorization: `Bearer ${made.body.token}` }))
    await closesWith(4403, [...one.live, ...program], () => admin.patch(`/api/v1/users/${one.id}`, { groupIds: [] }))
  })
})
