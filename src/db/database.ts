// The Kysely instances and their pools. Two ways to plan: lists are planned for the values at hand, each time; what finds
// rows by key, which is what every message needs, is planned once for a connection, because planning cost several times
// what the statements cost. A plan that is kept may not be one for empty tables, which would read them whole for ever
// after: so those connections are told to prefer an index whatever a table looks like.
import { CompiledQuery, Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { DB } from './generated.ts'
import { Trip } from './trip.ts'

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
    new pg.Pool({ ...config, options: BY_KEY, max: Math.ceil((connections * 2) / 3), Client: KeyedClient }),
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

function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  if (names.size >= MOST_STATEMENTS) return ''
  const name = `parley-${names.size}`
  names.set(text, name)
  return name
}

/** Begins the text of a statement whose answer nobody waits for. */
const LATER = '/* later */ '

/**
 * A write of a transaction that says nothing anybody waits for: it leaves with the next statement that does, in one round
 * trip, and fails there; at the latest with the commit.
 */
export async function later(trx: Trx, write: { compile(executor: Trx): CompiledQuery }): Promise<void> {
  const { sql: text, parameters } = write.compile(trx)
  await trx.executeQuery(CompiledQuery.raw(LATER + text, [...parameters]))
}

const NOTHING = { command: null, rowCount: 0, rows: [] }

/** Prepares each statement once for its connection, and lets what need not be awaited travel with what is. */
class KeyedClient extends pg.Client {
  #waiting: { readonly text: string; readonly values: readonly unknown[] }[] = []

  override query = ((...asked: unknown[]) => {
    const [text, values = []] = asked
    if (typeof text !== 'string' || !Array.isArray(values) || asked.length > 2)
      return (super.query.bind(this) as (...asked: unknown[]) => unknown)(...asked)
    return this.#ask(text, values)
  }) as typeof pg.Client.prototype.query

  async #ask(text: string, values: readonly unknown[]): Promise<Pick<pg.QueryResult, 'rows' | 'rowCount'>> {
    const begins = text === 'begin'
    if (begins || text.startsWith(LATER)) {
      this.#waiting.push({ text: begins ? text : text.slice(LATER.length), values })
      return NOTHING
    }
    const before = this.#waiting
    this.#waiting = []
    // Nothing of the transaction has left, so there is none to end.
    if (text === 'rollback' && before[0]?.text === 'begin') return NOTHING
    const trip = new Trip(this)
    if (text !== 'rollback') for (const one of before) trip.ask({ name: nameOf(one.text), text: one.text }, one.values)
    const answer = trip.ask({ name: nameOf(text), text }, values)
    await trip.send()
    return answer
  }
}
