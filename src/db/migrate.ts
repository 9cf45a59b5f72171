// Brings a database to the newest schema, under Kysely's advisory lock, so that any number of services may start at once.
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { PROBLEM } from './errors.ts'

// The source tree keeps migrations beside src/, the built one inside dist/.
const folder = new URL(import.meta.url.endsWith('.ts') ? '../../migrations/' : '../migrations/', import.meta.url)

async function migrations(): Promise<Record<string, Migration>> {
  const found: Record<string, Migration> = {}
  for (const file of (await readdir(fileURLToPath(folder))).filter((name) => /^\d{4}-.*\.(ts|js)$/.test(name)).sort()) {
    found[file.replace(/\.(ts|js)$/, '')] = (await import(new URL(file, folder).href)) as Migration
  }
  return found
}

// biome-ignore lint/suspicious/noExplicitAny: the migrator takes a database of any schema, which is the point of it
export async function migrateToLatest(db: Kysely<any>): Promise<readonly string[]> {
  const known = await migrations()
  const migrator = new Migrator({ db, provider: { getMigrations: async () => known } })
  const applied = await appliedMigrations(db)
  const newer = applied.filter((name) => !(name in known))
  if (newer.length > 0) throw new Error(`${PROBLEM.newerDatabase} (${newer.join(', ')})`)
  const { error, results } = await migrator.migrateToLatest()
  if (error) throw error
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName)
}

/** True once every migration that this code knows has been applied: what a worker waits for. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export async function isMigrated(db: Kysely<any>): Promise<boolean> {
  const applied = new Set(await appliedMigrations(db))
  return Object.keys(await migrations()).every((name) => applied.has(name))
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function appliedMigrations(db: Kysely<any>): Promise<readonly string[]> {
  const there = await sql<{ there: boolean }>`SELECT to_regclass('kysely_migration') IS NOT NULL AS there`.execute(db)
  if (!there.rows[0]?.there) return []
  const rows = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db)
  return rows.rows.map((row) => row.name)
}
