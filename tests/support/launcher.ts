// `npm start` and what it started, as somebody at the keyboard has it: what it prints, the keys that stop it, and the
// phone page and API that its addresses lead to.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Identity, identify, isRunning } from '../../dev/identity.ts'
import { eventually } from './eventually.ts'
import { type Person, signIn } from './system.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const READY_WITHIN_MS = 90_000

export interface Launched {
  readonly process: ChildProcess
  readonly pid: number
  readonly url: string
  readonly phoneUrl: string
  /** From the first line to the last, as it says itself. */
  readonly readyAfterMs: number
  said(): string
  /** Those it has written down as its own. */
  children(): readonly (Identity & { name: string })[]
  /** Those, and whoever else descends from it: itself, and the guard that watches it. */
  everybody(): readonly Identity[]
  readonly exited: Promise<number | null>
  signIn(who: 'admin' | 'sara' | 'olga' | 'omar'): Promise<Person>
}

export async function launch(folder: string, port: number, env: Record<string, string> = {}): Promise<Launched> {
  const child = spawn(process.execPath, ['dev/run.js', 'start'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: folder, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let ended = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      ended = true
      resolve(code)
    })
  })
  const found = (pattern: RegExp): string => pattern.exec(said)?.[1] ?? ''
  await eventually(() => ended || said.includes('Ctrl-C stops everything'), 'Parley is ready', READY_WITHIN_MS)
  const pid = child.pid ?? 0
  if (ended) throw new Error(`Parley did not start: ${said}`)
  const children = () =>
    (JSON.parse(readFileSync(join(folder, 'children.json'), 'utf8')) as (Identity & { name: string })[]).filter(
      isRunning,
    )
  return {
    process: child,
    pid,
    url: `http://127.0.0.1:${port}`,
    phoneUrl: found(/(http:\S+)\/phone\//),
    readyAfterMs: Number(found(/ready, after ([\d.]+) s/)) * 1000,
    said: () => said,
    children,
    everybody: () =>
      [pid, ...childrenOf(pid), ...children().map((one) => one.pid)].flatMap((one) => identify(one) ?? []),
    exited,
    signIn: (who) => signIn(`http://127.0.0.1:${port}`, `${who}@parley.test`, found(/Password +(\S+)/)),
  }
}

/** Whom a process has started itself; what the system does not tell is left out. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number).filter(Boolean)
  } catch {
    return []
  }
}

interface Note {
  readonly from: 'client' | 'company'
  readonly shown: { readonly body?: string }
}

/** A client's phone at the simulator, over its REST. */
export class Phone {
  readonly #client: string

  private constructor(client: string) {
    this.#client = client
  }

  static async of(simulatorUrl: string, phone: string, name: string): Promise<Phone> {
    const client = `${simulatorUrl}/simulator/clients`
    await post(client, { phone, name })
    return new Phone(`${client}/${phone}`)
  }

  /** One that was there before. */
  static known(simulatorUrl: string, phone: string): Phone {
    return new Phone(`${simulatorUrl}/simulator/clients/${phone}`)
  }

  async writes(text: string): Promise<void> {
    await post(`${this.#client}/messages`, { type: 'text', text })
  }

  gets(text: string): Promise<true> {
    return eventually(
      async () => {
        const { items } = (await (await fetch(`${this.#client}/messages`)).json()) as { items: readonly Note[] }
        return items.some((note) => note.from === 'company' && note.shown.body === text)
      },
      `the client gets “${text}”`,
      30_000,
    )
  }
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}
