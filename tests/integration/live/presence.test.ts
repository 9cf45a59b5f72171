import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Presence } from '../../../src/api/presence.ts'
import { ChangeBus, LIVE_CHANNEL } from '../../../src/sessions/changes.ts'
import { type FreshDatabase, freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'

const MINUTE = 60_000
let database: FreshDatabase
let now = Date.parse('2026-03-01T08:00:00Z')
const service = () =>
  new Presence({
    db: database.db,
    byKey: database.byKey,
    clock: { now: () => now },
    bus: new ChangeBus(),
    ring: () => {},
  })

async function somebody(): Promise<string> {
  const id = v7()
  await database.db
    .insertInto('user_account')
    .values({
      id,
      email: `${id}@parley.test`,
      name: 'O',
      role: 'operator',
      password_hash: '-',
      created_at: new Date(now),
    })
    .execute()
  return id
}

beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database?.drop())

it('holds for 15 minutes after what was said last, where there was never a connection', async () => {
  const [presence, user] = [service(), await somebody()]
  await presence.set(user, 'online', null)
  now += 15 * MINUTE - 1
  expect(await presence.of(user)).toMatchObject({ status: 'online' })
  now += 1
  await presence.sweep()
  expect(await presence.of(user)).toMatchObject({ status: 'offline' })
})

it('holds until 60 seconds after the last connection of any service ended', async () => {
  const [here, there, user] = [service(), service(), await somebody()]
  await here.opened(user)
  await here.set(user, 'online', null)
  await there.opened(user)
  await here.closed(user)
  for (let minute = 0; minute < 5; minute++) {
    now += 50_000
    await there.sweep()
    await here.sweep()
  }
  expect(await here.of(user)).toMatchObject({ status: 'online' })
  await there.closed(user)
  now += 59_999
  await here.sweep()
  expect(await here.of(user)).toMatchObject({ status: 'online' })
  now += 1
  await here.sweep()
  expect(await there.of(user)).toMatchObject({ status: 'offline' })
})

it('tells colleagues of a lapse that nobody had found before the next connection, which does not bring them back', async () => {
  const [presence, user] = [service(), await somebody()]
  await presence.opened(user)
  await presence.set(user, 'online', null)
  await presence.closed(user)
  now += MINUTE
  const listener = await database.pool.connect()
  const told: (string | undefined)[] = []
  listener.on('notification', ({ payload }) => told.push(payload))
  await listener.query(`LISTEN ${LIVE_CHANNEL}`)
  await presence.opened(user)
  try {
    await eventually(() => told.some((payload) => payload?.includes(user)), 'told', 2_000)
  } finally {
    listener.release(true)
  }
  expect(await presence.of(user)).toMatchObject({ status: 'offline' })
  await presence.set(user, 'online', null)
  expect(await presence.of(user)).toMatchObject({ status: 'online' })
})

it('comes back as it was where the next connection begins within 60 seconds', async () => {
  const [presence, user] = [service(), await somebody()]
  await presence.opened(user)
  await presence.set(user, 'away', 'lunch')
  await presence.closed(user)
  now += MINUTE - 1
  await presence.opened(user)
  now += MINUTE - 1
  await presence.sweep()
  expect(await presence.of(user)).toMatchObject({ status: 'away', reason: 'lunch' })
})
