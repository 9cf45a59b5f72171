// A database of one's own for a test file: a clone of the migrated template, made in a fraction of a second.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { type Connected, connect } from '../../src/db/database.ts'

export interface FreshDatabase {
  readonly url: string
  readonly db: Connected['db']
  readonly byKey: Connected['byKey']
  readonly pool: Connected['pool']
  drop(): Promise<void>
}

export async function freshDatabase({ migrated = true, connections = 10 } = {}): Promise<FreshDatabase> {
  const name = `parley_${randomBytes(6).toString('hex')}`
  await onServer(`CREATE DATABASE ${name}${migrated ? ` TEMPLATE ${inject('templateDatabase')}` : ''}`)
  const url = new URL(inject('databaseUrl'))
  url.pathname = `/${name}`
  const { db, byKey, pool, close } = connect(url.href, connections)
  return {
    url: url.href,
    db,
    byKey,
    pool,
    drop: async () => {
      await close()
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    },
  }
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseUrl') })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
