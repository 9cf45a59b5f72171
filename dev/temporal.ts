// Embedded Temporal: one process on free loopback ports, its histories in a SQLite file (or in PostgreSQL, for benchmarks),
// with time skipping on and its namespace registered.
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import type { Child, Family } from './family.ts'
import { logTail } from './log-tail.ts'
import { freePort } from './ports.ts'
import { messageOf, Problem } from './problem.ts'
import type { Say } from './say.ts'
import { findServerAndSqlTool, findTemporal } from './temporal-binary.ts'
import { until } from './wait.ts'

const run = promisify(execFile)
const STARTS_WITHIN_MS = 60_000
const RETENTION = '7 days'
/** The other services and the membership of each of the four, as the configuration places them. */
const PORTS = [1, 2, 3, 100, 101, 102, 103]

export interface TemporalOptions {
  readonly family: Family
  /** Holds the configuration, the SQLite file and the log. */
  readonly folder: string
  readonly namespace: string
  readonly forgetful?: boolean
  /** Keep the histories in these two databases, which exist, instead of in a file. */
  readonly postgres?: TemporalOnPostgres
  /** Of a server that is started again; else a free one. */
  readonly port?: number
  readonly say?: Say
}

export interface TemporalOnPostgres {
  readonly server: URL
  readonly database: string
  readonly visibility: string
}

export interface Temporal {
  readonly child: Child
  readonly address: string
  readonly port: number
  readonly log: string
}

export async function startTemporal(options: TemporalOptions): Promise<Temporal> {
  const { family, folder, namespace, say = () => {} } = options
  mkdirSync(folder, { recursive: true })
  const log = join(folder, 'temporal.log')
  const port = options.port ?? (await freePort(PORTS))
  const address = `127.0.0.1:${port}`
  const how = options.postgres ? await onPostgres(options.postgres, folder, port, say) : await onFile(options, port)
  // SIGINT lets it close its file in order; it need not.
  const child = await family.spawn('Temporal', how.command, how.args, {
    env: { ...environment(), ...how.env },
    stopBy: 'SIGINT',
    log,
  })
  let ended = false
  child.exited.then(() => {
    ended = true
  })
  try {
    await ensureNamespace(address, namespace, STARTS_WITHIN_MS, () => ended)
  } catch (error) {
    await child.stop()
    throw new Problem(
      `Temporal cannot use its data in ${folder}: restore the folder from a backup, or move it away to begin with an empty one. (${logTail(log, 1) || messageOf(error)})`,
    )
  }
  return { child, address, port, log }
}

interface How {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC' })

async function onFile({ folder, forgetful = false, say = () => {} }: TemporalOptions, port: number): Promise<How> {
  const binary = await findTemporal(say)
  const files = { server: join(folder, 'server.sqlite'), cli: join(folder, 'cli.sqlite') }
  const other = binary.kind === 'server' ? 'cli' : 'server'
  if (existsSync(files[other]) && !existsSync(files[binary.kind])) {
    const was = other === 'cli' ? 'the Temporal CLI' : 'the Temporal server that Parley builds'
    throw new Problem(
      `The sessions in ${folder} were kept by ${was}, which is not what is found now: ${other === 'cli' ? 'put "temporal" on PATH again' : 'take "temporal" off PATH'}, or move the folder away.`,
    )
  }
  if (binary.kind === 'cli') {
    const args = [
      'server',
      'start-dev',
      '--headless',
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--log-level',
      'warn',
    ]
    args.push(
      '--db-filename',
      files.cli,
      ...(await dynamicValues()).flatMap((value) => ['--dynamic-config-value', value]),
    )
    return { command: binary.path, args, env: {} }
  }
  forgetMembers(files.server)
  const env = { TEMPORAL_DB: files.server, TEMPORAL_SYNCHRONOUS: forgetful ? '0' : '2' }
  return serverWith(binary.path, folder, 'sqlite.yaml', port, env)
}

/** A server that was killed is still a member by its old ports, and the new one would wait for it for half a minute. */
function forgetMembers(file: string): void {
  if (!existsSync(file)) return
  const database = new DatabaseSync(file)
  try {
    database.exec('DELETE FROM cluster_membership')
  } catch {
    // A file without that table, or no database at all, is the server's to judge.
  } finally {
    database.close()
  }
}

async function onPostgres(at: TemporalOnPostgres, folder: string, port: number, say: Say): Promise<How> {
  const { server, sql } = await findServerAndSqlTool(say)
  const host = at.server.hostname
  const password = decodeURIComponent(at.server.password)
  const user = decodeURIComponent(at.server.username)
  for (const [database, schema] of [
    [at.database, 'temporal'],
    [at.visibility, 'visibility'],
  ] as const) {
    const to = ['--plugin', 'postgres12', '--ep', host, '-p', at.server.port || '5432', '-u', user, '--db', database]
    const env = { ...environment(), SQL_PASSWORD: password }
    await run(sql, [...to, 'setup-schema', '-v', '0.0'], { env })
    await run(sql, [...to, 'update-schema', '--schema-name', `postgresql/v12/${schema}`], { env })
  }
  return serverWith(server, folder, 'postgresql.yaml', port, {
    TEMPORAL_POSTGRES: `${host}:${at.server.port || '5432'}`,
    TEMPORAL_POSTGRES_USER: user,
    TEMPORAL_POSTGRES_PASSWORD: password,
    TEMPORAL_DATABASE: at.database,
    TEMPORAL_VISIBILITY_DATABASE: at.visibility,
  })
}

function serverWith(path: string, folder: string, config: string, port: number, env: NodeJS.ProcessEnv): How {
  const own = (name: string) => {
    copyFileSync(source(name), join(folder, name))
    return join(folder, name)
  }
  return {
    command: path,
    args: ['--config-file', own(config), '--allow-no-auth', 'start'],
    env: { ...env, TEMPORAL_PORT: String(port), TEMPORAL_DYNAMIC_CONFIG: own('dynamic.yaml') },
  }
}

const source = (name: string): string => fileURLToPath(new URL(`./temporal/${name}`, import.meta.url))

/** The same dynamic configuration for the CLI, which takes it as arguments. */
async function dynamicValues(): Promise<readonly string[]> {
  const { readFile } = await import('node:fs/promises')
  const pairs = (await readFile(source('dynamic.yaml'), 'utf8')).matchAll(/^([\w.]+):\n\s+- value: (\S+)$/gm)
  return [...pairs].map(([, key, value]) => `${key}=${value}`)
}

/** Registers the namespace where it is missing, and returns once workflows can be started in it. */
export async function ensureNamespace(
  address: string,
  namespace: string,
  within = 20_000,
  givenUp: () => boolean = () => false,
): Promise<void> {
  let last: unknown = new Error('no answer')
  const ready = await until(
    async () => {
      if (givenUp()) return 'no' as const
      const connection = await Connection.connect({ address, connectTimeout: 2_000 }).catch((error) => {
        last = error
        return null
      })
      if (connection === null) return null
      try {
        const service = connection.workflowService
        await connection.withDeadline(Date.now() + 5_000, async () => {
          await service
            .registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION) })
            .catch((error: unknown) => {
              if (!isAlreadyThere(error)) throw error
            })
          await service.countWorkflowExecutions({ namespace })
        })
        return 'yes' as const
      } catch (error) {
        last = error
        return null
      } finally {
        await connection.close()
      }
    },
    { within, every: 100 },
  )
  if (ready !== 'yes') throw last
}

const ALREADY_EXISTS = 6
const isAlreadyThere = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === ALREADY_EXISTS
