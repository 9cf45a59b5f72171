// The Kysely instances and their pools. Two ways to plan: lists are planned for the values at hand, each time; what finds
// rows by key, which is what every message needs, is planned once for a connection, because planning cost several times
// what the statements cost. A plan that is kept may not be one for empty tables, which would read them whole for ever
// after: so those connections are told to prefer an index whatever a table looks like.
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

/** Prepared once for each connection, and read by index even while a table is young. */
export const BY_KEY =
  '-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off -c TimeZone=UTC'

export interface Connected {
  readonly db: Database
  /** The same tables, for statements of a fixed text that find rows by key. */
  readonly byKey: Database
  readonly pool: pg.Pool
  close(): Promise<void>
}

export function connect(databaseUrl: string, connections = 10): Connected {
  const config = { ...connectionConfig(databaseUrl), idleTimeoutMillis: 60_000 }
  const pool = guarded(new pg.Pool({ ...config, max: Math.ceil(connections / 3) }))
  const keyed = guarded(
    new pg.Pool({ ...config, options: BY_KEY, max: Math.ceil((connections * 2) / 3), Client: PreparingClient }),
  )
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  const byKey = new Kysely<DB>({ dialect: new PostgresDialect({ pool: keyed }) })
  return { db, byKey, pool, close: async () => void (await Promise.all([db.destroy(), byKey.destroy()])) }
}

/**
 * A connection that breaks is replaced at the next use. Without a listener it would end the process: the pool hears of
 * those that are idle, and the one that a transaction holds between two statements has to be listened to itself.
 */
function guarded(pool: pg.Pool): pg.Pool {
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Texts differ only by which columns are set; a text beyond these would be one that is made of values. */
const MOST_STATEMENTS = 500
const names = new Map<string, string>()

function nameOf(text: string): string | null {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= MOST_STATEMENTS) return null
  const name = `parley-${names.size}`
  names.set(text, name)
  return name
}

/** Names each statement that has values, so that `pg` prepares it once for the connection. */
class PreparingClient extends pg.Client {
  override query = ((...asked: unknown[]) => {
    const query = super.query.bind(this) as (...asked: unknown[]) => unknown
    const [text, values] = asked
    const isPlain = asked.length === 2 && typeof text === 'string' && Array.isArray(values) && values.length > 0
    const name = isPlain ? nameOf(text) : null
    return name === null ? query(...asked) : query({ name, text, values })
  }) as typeof pg.Client.prototype.query
}
