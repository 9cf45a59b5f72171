// One PostgreSQL and one Temporal for a whole run, with a migrated database to clone (see database.ts). They are Parley's
// own embedded ones, or those that TEST_DATABASE_URL and TEST_TEMPORAL_ADDRESS name.
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { ensure } from '../../dev/artifact.ts'
import { workflowBundle } from '../../dev/bundle.ts'
import { Family } from '../../dev/family.ts'
import { tryLock } from '../../dev/lock.ts'
import { startPostgres } from '../../dev/postgres.ts'
import { ensureNamespace, startTemporal } from '../../dev/temporal.ts'
import { connect } from '../../src/db/database.ts'
import { migrateToLatest } from '../../src/db/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server: of its databases, the one that is always there. */
    databaseUrl: string
    templateDatabase: string
    temporalAddress: string
    temporalNamespace: string
  }
}

interface Servers {
  readonly databaseUrl: string
  readonly templateDatabase: string
  readonly temporalAddress: string
  close(): Promise<void>
}

const PREFIX = 'parley-test-'
const NAMESPACE = 'default'
const say = (line: string) => console.log(line)

// The projects of one run each call the setup, and share what the first of them started.
const shared = globalThis as { parleyServers?: { users: number; starting: Promise<Servers> } }

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  shared.parleyServers ??= { users: 0, starting: start() }
  const mine = shared.parleyServers
  mine.users++
  const servers = await mine.starting
  provide('databaseUrl', servers.databaseUrl)
  provide('templateDatabase', servers.templateDatabase)
  provide('temporalAddress', servers.temporalAddress)
  provide('temporalNamespace', NAMESPACE)
  return async () => {
    if (--mine.users > 0) return
    delete shared.parleyServers
    await servers.close()
  }
}

async function start(): Promise<Servers> {
  await removeWhatKilledRunsLeft()
  const folder = mkdtempSync(join(tmpdir(), PREFIX))
  // As root PostgreSQL runs as another user, who has to pass through.
  chmodSync(folder, 0o711)
  const lock = tryLock(join(folder, 'lock'))
  const family = new Family(folder)
  const starting = [postgres(family, folder), temporalServer(family, folder), ensure(workflowBundle, say)] as const
  const settled = await Promise.allSettled(starting)
  if (settled.some(({ status }) => status === 'rejected')) {
    await Promise.all(
      settled.map((one) =>
        one.status === 'fulfilled' && typeof one.value === 'object' ? one.value.stop() : undefined,
      ),
    )
    rmSync(folder, { recursive: true, force: true })
  }
  const [database, temporal] = await Promise.all(starting)
  const templateDatabase = `parley_template_${process.pid}`
  await makeTemplate(database.url, templateDatabase)
  return {
    databaseUrl: database.url,
    templateDatabase,
    temporalAddress: temporal.address,
    close: async () => {
      await query(database.url, `DROP DATABASE IF EXISTS ${templateDatabase}`).catch(() => {})
      await Promise.all([database.stop(), temporal.stop()])
      lock?.release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function postgres(family: Family, folder: string) {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, stop: async () => {} }
  const started = await startPostgres({
    family,
    folder: join(folder, 'postgres'),
    forgetful: true,
    connections: 300,
    say,
  })
  return { url: started.urlOf('postgres'), stop: () => started.child.stop() }
}

async function temporalServer(family: Family, folder: string) {
  const given = process.env.TEST_TEMPORAL_ADDRESS
  if (given) {
    await ensureNamespace(given, NAMESPACE)
    return { address: given, stop: async () => {} }
  }
  const started = await startTemporal({
    family,
    folder: join(folder, 'temporal'),
    namespace: NAMESPACE,
    forgetful: true,
    say,
  })
  return { address: started.address, stop: () => started.child.stop() }
}

async function makeTemplate(server: string, name: string): Promise<void> {
  await query(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const { db, close } = connect(url.href, 2)
  try {
    await migrateToLatest(db)
  } finally {
    await close()
  }
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A run that was killed could not clean up: its lock is free, its folder is still there. */
async function removeWhatKilledRunsLeft(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name)
    if (!existsSync(join(folder, 'lock'))) continue
    const lock = tryLock(join(folder, 'lock'))
    if (lock === null) continue
    await new Family(folder).adoptAndEnd()
    lock.release()
    rmSync(folder, { recursive: true, force: true })
  }
}
