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

// Begin the texts of statements that travel with others.
const LATER = '/* later */ '
const SOON = '/* soon */ '
const BEHIND = '/* behind the commit */ '

interface Statement {
  compile(executor: Trx): CompiledQuery
}

/**
 * A write of a transaction that says nothing anybody waits for: it leaves with the next statement that does, in one round
 * trip, and fails there; at the latest with the commit.
 */
export async function later(trx: Trx, write: Statement): Promise<void> {
  await marked(trx, LATER, write)
}

/**
 * A read of a transaction that leaves with the next statement that is awaited, ahead of it and in one round trip. Its rows
 * are there when that one is answered.
 */
export async function soon<Row>(trx: Trx, read: Statement): Promise<() => readonly Row[]> {
  const held = await marked<Row>(trx, SOON, read)
  return () => {
    if (held.rows === null) throw new Error('The statement has not been answered yet.')
    return held.rows
  }
}

/**
 * A read that leaves with the commit and sees what it made, in one round trip. Null where the commit was answered and
 * this was not: what is committed stays so.
 */
export async function behindCommit<Row>(trx: Trx, read: Statement): Promise<() => readonly Row[] | null> {
  const held = await marked<Row>(trx, BEHIND, read)
  return () => held.rows
}

/** The place of an answer that is still to come. */
class Held<Row> {
  rows: readonly Row[] | null = null
}

async function marked<Row>(trx: Trx, mark: string, statement: Statement): Promise<Held<Row>> {
  const { sql: text, parameters } = statement.compile(trx)
  const { rows } = await trx.executeQuery<Held<Row>>(CompiledQuery.raw(mark + text, [...parameters]))
  const [held] = rows
  if (!(held instanceof Held)) throw new Error('Only a transaction of byKey lets statements travel together.')
  return held
}

interface Waiting {
  readonly text: string
  readonly values: readonly unknown[]
  readonly held: Held<unknown> | null
}

const NOTHING = { command: null, rowCount: 0, rows: [] }

/** Prepares each statement once for its connection, and lets what need not be awaited travel with what is. */
class KeyedClient extends pg.Client {
  #ahead: Waiting[] = []
  #behind: Waiting[] = []

  override query = ((...asked: unknown[]) => {
    const [text, values = []] = asked
    if (typeof text !== 'string' || !Array.isArray(values) || asked.length > 2)
      return (super.query.bind(this) as (...asked: unknown[]) => unknown)(...asked)
    return this.#ask(text, values)
  }) as typeof pg.Client.prototype.query

  async #ask(text: string, values: readonly unknown[]): Promise<Pick<pg.QueryResult, 'rows' | 'rowCount'>> {
    if (text === 'begin') {
      this.#ahead.push({ text, values, held: null })
      return NOTHING
    }
    for (const mark of [LATER, SOON, BEHIND]) {
      if (!text.startsWith(mark)) continue
      const held = new Held<unknown>()
      const waits = mark === BEHIND ? this.#behind : this.#ahead
      waits.push({ text: text.slice(mark.length), values, held })
      return { ...NOTHING, rows: [held] }
    }
    const ahead = this.#ahead
    const behind = text === 'commit' ? this.#behind : []
    this.#ahead = []
    if (text === 'commit' || text === 'rollback') this.#behind = []
    // Nothing of the transaction has left, so there is none to end.
    if (text === 'rollback' && ahead[0]?.text === 'begin') return NOTHING
    return this.#travel(text === 'rollback' ? [] : ahead, { text, values, held: null }, behind)
  }

  async #travel(ahead: readonly Waiting[], awaited: Waiting, behind: readonly Waiting[]) {
    const trip = new Trip(this)
    const ask = ({ text, values, held }: Waiting) => ({
      held,
      asked: trip.ask<unknown>({ name: nameOf(text), text }, values),
    })
    const before = ahead.map(ask)
    const { asked: answer } = ask(awaited)
    const after = behind.map(ask)
    try {
      await trip.send()
      for (const { held, asked } of after) if (held !== null) held.rows = asked.rows
    } catch (error) {
      // What failed came behind the commit.
      if (after.length === 0 || answer.command === null) throw error
    }
    for (const { held, asked } of before) if (held !== null) held.rows = asked.rows
    return answer
  }
}
