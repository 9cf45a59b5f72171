// The way from any database to the newest schema.
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connect } from '../../src/db/database.ts'
import { PROBLEM } from '../../src/db/errors.ts'
import { isMigrated, migrateToLatest } from '../../src/db/migrate.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

let database: FreshDatabase
beforeEach(async () => {
  database = await freshDatabase({ migrated: false })
})
afterEach(() => database.drop())

it('migrates an empty database, and a second run changes nothing', async () => {
  expect(await isMigrated(database.db)).toBe(false)
  const first = await migrateToLatest(database.db)
  expect(first[0]).toBe('0001-people')
  expect(await migrateToLatest(database.db)).toEqual([])
  expect(await isMigrated(database.db)).toBe(true)
})

it('lets several services migrate at once: one does it, the others find it done', async () => {
  const services = Array.from({ length: 4 }, () => connect(database.url, 2))
  const applied = await Promise.all(services.map((service) => migrateToLatest(service.db)))
  await Promise.all(services.map((service) => service.close()))
  expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
  expect(await isMigrated(database.db)).toBe(true)
})

it('refuses a database that a newer Parley has migrated, in a sentence that says what to do', async () => {
  await migrateToLatest(database.db)
  await sql`INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', 'now')`.execute(database.db)
  await expect(migrateToLatest(database.db)).rejects.toThrow(`${PROBLEM.newerDatabase} (9999-later)`)
})

it('plans lists for the values at hand, and keeps the plans of what finds rows by key', async () => {
  const modeOf = async (db: FreshDatabase['db']) =>
    (await sql<{ mode: string }>`SELECT current_setting('plan_cache_mode') AS mode`.execute(db)).rows[0]?.mode
  expect([await modeOf(database.db), await modeOf(database.byKey)]).toEqual(['force_custom_plan', 'force_generic_plan'])
})
