// The API as a process: its environment, what to say where it cannot start, and how it stops.
import closeWithGrace from 'close-with-grace'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { isAway, PROBLEM, sqlState } from '../db/errors.ts'
import { type Service, startService } from './service.ts'

/** A stop takes this long at most; what is under way then is told to nobody, and safe in the database. */
const STOP_MS = 2_500

function fail(sentences: readonly string[]): never {
  for (const sentence of sentences) console.error(sentence)
  process.exit(1)
}

/** What to do about it, in one sentence; null for what nobody foresaw. */
function sentenceFor(error: unknown, config: Config): string | null {
  const { host, port } = config
  const database = new URL(config.databaseUrl)
  const where = `${database.hostname}:${database.port || 5432}`
  const code = sqlState(error)
  if (code === 'EADDRINUSE') return `Port ${port} is taken: stop what listens there, or set PORT to another one.`
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return `Parley may not listen at ${host}:${port}: set HOST and PORT to others.`
  if (code === '3D000')
    return `There is no database ${database.pathname.slice(1)} at ${where}: create it, or correct DATABASE_URL.`
  if (code?.startsWith('28'))
    return `PostgreSQL at ${where} does not let Parley in: correct user and password in DATABASE_URL.`
  if (code === '42501')
    return `The user of DATABASE_URL may not create tables in ${database.pathname.slice(1)}: grant it, or name another user.`
  if (error instanceof Error && error.message.startsWith(PROBLEM.newerDatabase)) return error.message
  if (isAway(error)) return `PostgreSQL cannot be reached at ${where}: start it, or correct DATABASE_URL.`
  return null
}

export async function serve(): Promise<void> {
  let config: Config
  try {
    config = readConfig(process.env)
  } catch (error) {
    if (error instanceof ConfigError) fail(error.problems)
    throw error
  }
  let service: Service
  try {
    service = await startService(config)
  } catch (error) {
    const sentence = sentenceFor(error, config)
    if (sentence === null) throw error
    fail([sentence])
  }
  console.log(`Parley listens at ${config.publicUrl ?? service.url}`)
  if (service.setupUrl !== null)
    console.log(`Nobody has an account yet. Make the first administrator at ${service.setupUrl}`)
  closeWithGrace({ delay: STOP_MS }, async ({ err }) => {
    if (err !== undefined) service.api.log.fatal({ err }, 'the service stops because of a mistake')
    await service.close()
  })
}
