// The processes that one launcher starts. They die with it: stopped in order when it ends, by a guard when it is killed,
// and by the next launcher of the same folder when the guard was killed, too.
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Identity, identify, isRunning } from './identity.ts'
import { until } from './wait.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly process: ChildProcess
  readonly exited: Promise<Exit>
  /** True from the moment that somebody asked it to stop. */
  readonly stopping: boolean
  stop(within?: number): Promise<void>
}

/** Services stop before the servers that they use. */
export type Layer = 'service' | 'server'

export interface SpawnOptions {
  readonly layer?: Layer
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** What asks it to end at once but in order. */
  readonly stopBy?: NodeJS.Signals
  /** The file that takes what it says; without one its output can be read from `process`. */
  readonly log?: string
}

const STOP_WITHIN_MS = 2_000
/** All of them together: with what the launcher needs around it, nobody waits longer than three seconds. */
const STOP_ALL_WITHIN_MS = 2_400

// Reads the numbers of those who live, a line at every change; when the launcher is gone the pipe ends.
const GUARD = `
while read -r line; do pids=$line; done
for pid in $pids; do kill -INT $pid 2>/dev/null; done
tries=0
while [ $tries -lt 20 ]; do
  sleep 0.1
  left=
  for pid in $pids; do kill -0 $pid 2>/dev/null && left=1; done
  [ -z "$left" ] && exit 0
  tries=$((tries + 1))
done
for pid in $pids; do kill -KILL $pid 2>/dev/null; done`

export class Family {
  readonly #file: string
  readonly #living = new Map<
    number,
    { readonly child: Child; readonly layer: Layer; readonly identity: Identity | null }
  >()
  #closed = false
  #guard: ChildProcess | null = null

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#file = join(folder, 'children.json')
  }

  /** Ends what an earlier launcher of this folder left running. Only for whoever holds the folder's lock. */
  async adoptAndEnd(): Promise<void> {
    for (const orphan of readChildren(this.#file)) await end(orphan)
    this.#record()
  }

  spawn(name: string, command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Child> {
    const { env = process.env, cwd, uid, gid, stopBy = 'SIGTERM', log, layer = 'server' } = options
    if (this.#closed) return Promise.reject(new Error(`${name} is not started: the launcher is stopping`))
    const output = log === undefined ? null : openSync(log, 'a')
    const stdio: StdioOptions = output === null ? ['ignore', 'pipe', 'pipe'] : ['ignore', output, output]
    const child = spawn(command, args, {
      env,
      stdio,
      // In a group of its own: Ctrl-C is meant for the launcher, which stops the others in order.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    if (output !== null) closeSync(output)
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('spawn', () => resolve(this.#welcome(name, child, stopBy, layer)))
    })
  }

  #welcome(name: string, child: ChildProcess, stopBy: NodeJS.Signals, layer: Layer): Child {
    const pid = child.pid
    if (pid === undefined) throw new Error(`${name} was started without a process number`)
    const exited = new Promise<Exit>((done) => {
      child.once('exit', (code, signal) => {
        this.#living.delete(pid)
        this.#record()
        done({ code, signal })
      })
    })
    let stopping = false
    const member: Child = {
      name,
      pid,
      process: child,
      exited,
      get stopping() {
        return stopping
      },
      stop: async (within = STOP_WITHIN_MS) => {
        stopping = true
        child.kill(stopBy)
        const late = setTimeout(() => child.kill('SIGKILL'), within)
        await exited
        clearTimeout(late)
      },
    }
    this.#living.set(pid, { child: member, layer, identity: identify(pid) })
    this.#record()
    if (this.#closed) child.kill('SIGKILL')
    return member
  }

  /** Nothing is started any more; whoever has not ended after its part of the time is killed. */
  async stopAll(within = STOP_ALL_WITHIN_MS): Promise<void> {
    this.#closed = true
    for (const [layer, share] of [
      ['service', 0.6],
      ['server', 0.4],
    ] as const) {
      const members = [...this.#living.values()].filter((member) => member.layer === layer)
      await Promise.all(members.map(({ child }) => child.stop(within * share)))
    }
  }

  killAll(): void {
    this.#closed = true
    for (const { child } of this.#living.values()) child.process.kill('SIGKILL')
  }

  #record(): void {
    const children = [...this.#living.values()].flatMap(({ child, identity }) =>
      identity ? [{ name: child.name, ...identity }] : [],
    )
    writeFileSync(`${this.#file}.new`, JSON.stringify(children))
    renameSync(`${this.#file}.new`, this.#file)
    if (process.platform === 'win32') return
    if (this.#guard === null && this.#living.size > 0) {
      this.#guard = spawn('/bin/sh', ['-c', GUARD], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
      this.#guard.on('error', () => {})
      this.#guard.stdin?.on('error', () => {})
      this.#guard.unref()
    }
    this.#guard?.stdin?.write(`${[...this.#living.keys()].join(' ')}\n`)
    if (this.#living.size === 0) {
      this.#guard?.stdin?.end()
      this.#guard = null
    }
  }
}

function readChildren(file: string): readonly Identity[] {
  if (!existsSync(file)) return []
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Identity[]
  } catch {
    return []
  }
}

async function end(orphan: Identity): Promise<void> {
  for (const [signal, within] of [
    ['SIGINT', 2_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isRunning(orphan)) return
    try {
      process.kill(orphan.pid, signal)
    } catch {
      return
    }
    await until(() => !isRunning(orphan), { within })
  }
}
