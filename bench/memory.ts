// Memory of what runs: the resident size of launcher, API and worker, at rest and with a thousand open sessions. Started
// as anybody starts it, by the launcher.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Family } from '../dev/family.ts'
import { freePort } from '../dev/ports.ts'
import { answersOk, startService } from '../dev/services.ts'
import { APP_SECRET, messageBody } from './bodies.ts'
import type { Box } from './box.ts'
import { WebhookConnection } from './webhook-sender.ts'

export interface Sizes {
  readonly launcher: number
  readonly api: number
  readonly worker: number
}

export interface Memory {
  readonly atRest: Sizes
  readonly withSessions: Sizes
  readonly sessions: number
  /** What each session more adds to the worker, in MB. */
  readonly perSession: number
}

/** Before the growth is counted: the worker has met sessions, so that what it needs once is there. */
const FIRST = 100
const SESSIONS = 1_000

export async function measureMemory(box: Box): Promise<Memory> {
  const folder = join(box.folder, 'launched')
  const family = new Family(join(box.folder, 'launcher'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const launcher = await startService({
    family,
    name: 'The launcher',
    main: 'dev/start.ts',
    env: {
      ...process.env,
      PORT: String(port),
      DATA_DIR: folder,
      WHATSAPP_APP_SECRET: APP_SECRET,
      npm_lifecycle_event: '',
    },
    log: join(box.folder, 'launcher.log'),
    isReady: async () => (await answersOk(`${url}/readyz`)) && sizes(launcherPid(box)).worker > 0,
  })
  try {
    const look = (): Promise<Sizes> => settled(launcher.pid)
    const atRest = await look()
    await open(url, 0, FIRST)
    const first = await look()
    await open(url, FIRST, SESSIONS)
    const withSessions = await look()
    const perSession = (withSessions.worker - first.worker) / (SESSIONS - FIRST)
    return { atRest, withSessions, sessions: SESSIONS, perSession }
  } finally {
    await launcher.stop(10_000)
    await family.stopAll()
  }
}

/** Found in what the family wrote down, since the launcher is not ready before its services are. */
function launcherPid(box: Box): number {
  const [child] = JSON.parse(readFileSync(join(box.folder, 'launcher', 'children.json'), 'utf8')) as { pid: number }[]
  return child?.pid ?? 0
}

async function open(url: string, from: number, to: number): Promise<void> {
  const connection = await WebhookConnection.open(`${url}/webhooks/whatsapp`)
  for (let client = from; client < to; client++) {
    const { status } = await connection.post(messageBody({ client, text: 'Hello' }))
    if (status !== 200) throw new Error(`A webhook was answered with ${status}.`)
    // Slower than workflows start, so that no backlog stands in memory.
    await sleep(8)
  }
  connection.close()
}

/** Once they do not grow any more. */
async function settled(launcher: number): Promise<Sizes> {
  for (let before = sizes(launcher); ; ) {
    await sleep(3_000)
    const after = sizes(launcher)
    if (Math.abs(after.worker - before.worker) < 2) return after
    before = after
  }
}

function sizes(launcher: number): Sizes {
  const children = readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    return Number.isInteger(pid) && parentOf(pid) === launcher ? [pid] : []
  })
  const child = (main: string): number => {
    const pid = children.find((one) => commandOf(one).includes(main))
    return pid === undefined ? 0 : residentOf(pid)
  }
  return { launcher: residentOf(launcher), api: child('src/api/main.ts'), worker: child('src/worker.ts') }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const commandOf = (pid: number): string => read(pid, 'cmdline').replaceAll('\0', ' ')
const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? -1)
const residentOf = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(pid, 'status'))?.[1] ?? 0) / 1024
