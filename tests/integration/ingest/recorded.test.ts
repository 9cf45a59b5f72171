// Payloads as they were recorded and documented elsewhere: all of them are accepted, and nothing in them is lost.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../../support/world.ts'

const folder = fileURLToPath(new URL('../../../../shared/fixtures/webhooks', import.meta.url))
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []

type Loose = { readonly [key: string]: unknown }
const object = (value: unknown): Loose => (typeof value === 'object' && value !== null ? (value as Loose) : {})
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The path of every element that a body tells, by the contract alone. */
function elements(body: unknown): readonly { path: string; list: string; element: Loose; number: string | null }[] {
  return list(object(body).entry).flatMap((entry, e) =>
    list(object(entry).changes).flatMap((change, c) => {
      const value = object(object(change).value)
      const number = object(value.metadata).phone_number_id
      return ['messages', 'message_echoes', 'statuses', 'errors', 'calls'].flatMap((name) =>
        list(value[name]).map((element, n) => ({
          path: `/entry/${e}/changes/${c}/value/${name}/${n}`,
          list: name,
          element: object(element),
          number: number === undefined ? null : String(number),
        })),
      )
    }),
  )
}

describe.skipIf(files.length === 0)('recorded payloads', () => {
  let world: World
  const bodies = files.map((name) => ({ name, raw: readFileSync(`${folder}/${name}`) }))
  beforeAll(async () => {
    world = await startWorld()
    const numbers = new Set(bodies.flatMap(({ raw }) => elements(JSON.parse(raw.toString())).map((one) => one.number)))
    for (const number of numbers) if (number !== null && number !== world.phoneNumberId) await world.addChannel(number)
    for (const { raw } of bodies) await world.ingest.take(raw)
  })
  afterAll(() => world.close())

  test.each(bodies)('$name is found again, every element of it', async ({ raw }) => {
    const has = async (table: 'message' | 'status_parked', wamid: string) =>
      (await world.db.selectFrom(table).select('id').where('wamid', '=', wamid).execute()).length > 0
    const kept = await world.db.selectFrom('webhook_raw').select('id').where('body', '=', raw).execute()
    expect(kept.length).toBeGreaterThan(0)
    const rawIds = kept.map((row) => row.id)
    const held = await world.db.selectFrom('quarantine').select('path').where('raw_id', 'in', rawIds).execute()
    const notices = await world.db.selectFrom('account_notice').select('path').where('raw_id', 'in', rawIds).execute()
    const aside = new Set([...held, ...notices].map((row) => row.path))
    const told = elements(JSON.parse(raw.toString()))
    const lost: string[] = []
    for (const { path, list: name, element } of told) {
      const id = element.id ?? element.wacid
      const wamid = typeof id === 'string' ? id : ''
      const there =
        aside.has(path) ||
        (name === 'statuses' ? await has('status_parked', wamid) : name !== 'errors' && (await has('message', wamid)))
      if (!there) lost.push(path)
    }
    expect(lost).toEqual([])
    // A body without any such element says something about a number, a template or an account.
    if (told.length === 0) expect(aside.size).toBeGreaterThan(0)
  })

  test('only what lacks what the contract promises is held, and says why', async () => {
    const held = await world.db.selectFrom('quarantine').select(['reason', 'sqlstate']).execute()
    expect(held.filter((row) => row.sqlstate !== null)).toEqual([])
    expect(held.filter((row) => row.reason === 'unknown-channel')).toEqual([])
    for (const { reason } of held)
      expect([
        'no-sender',
        'no-id',
        'no-number',
        'no-entry',
        'no-changes',
        'no-value',
        'no-status',
        'not-an-object',
      ]).toContain(reason)
  })

  test('the ghost has become the real message', async () => {
    const ghosts = await world.db
      .selectFrom('message')
      .select(['kind'])
      .where('kind', '=', 'ghost')
      .where('superseded_by', 'is', null)
      .execute()
    expect(ghosts).toEqual([])
  })

  test('delivered once more, all of them change nothing but what is kept of the bodies themselves', async () => {
    const aside = ['webhook_raw', 'quarantine', 'account_notice']
    const before = await world.everything(aside)
    world.clock.forward(1_000)
    for (const { raw } of bodies) await world.ingest.take(raw)
    for (const { raw } of [...bodies].reverse()) await world.ingest.take(raw)
    expect(await world.everything(aside)).toBe(before)
  })
})
