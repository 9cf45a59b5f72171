// The Kysely instance and its pool. Plans are always made for the values at hand: a statement that is prepared while
// its tables are still empty would keep a plan for empty tables, and ingest falls to a tenth of its rate.
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { DB } from './generated.ts'

export type Database = Kysely<DB>
/** A transaction: what must hold a lock takes this, so that the compiler insists on one. */
export type Trx = Transaction<DB>

export const CONNECTION_TIMEOUT_MS = 2_000
const STATEMENT_TIMEOUT_MS = 15_000

export function connectionConfig(databaseUrl: string): pg.ClientConfig {
  return {
    connectionString: databaseUrl,
    connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: 3_000,
    idle_in_transaction_session_timeout: 20_000,
    options: '-c plan_cache_mode=force_custom_plan -c TimeZone=UTC',
    keepAlive: true,
  }
}

export interface Connected {
  readonly db: Database
  readonly pool: pg.Pool
  close(): Promise<void>
}

export function connect(databaseUrl: string, connections = 10): Connected {
  const pool = new pg.Pool({ ...connectionConfig(databaseUrl), max: connections, idleTimeoutMillis: 60_000 })
  // A connection that breaks is replaced at the next use. Without a listener it would end the process: the pool hears of
  // those that are idle, and the one that a transaction holds between two statements has to be listened to itself.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  return { db, pool, close: () => db.destroy() }
}
