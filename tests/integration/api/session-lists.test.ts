// The list of sessions: what each filter and each order means, told by what the list itself shows; and pages that
// neither skip nor double while rows change. Which sessions one may see at all is proved in integration/live.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionView } from '../../../src/api/views/session.ts'
import { PHASES, type Phase } from '../../../src/domain/words.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { text, type Who, webhook } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

const SECOND = 1_000
const QUEUE_TIME = 300 * SECOND
const SECOND_NUMBER = '200000000000002'
/** More sessions than there are in this file. */
const MANY = 500
const ORDERS = ['activity', 'started', 'queue'] as const
type Order = (typeof ORDERS)[number]

let world: World
let api: Reading
let admin: Caller

beforeAll(async () => {
  world = await startWorld()
  api = await openApi(world)
  admin = (await api.person('administrator')).caller
  await settle()
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

const JANA = { phone: '420777123456', name: 'Jana NOVÁKOVÁ' }
const PETR = { phone: '420777123999', bsuid: 'CZ.100_A', name: '100% Petr' }
const HIDDEN = { bsuid: 'CZ.2005A', name: 'jana_dvořák' }
const NAMELESS = { phone: '421905000111', name: null }
/** Two who turn out to be one. */
const BY_PHONE = { phone: '491511234567', name: 'Karl' }
const BY_BSUID = { bsuid: 'DE.77', name: 'Karl at work' }
const OTHERS: readonly Who[] = Array.from({ length: 6 }, (_, n) => ({ phone: `42060000000${n}`, name: `Other ${n}` }))

let otherGroup: string
let otherOperator: string
let joinedClient: string

/** Sessions in every phase, of two numbers and two groups, with several of one client, and two clients joined. */
async function settle(): Promise<void> {
  otherGroup = await api.group('Orders')
  otherOperator = (await api.person('operator', { groupIds: [otherGroup] })).id
  const channelId = await world.addChannel(SECOND_NUMBER)
  await world.db.updateTable('channel').set({ group_id: otherGroup }).where('id', '=', channelId).execute()
  const toOther = (...who: readonly Who[]) =>
    world.deliverBody(webhook({ phoneNumberId: SECOND_NUMBER }, ...who.map((one) => text(one, 'Hello'))))

  // One body: those began at the same instant.
  await world.deliver(text(JANA, 'Hello'), text(HIDDEN, 'Hello'), ...OTHERS.map((one) => text(one, 'Hello')))
  for (const alias of [JANA.phone, HIDDEN.bsuid]) await pass(alias, 'ended')
  await pass('420600000000', 'wrapUp')
  await pass('420600000001', 'active', world.omar)
  await pass('420600000002', 'ended', world.omar)
  await overdue('420600000005')
  world.clock.forward(SECOND)

  await toOther(PETR, NAMELESS)
  const petr = await world.session(PETR.phone)
  await world.accept(petr.id, otherOperator)
  world.clock.forward(SECOND)
  await world.deliver(text(JANA, 'Again'), text(NAMELESS, 'To the other number'))
  world.clock.forward(SECOND)
  await world.deliver(text(JANA, 'And again'))

  await world.deliver(text(BY_PHONE, 'Hello'))
  await pass(BY_PHONE.phone, 'ended')
  world.clock.forward(SECOND)
  await world.deliver(text(BY_BSUID, 'Hello'))
  joinedClient = (await world.client(BY_BSUID.bsuid)).id
  await pass(BY_BSUID.bsuid, 'ended')
  world.clock.forward(SECOND)
  await world.deliver(text({ ...BY_PHONE, bsuid: BY_BSUID.bsuid }, 'It is me'))
  expect((await world.client(BY_BSUID.bsuid)).id).not.toBe(joinedClient)
}

async function pass(alias: string, phase: Exclude<Phase, 'queued'>, operatorId = world.olga): Promise<void> {
  const { id } = await world.session(alias)
  world.clock.forward(SECOND)
  await world.accept(id, operatorId)
  if (phase !== 'active') await world.end(id, operatorId)
  if (phase === 'ended') await world.giveResult(id, operatorId)
}

/** Nobody accepted it within the time that a queue has. */
async function overdue(alias: string): Promise<void> {
  world.clock.forward(QUEUE_TIME)
  await world.fire((await world.session(alias)).id, 'offerOverdue')
}

interface Page {
  readonly items: readonly SessionView[]
  readonly next: string | null
}

async function page(query: Readonly<Record<string, string>>): Promise<Page> {
  const answer = await admin.get(`/api/v1/sessions?${new URLSearchParams(query)}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

async function pages(query: Readonly<Record<string, string>>, between = async () => {}): Promise<SessionView[]> {
  const found: SessionView[] = []
  let cursor: string | null = null
  do {
    const { items, next }: Page = await page({ ...query, ...(cursor === null ? {} : { cursor }) })
    found.push(...items)
    if (found.length > MANY) throw new Error('the pages lead in a circle')
    cursor = next
    if (cursor !== null) await between()
  } while (cursor !== null)
  return found
}

const idsOf = (sessions: readonly SessionView[]): string[] => sessions.map((session) => session.id)
const names = async (query: Readonly<Record<string, string>>): Promise<(string | null)[]> =>
  (await pages(query)).map((session) => session.client.name).sort()

/** By what a list is ordered, as numbers of which the smaller comes first. */
const KEYS: Record<Order, (session: SessionView) => readonly number[]> = {
  activity: (session) => [-Date.parse(session.endedAt ?? session.lastMessageAt)],
  started: (session) => [-Date.parse(session.startedAt)],
  queue: (session) => [session.offer?.overdueAt == null ? 1 : 0, Date.parse(session.waitingSince ?? session.startedAt)],
}

function expectOrdered(sessions: readonly SessionView[], order: Order): void {
  const keys = sessions.map(KEYS[order])
  const sorted = keys.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0))
  expect(keys).toEqual(sorted)
}

interface Filters {
  readonly phase?: readonly Phase[]
  readonly operatorId?: string
  readonly groupId?: string
  readonly channelId?: string
  readonly clientId?: string
  readonly q?: string
  readonly from?: string
  readonly to?: string
}

/** What each filter means of a session as it is shown. */
const MEANS: { [name in keyof Filters]-?: (session: SessionView, wanted: NonNullable<Filters[name]>) => boolean } = {
  phase: (session, wanted) => wanted.includes(session.phase),
  operatorId: (session, wanted) => session.operatorId === wanted,
  groupId: (session, wanted) => session.groupId === wanted,
  channelId: (session, wanted) => session.channelId === wanted,
  clientId: (session, wanted) => session.client.id === wanted,
  from: (session, wanted) => Date.parse(session.startedAt) >= Date.parse(wanted),
  to: (session, wanted) => Date.parse(session.startedAt) < Date.parse(wanted),
  q: ({ client }, wanted) => {
    const part = wanted.toLowerCase()
    const digits = wanted.replace(/[\s()+./-]/g, '').replace(/^00/, '')
    return (
      client.name?.toLowerCase().includes(part) === true ||
      client.bsuid?.toLowerCase().includes(part) === true ||
      (/^\d{3,}$/.test(digits) && client.phone?.includes(digits) === true)
    )
  },
}

const isWanted = (session: SessionView, filters: Filters): boolean =>
  (Object.keys(filters) as (keyof Filters)[]).every((name) => {
    const means = MEANS[name] as (session: SessionView, wanted: unknown) => boolean
    return means(session, filters[name])
  })

describe('a filter', () => {
  test('shows what it says of what is there, alone or with others, in every order, page after page', async () => {
    const all = await pages({ limit: '1000' })
    const count = await world.db.selectFrom('session').select('id').execute()
    expect(idsOf(all).toSorted()).toEqual(count.map(({ id }) => id).toSorted())
    const started = [...new Set(all.map((session) => Date.parse(session.startedAt)))]
    const about = fc
      .tuple(fc.constantFrom(...started), fc.constantFrom(-1, 0, 1))
      .map(([at, ms]) => new Date(at + ms).toISOString())
    const some = (ids: readonly (string | null)[]) => fc.constantFrom(...ids.filter((id) => id !== null))
    const values = fc.record({
      phase: fc.subarray([...PHASES], { minLength: 1 }),
      operatorId: some(all.map((session) => session.operatorId)),
      groupId: fc.constantFrom(world.groupId, otherGroup),
      channelId: some(all.map((session) => session.channelId)),
      clientId: some(all.map((session) => session.client.id)),
      q: fc.constantFrom('jana', 'NOVÁK', 'dvoř', '%', '_', '+420 777-123', '00420 777', '999', 'cz.', '4915', 'DE.77'),
      from: about,
      to: about,
    })
    const names = Object.keys(MEANS) as (keyof Filters)[]
    const filters = fc
      .tuple(values, fc.subarray(names, { maxLength: 3 }))
      .map(([every, chosen]): Filters => Object.fromEntries(chosen.map((name) => [name, every[name]])))
    let matched = 0
    await fc.assert(
      fc.asyncProperty(
        filters,
        fc.constantFrom(...ORDERS),
        fc.integer({ min: 1, max: 9 }),
        async (given, sort, limit) => {
          const query = { ...given, ...(given.phase === undefined ? {} : { phase: given.phase.join(',') }) }
          const found = await pages({ ...(query as Record<string, string>), sort, limit: String(limit) })
          expect(idsOf(found).toSorted()).toEqual(idsOf(all.filter((session) => isWanted(session, given))).toSorted())
          expectOrdered(found, sort)
          matched += found.length
        },
      ),
      { numRuns: 80, endOnFailure: true },
    )
    // Not for want of anything to find.
    expect(matched).toBeGreaterThan(80)
  })

  test('for phases takes several, separated or repeated', async () => {
    const both = idsOf(await pages({ phase: 'queued,active' }))
    const { body } = await admin.get('/api/v1/sessions?phase=queued&phase=active')
    expect(both).toEqual(idsOf(body.items))
    expect(new Set((await pages({ phase: 'queued,active' })).map((session) => session.phase))).toEqual(
      new Set(['queued', 'active']),
    )
  })

  test('by time takes those that began at `from`, and not those at `to`, in whatever zone it is said', async () => {
    const { startedAt } = (await pages({ q: JANA.phone, phase: 'ended' }))[0] ?? { startedAt: '' }
    const began = Date.parse(startedAt)
    const prague = new Date(began + 3_600_000).toISOString().replace('Z', '+01:00')
    const next = new Date(began + 1).toISOString()
    const found = async (from: string, to: string) => (await pages({ from, to, q: JANA.phone })).length
    expect([await found(startedAt, next), await found(prague, next), await found(next, startedAt)]).toEqual([1, 1, 0])
    expect(await found(new Date(began - 1).toISOString(), startedAt)).toBe(0)
  })
})

describe('a search', () => {
  test.for([
    ['a part of the name, however it is written', 'jAnA nOvÁ', [JANA.name, JANA.name]],
    ['the number as the country writes it', '777 123 456', [JANA.name, JANA.name]],
    ['the number as one dials it', '00420/777-123-456', [JANA.name, JANA.name]],
    ['the number as it is shown', '+420777123456', [JANA.name, JANA.name]],
    ['a part of WhatsApp’s id', 'cz.100_', [PETR.name]],
    ['what means something to SQL, as it stands', '_dvo', [HIDDEN.name]],
    ['a percent sign', '%', [PETR.name]],
    ['an underscore', '_', [PETR.name, HIDDEN.name]],
    ['too few digits for a number', '99', []],
    ['what nobody is called', 'Nobody', []],
  ] as [string, string, string[]][])('finds %s', async ([, q, expected]) => {
    expect(await names({ q })).toEqual(expected.toSorted())
  })

  test('for nothing finds everything', async () => {
    expect(await names({ q: ' ' })).toEqual(await names({}))
  })

  test('finds whole conversations of those who turned out to be one, by whatever either was known by', async () => {
    for (const q of [BY_PHONE.phone, BY_BSUID.bsuid, 'karl', 'at work'])
      expect([q, await names({ q })]).toEqual([q, Array(3).fill('Karl')])
  })
})

test('a client’s sessions are those of all that were joined with them, asked by whichever of them', async () => {
  const { id } = await world.client(BY_PHONE.phone)
  const [survivor, joined] = [await pages({ clientId: id }), await pages({ clientId: joinedClient })]
  expect(survivor.map((session) => session.client.id)).toEqual([id, id, id])
  expect(idsOf(joined)).toEqual(idsOf(survivor))
})

describe('the order', () => {
  test('is the newest activity first, unless another one is asked for', async () => {
    const found = await pages({})
    expectOrdered(found, 'activity')
    expect(idsOf(found)).toEqual(idsOf(await pages({ sort: 'activity' })))
    expect(found[0]?.client.name).toBe('Karl')
  })

  test('of a queue is overdue offers first, and then who waits longest', async () => {
    const queue = await pages({ sort: 'queue', phase: 'queued' })
    expect(queue.length).toBeGreaterThan(4)
    expect(queue.map((session) => session.offer?.overdueAt != null).indexOf(false)).toBe(1)
    expect(queue[0]?.client.phone).toBe('+420600000005')
    const waits = queue.slice(1).map((session) => Date.parse(session.waitingSince ?? ''))
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
  })
})

describe('pages while rows change', () => {
  const touch = fc.record({
    what: fc.constantFrom('new', 'writes', 'overdue', 'accept'),
    which: fc.nat(1_000),
  })
  let strangers = 0

  /** Something happens to one of them; its id, where it was there before. */
  async function happens({ what, which }: { what: string; which: number }, queued: Map<string, string>): Promise<void> {
    world.clock.forward(SECOND)
    if (what === 'new') return world.deliver(text({ phone: `42050${String(++strangers).padStart(7, '0')}` }, 'New'))
    const [id, phone] = [...queued][which % Math.max(1, queued.size)] ?? []
    if (id === undefined || phone === undefined) return
    if (what === 'writes') await world.deliver(text({ phone }, 'Again'))
    if (what === 'overdue') {
      world.clock.forward(QUEUE_TIME)
      await world.fire(id, 'offerOverdue')
    }
    if (what === 'accept') await world.accept(id)
    queued.delete(id)
  }

  test.for(ORDERS)('by %s show what did not change once, and nothing twice', async (sort) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(touch, { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (script, limit) => {
          world.clock.forward(SECOND)
          const queue = { phase: 'queued', from: new Date(world.clock.now()).toISOString() }
          for (let n = 0; n < 6; n++) await happens({ what: 'new', which: 0 }, new Map())
          const untouched = new Map((await pages(queue)).map(({ id, client }) => [id, client.phone?.slice(1) ?? '']))
          const changes = [...script]
          const read = idsOf(
            await pages({ ...queue, sort, limit: String(limit) }, async () => {
              for (const change of changes.shift() ?? []) await happens(change, untouched)
            }),
          )
          expect(new Set(read).size).toBe(read.length)
          expect(read).toEqual(expect.arrayContaining([...untouched.keys()]))
        },
      ),
      { numRuns: 12, endOnFailure: true },
    )
  })
})

describe('a cursor', () => {
  test('leads on in the order that gave it out, and in no other', async () => {
    const { next } = await page({ limit: '1' })
    const answer = await admin.get(`/api/v1/sessions?limit=1&sort=queue&cursor=${next}`)
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid', errors: [{ pointer: '/cursor' }] })
  })

  test.for([
    ['no time', { sort: 'activity', at: ['yesterday-ish', '00000000-0000-4000-8000-000000000000'] }],
    [
      'a time that never was',
      { sort: 'activity', at: ['2026-02-31 00:00:00+00', '00000000-0000-4000-8000-000000000000'] },
    ],
    ['no id', { sort: 'started', at: ['2026-02-03 00:00:00+00', 'x'] }],
    ['too little', { sort: 'queue', at: ['1', '2026-02-03 00:00:00+00'] }],
    [
      'another rank',
      { sort: 'queue', at: ['often', '2026-02-03 00:00:00+00', '00000000-0000-4000-8000-000000000000'] },
    ],
    ['nothing', null],
  ] as [string, unknown][])('that somebody made up, with %s in it, is refused', async ([, position]) => {
    const cursor = Buffer.from(JSON.stringify(position)).toString('base64url')
    const sort = (position as { sort?: string } | null)?.sort ?? 'activity'
    const answer = await admin.get(`/api/v1/sessions?sort=${sort}&cursor=${cursor}`)
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid' })
  })
})

test('a time beyond all calendars is refused like any other that cannot be', async () => {
  for (const from of ['0000-01-01T00:00:00Z', '2026-02-30T00:00:00Z', 'now']) {
    const answer = await admin.get(`/api/v1/sessions?from=${from}`)
    expect([from, answer.status, answer.body.code]).toEqual([from, 400, 'invalid'])
  }
})
