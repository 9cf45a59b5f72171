// PostgreSQL's error codes that Parley acts on, and the sentences for a database that cannot be used as it is.

export const PROBLEM = {
  newerDatabase: 'The database was migrated by a newer Parley. Start that version, or restore a backup made before it.',
} as const

/** Repeat the transaction as it is: serialization_failure, deadlock_detected, lock_not_available. */
const REPEAT = new Set(['40001', '40P01', '55P03'])

/**
 * The database itself is away or refuses everybody: connection exceptions, insufficient resources, shutdowns, a
 * statement that took too long (57014), and read_only_sql_transaction of a standby that has not been promoted.
 */
const AWAY = /^(08|53|57P|57014|58|25006|XX)/

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])

export function sqlState(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null
  return typeof code === 'string' ? code : null
}

export const mayRepeat = (error: unknown): boolean => REPEAT.has(sqlState(error) ?? '')

/** Nothing is wrong with what was asked: the database could not be reached or lost the connection. */
export function isAway(error: unknown): boolean {
  const code = sqlState(error)
  if (code !== null) return AWAY.test(code) || NETWORK.has(code)
  // pg reports a connection that ends under a query as a plain Error without a code.
  return (
    error instanceof Error &&
    /connection|timeout exceeded|read timeout|terminat|client was closed|not queryable/i.test(error.message)
  )
}

export const isUniqueViolation = (error: unknown, constraint?: string): boolean =>
  sqlState(error) === '23505' &&
  (constraint === undefined || (error instanceof Error && 'constraint' in error && error.constraint === constraint))

/** Thrown inside a transaction to run it anew, because a concurrent one was first. */
export class Repeat extends Error {}
