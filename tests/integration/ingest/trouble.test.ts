// What cannot be taken in is kept with its reason and harms nobody beside it; with the database away nothing is
// answered as if it were stored.
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { IngestUnavailable } from '../../../src/ingest/errors.ts'
import { batch, bytes, newWamid, status, text, webhook } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

let world: World
let n = 0
let jana: { phone: string; bsuid: string }
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  n++
  jana = { phone: `4207778${1000 + n}`, bsuid: `CZ.9${n}` }
  await world.db.deleteFrom('quarantine').execute()
})

const texts = async (phone = jana.phone) => (await world.messages((await world.session(phone)).id)).map((m) => m.text)

describe('items that cannot be taken in', () => {
  test('invalid ones are quarantined with their reason and place, and their siblings kept', async () => {
    const good = webhook(world.number, text(jana, 'a'))
    const raw = JSON.parse(JSON.stringify(batch(good, good))) as {
      entry: { changes: { value: { messages: unknown[] } }[] }[]
    }
    raw.entry[0]?.changes[0]?.value.messages.push('x', { id: '', from: '1' }, { from: '1', type: 'text' })
    await world.deliverBody(raw)
    expect(await texts()).toEqual(['a'])
    expect((await world.quarantine()).map((q) => [q.path, q.reason, q.state, q.sqlstate])).toEqual([
      ['/entry/0/changes/0/value/messages/1', 'not-an-object', 'held', null],
      ['/entry/0/changes/0/value/messages/2', 'no-id', 'held', null],
      ['/entry/0/changes/0/value/messages/3', 'no-id', 'held', null],
    ])
  })

  test('what is no JSON at all is kept as it came', async () => {
    const body = Buffer.from('{"entry": nonsense \u0000 \ud83d')
    await world.ingest.take(body)
    const [held] = await world.quarantine()
    expect(held).toMatchObject({ reason: 'not-json', path: '' })
    const raw = await world.db
      .selectFrom('webhook_raw')
      .select('body')
      .where('id', '=', held?.raw_id ?? '')
      .executeTakeFirstOrThrow()
    expect(raw.body.equals(body)).toBe(true)
  })

  test('a body of 3 MB with a thousand items, wrong ones among them, loses none', async () => {
    const filler = 'ř'.repeat(470)
    const told = Array.from({ length: 1_000 }, (_, i) => text({ phone: `${jana.phone}${i % 50}` }, `${i} ${filler}`))
    const body = JSON.parse(JSON.stringify(webhook(world.number, ...told))) as {
      entry: { changes: { value: { messages: { text?: unknown }[] } }[] }[]
    }
    const messages = body.entry[0]?.changes[0]?.value.messages ?? []
    for (let i = 0; i < 1_000; i += 100) messages[i] = { text: null }
    const raw = bytes(body)
    expect(raw.length).toBeGreaterThan(2_900_000)
    await world.ingest.take(raw)
    const { rows } = await sql<{
      n: string
    }>`SELECT count(*) AS n FROM message WHERE text LIKE ${`%${filler}`}`.execute(world.db)
    expect(Number(rows[0]?.n)).toBe(990)
    expect(await world.quarantine()).toHaveLength(10)
  })

  test('NUL, halves of surrogates, `__proto__` and odd types arrive as a message', async () => {
    await world.deliver({
      ...text(jana, 'a\u0000\ud83d'),
      element: {
        ...text(jana, 'a\u0000\ud83d').element,
        type: 'text',
        referral: { ['__proto__']: 1, constructor: [] },
      },
    })
    await world.deliver({ ...text(jana, ''), element: { ...text(jana, '').element, type: 'constructor' } })
    await world.deliver(text({ ...jana, name: `${'x'.repeat(199)}😀` }, 'long name'))
    expect(await texts()).toEqual(['a\uFFFD\uFFFD', null, 'long name'])
    expect(await world.quarantine()).toEqual([])
  })

  test('a number longer than any index takes is quarantined, and its siblings are answered for', async () => {
    let endless = ''
    while (endless.length < 20_000) endless += newWamid()
    await world.deliverBody(
      batch(webhook({ phoneNumberId: endless }, text(jana, 'x')), webhook(world.number, text(jana, 'a'))),
    )
    expect((await world.quarantine()).map((q) => q.reason)).toEqual(['no-number'])
    expect(await texts()).toEqual(['a'])
  })
})

describe('a number that nobody knows', () => {
  test('its items are held, and taken in once the number is added, as if they had just been answered', async () => {
    const number = { phoneNumberId: `unknown-${n}` }
    const came = world.clock.now()
    await world.deliverBody(webhook(number, text(jana, 'a'), text(jana, 'b'), status('wamid.unknown', 'sent')))
    expect((await world.quarantine()).map((q) => [q.reason, q.phone_number_id])).toEqual(
      Array(3).fill(['unknown-channel', number.phoneNumberId]),
    )
    expect(await world.ingest.redrive({ phoneNumberId: number.phoneNumberId })).toBe(3)
    expect((await world.quarantine()).every((q) => q.state === 'held')).toBe(true)
    world.clock.forward(60_000)
    await world.addChannel(number.phoneNumberId)
    expect(await world.ingest.redrive({ phoneNumberId: number.phoneNumberId })).toBe(3)
    expect(await texts()).toEqual(['a', 'b'])
    const [message] = await world.messages((await world.session(jana.phone)).id)
    expect(message?.received_at.getTime()).toBe(came)
    expect((await world.quarantine()).map((q) => q.state)).toEqual(['redriven', 'redriven', 'redriven'])
    expect(await world.ingest.redrive({ phoneNumberId: number.phoneNumberId })).toBe(0)
  })

  test('named items are tried alone', async () => {
    const number = { phoneNumberId: `unknown-${n}` }
    await world.deliverBody(webhook(number, text(jana, 'a'), text(jana, 'b')))
    await world.addChannel(number.phoneNumberId)
    const [, second] = await world.quarantine()
    await world.ingest.redrive({ ids: [second?.id ?? ''] })
    expect(await texts()).toEqual(['b'])
  })
})

describe('PostgreSQL refuses one item', () => {
  beforeAll(async () => {
    await sql`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '22023'; END $$`.execute(world.db)
    await sql`
      CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW WHEN (NEW.text = 'REFUSE ME') EXECUTE FUNCTION refuse()`.execute(
      world.db,
    )
  })
  afterAll(async () => {
    await sql`DROP TRIGGER refuse ON message`.execute(world.db)
  })

  test('its siblings are kept, it is quarantined with the SQLSTATE, and can be driven again once that is mended', async () => {
    const told = Array.from({ length: 30 }, (_, i) =>
      text({ phone: `${jana.phone}${i}` }, i === 17 ? 'REFUSE ME' : `${i}`),
    )
    await Promise.all([world.deliver(...told), world.deliver(text(jana, 'another request'))])
    const held = await world.quarantine()
    expect(held).toMatchObject([
      { reason: 'refused-by-database', sqlstate: '22023', path: '/entry/0/changes/0/value/messages/17' },
    ])
    for (let i = 0; i < 30; i++) if (i !== 17) expect(await texts(`${jana.phone}${i}`)).toEqual([`${i}`])
    expect(await texts()).toEqual(['another request'])
    await expect(world.client(`${jana.phone}17`)).rejects.toThrow()

    await sql`ALTER TABLE message DISABLE TRIGGER refuse`.execute(world.db)
    await world.ingest.redrive({ ids: [held[0]?.id ?? ''] })
    await sql`ALTER TABLE message ENABLE TRIGGER refuse`.execute(world.db)
    expect(await texts(`${jana.phone}17`)).toEqual(['REFUSE ME'])
    expect((await world.quarantine()).map((q) => q.state)).toEqual(['redriven'])
  })
})

describe('the database is away', () => {
  test('at a closed port nothing is answered as stored', async () => {
    const url = new URL(world.database.url)
    url.port = '1'
    const door = world.anotherDoor(url.href)
    await expect(door.ingest.take(bytes(webhook(world.number, text(jana, 'a'))))).rejects.toBeInstanceOf(
      IngestUnavailable,
    )
  })

  test('connections that are cut under load lose nothing that was answered, and are made anew by themselves', async () => {
    const door = world.anotherDoor()
    const answered: string[] = []
    let unavailable = 0
    const cutter = new pg.Client({ connectionString: world.database.url })
    await cutter.connect()
    let going = true
    const cutting = (async () => {
      while (going) {
        await cutter.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                             WHERE application_name = 'parley-ingest' AND datname = current_database()`)
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    })()
    await Promise.all(
      Array.from({ length: 10 }, async (_, lane) => {
        for (let i = 0; i < 25; i++) {
          const words = `${n}/${lane}/${i}`
          try {
            await door.ingest.take(bytes(webhook(world.number, text({ phone: `${jana.phone}${lane}` }, words))))
            answered.push(words)
          } catch (error) {
            expect(error).toBeInstanceOf(IngestUnavailable)
            unavailable++
          }
        }
      }),
    )
    going = false
    await cutting
    await cutter.end()
    expect(unavailable).toBeGreaterThan(0)
    await world.eventually(
      () =>
        door.ingest.take(bytes(webhook(world.number, text(jana, 'back again')))).then(
          () => true,
          () => false,
        ),
      'ingest recovers',
    )
    const rows = await world.db.selectFrom('message').select('text').where('text', 'like', `${n}/%`).execute()
    const stored = new Set(rows.map((row) => row.text))
    expect(stored.size).toBe(rows.length)
    expect(answered.filter((words) => !stored.has(words))).toEqual([])
    expect(await world.quarantine()).toEqual([])
  })

  test('a client whom somebody else holds for long is given back to Meta, not quarantined, and others go on', async () => {
    await world.deliver(text(jana, 'a'))
    const { id } = await world.client(jana.phone)
    const holder = new pg.Client({ connectionString: world.database.url })
    await holder.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT 1 FROM client WHERE id = $1 FOR UPDATE', [id])
    const held = world.deliver(text(jana, 'held')).then(
      () => 'stored',
      (error: unknown) => error,
    )
    await world.deliver(text({ phone: `${jana.phone}9` }, 'goes on'))
    expect(await held).toBeInstanceOf(IngestUnavailable)
    await holder.query('ROLLBACK')
    await holder.end()
    await world.deliver(text(jana, 'held'))
    expect(await texts()).toEqual(['a', 'held'])
    expect(await world.quarantine()).toEqual([])
  })

  test('what waits when the service stops is given back', async () => {
    const door = world.anotherDoor()
    const taking = Array.from({ length: 20 }, (_, i) =>
      door.ingest.take(bytes(webhook(world.number, text({ phone: `${jana.phone}${i}` }, 'a')))),
    )
    const settled = Promise.allSettled(taking)
    await door.ingest.close()
    for (const one of await settled) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(IngestUnavailable)
    await expect(door.ingest.take(bytes('{}'))).rejects.toBeInstanceOf(IngestUnavailable)
  })
})

test('on a fresh database the statements never fall to a plan made for empty tables', async () => {
  const fresh = await startWorld()
  try {
    // The plans are made while the tables are empty; then the tables grow.
    const burst = (from: number, count: number) =>
      fresh.deliver(...Array.from({ length: count }, (_, i) => text({ phone: `${from + i}` }, 'x')))
    for (let i = 0; i < 8; i++) await burst(100 + i * 10, 2)
    for (let i = 0; i < 6; i++) await burst(10_000 + i * 1_000, 400)
    const before = await scans(fresh)
    const begun = performance.now()
    for (let i = 0; i < 5; i++) await burst(10_000 + i * 1_000, 400)
    const took = performance.now() - begun
    const after = await scans(fresh)
    // A plan for empty tables reads all of them in every batch: 2,400 clients and messages, again and again.
    for (const table of ['message', 'session', 'client', 'client_alias']) {
      expect
        .soft(Number(after.get(table)) - Number(before.get(table)), `rows of ${table} read one after another`)
        .toBeLessThan(40_000)
    }
    expect(took).toBeLessThan(10_000)
  } finally {
    await fresh.close()
  }
})

async function scans(of: World): Promise<Map<string, number>> {
  await sql`SELECT pg_stat_force_next_flush()`.execute(of.db)
  await of.eventually(async () => {
    const { rows } = await sql<{
      n: number
    }>`SELECT coalesce(sum(n_tup_ins), 0)::int AS n FROM pg_stat_user_tables WHERE relname = 'message'`.execute(of.db)
    return (rows[0]?.n ?? 0) >= 2_400
  }, 'the statistics are there')
  const { rows } = await sql<{
    relname: string
    n: string
  }>`SELECT relname, seq_tup_read AS n FROM pg_stat_user_tables`.execute(of.db)
  return new Map(rows.map((row) => [row.relname, Number(row.n)]))
}
