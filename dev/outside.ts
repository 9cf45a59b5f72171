// What the launcher was told to use instead of its own: it answers, or one sentence says what to do.
import pg from 'pg'
import { messageOf, Problem } from './problem.ts'
import { ensureNamespace } from './temporal.ts'

const OLDEST_POSTGRES = 15

export async function checkDatabase(databaseUrl: string): Promise<void> {
  const instead = 'start it, correct DATABASE_URL, or leave it out to use the embedded one.'
  if (!URL.canParse(databaseUrl) || !/^postgres(ql)?:$/.test(new URL(databaseUrl).protocol)) {
    throw new Problem(
      'DATABASE_URL is not an address like postgres://user:password@host:5432/parley: correct it, or leave it out to use the embedded PostgreSQL.',
    )
  }
  const { host, pathname } = new URL(databaseUrl)
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
    const version = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
    if (version < OLDEST_POSTGRES) {
      throw new Problem(
        `The PostgreSQL of DATABASE_URL is version ${version}: Parley needs ${OLDEST_POSTGRES} or newer.`,
      )
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(
      `The PostgreSQL of DATABASE_URL cannot be used (${host}${pathname}: ${reason(error)}): ${instead}`,
    )
  } finally {
    await client.end().catch(() => {})
  }
}

export async function checkTemporal(address: string, namespace: string): Promise<void> {
  try {
    await ensureNamespace(address, namespace, 8_000)
  } catch (error) {
    throw new Problem(
      `The Temporal of TEMPORAL_ADDRESS cannot be used (${address}: ${reason(error)}): start it, correct TEMPORAL_ADDRESS, or leave it out to use the embedded one.`,
    )
  }
}

/** An error of several attempts (one an address of the host) says nothing itself. */
function reason(error: unknown): string {
  const told = error instanceof AggregateError ? error.errors[0] : error
  return messageOf(told).trim().split('\n')[0] || 'no answer'
}
