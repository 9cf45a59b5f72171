// Finds a Temporal server that can skip time, or makes one: the CLI on PATH, what was made before, the SDK's download,
// and at last the official server, built once into the user's cache.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { tryLock } from './lock.ts'
import { messageOf, Problem } from './problem.ts'
import type { Say } from './say.ts'

export const TEMPORAL_VERSION = '1.32.1'
/** The first whose workflows can skip time, which the tests need. */
const LEAST = [1, 32] as const

const run = promisify(execFile)

export interface TemporalBinary {
  readonly kind: 'server' | 'cli'
  readonly path: string
}

export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parley')

const serverFolder = () => join(cacheFolder(), `temporal-${TEMPORAL_VERSION}`)
const exe = (name: string) => (process.platform === 'win32' ? `${name}.exe` : name)

export async function findTemporal(say: Say): Promise<TemporalBinary> {
  const onPath = await usableCli('temporal')
  if (onPath) return onPath
  const built = join(serverFolder(), exe('server'))
  if (existsSync(built)) return { kind: 'server', path: built }
  const downloads = join(cacheFolder(), 'temporal-cli')
  const downloaded = (await firstCliIn(downloads)) ?? (await download(downloads, say))
  if (downloaded) return downloaded
  return { kind: 'server', path: await build('server', 'go.temporal.io/server/cmd/server', say) }
}

/** The server itself, which alone can keep its histories in PostgreSQL, and the tool that makes its tables. */
export async function findServerAndSqlTool(say: Say): Promise<{ readonly server: string; readonly sql: string }> {
  const server = await build('server', 'go.temporal.io/server/cmd/server', say)
  const sql = await build('sql', 'go.temporal.io/server/cmd/tools/sql', say)
  return { server, sql }
}

async function usableCli(path: string): Promise<TemporalBinary | null> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 })
    const [, major, minor] = /Server (\d+)\.(\d+)/i.exec(stdout) ?? []
    const recent = Number(major) > LEAST[0] || (Number(major) === LEAST[0] && Number(minor) >= LEAST[1])
    return recent ? { kind: 'cli', path } : null
  } catch {
    return null
  }
}

async function firstCliIn(folder: string): Promise<TemporalBinary | null> {
  if (!existsSync(folder)) return null
  for (const name of readdirSync(folder)) {
    const found = name.endsWith('.downloading') ? null : await usableCli(join(folder, name))
    if (found) return found
  }
  return null
}

async function download(folder: string, say: Say): Promise<TemporalBinary | null> {
  say('Looking for a Temporal server to download')
  mkdirSync(folder, { recursive: true })
  try {
    const { TestWorkflowEnvironment } = await import('@temporalio/testing')
    const executable = { type: 'cached-download', downloadDir: folder } as const
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } })
    await environment.teardown()
    return await firstCliIn(folder)
  } catch {
    return null
  }
}

async function build(name: string, source: string, say: Say): Promise<string> {
  const folder = serverFolder()
  const built = join(folder, exe(name))
  if (existsSync(built)) return built
  await checkGo()
  const lock = await lockWithPatience(join(folder, 'build.lock'), built, say)
  if (lock === null) return built
  const staging = join(folder, 'building')
  try {
    if (!existsSync(built)) {
      await goInstall(`${source}@v${TEMPORAL_VERSION}`, staging, say)
      renameSync(join(staging, exe(name)), built)
    }
    return built
  } finally {
    rmSync(staging, { recursive: true, force: true })
    lock.release()
  }
}

async function checkGo(): Promise<void> {
  try {
    await run('go', ['version'])
  } catch {
    throw new Problem(
      'There is no Temporal server here: install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.26 (https://go.dev/dl) so that one can be built, or set TEMPORAL_ADDRESS to a running one.',
    )
  }
}

async function lockWithPatience(file: string, built: string, say: Say): Promise<{ release(): void } | null> {
  let told = false
  for (;;) {
    const lock = tryLock(file)
    if (lock) return lock
    if (!told) say('Waiting for another Parley that is building the Temporal server')
    told = true
    await sleep(1_000)
    if (existsSync(built)) return null
  }
}

/** About as many as a build from nothing compiles, to say how far it is. */
const PACKAGES = 1_750

async function goInstall(what: string, into: string, say: Say): Promise<void> {
  say(`Building Temporal from its source with Go, once: about 6 minutes on two cores (${what})`)
  const began = Date.now()
  const go = spawn('go', ['install', '-v', what], {
    env: { ...process.env, GOBIN: into, GOFLAGS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = () => go.kill('SIGINT')
  process.once('exit', stop)
  let packages = 0
  let last = ''
  createInterface({ input: go.stderr }).on('line', (line) => {
    if (/^[\w.-]+(\/|$)/.test(line) && !line.includes(' ')) packages++
    else last = line
  })
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - began) / 1000)
    say(`  … still building: ${packages} of about ${PACKAGES} packages after ${seconds} s`)
  }, 15_000)
  try {
    await new Promise<void>((resolve, reject) => {
      go.once('error', reject)
      go.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(last || `go ended with ${code}`))))
    })
  } catch (error) {
    throw new Problem(
      `The Temporal server could not be built (${messageOf(error)}): check the network and start again, or set TEMPORAL_ADDRESS to a running one.`,
    )
  } finally {
    clearInterval(progress)
    process.off('exit', stop)
  }
}
