// Starts a simulator, for `npm run simulator` and, in process, for tests.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { Post } from './courier.ts'
import { DEMO_NUMBER } from './demo-number.ts'
import type { KnobChange, Knobs } from './knobs.ts'
import { buildMachine, type Machine } from './machine.ts'
import { PhoneBook } from './phone-book.ts'
import { buildServer } from './server.ts'
import type { Truth } from './truth.ts'
import type { BusinessNumber } from './words.ts'

export interface SimulatorOptions {
  /** 0 or absent: a free one. */
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly webhookUrl?: string | null | undefined
  readonly appSecret?: string | undefined
  readonly verifyToken?: string | undefined
  /** The bearer token that all numbers take. */
  readonly token?: string | undefined
  readonly numbers?: readonly BusinessNumber[] | undefined
  readonly clock?: Clock | undefined
  readonly dataDir?: string | undefined
}

export interface Simulator {
  /** Without a slash at the end: the base URL of the Graph API, too. */
  readonly url: string
  readonly token: string
  readonly appSecret: string
  readonly numbers: readonly BusinessNumber[]
  readonly phone: PhoneBook
  readonly knobs: {
    get(phoneNumberId?: string): Knobs
    set(change: KnobChange, phoneNumberId?: string): Knobs
    reset(phoneNumberId?: string): void
    /** Answers that are held go out; says how many. */
    release(): number
  }
  readonly clock: Machine['clock']
  readonly truth: Truth
  /** Every webhook posted, with the answers it got. */
  readonly webhooks: () => readonly Post[]
  /** Where webhooks go from now on. */
  setWebhook(url: string | null): void
  /** Meta's handshake; on success webhooks go there. */
  subscribe(url: string, verifyToken: string): Promise<{ verified: boolean; why: string | null }>
  readonly machine: Machine
  /** Resolves when nothing is on its way: no status to come, no webhook without its 200. */
  idle(withinMs?: number): Promise<void>
  close(): Promise<void>
}

export { DEMO_NUMBER }

const IDLE_LOOK_MS = 5

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const token = options.token ?? randomBytes(24).toString('base64url')
  const appSecret = options.appSecret ?? randomBytes(16).toString('hex')
  const numbers = options.numbers ?? [DEMO_NUMBER]
  const machine = await buildMachine({
    webhookUrl: options.webhookUrl ?? null,
    appSecret,
    token,
    numbers,
    clock: options.clock,
    dataDir: options.dataDir,
  })
  const app = await buildServer(machine)
  const url = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' })
  machine.media.baseUrl = url
  const { knobs } = machine
  return {
    url,
    token,
    appSecret,
    numbers,
    phone: new PhoneBook(machine),
    knobs: {
      get: (id) => knobs.of(id),
      set: (change, id) => knobs.set(change, id),
      reset: (id) => knobs.reset(id),
      release: machine.release,
    },
    clock: machine.clock,
    truth: machine.truth,
    webhooks: () => machine.courier.posts,
    setWebhook: (to) => {
      machine.courier.webhookUrl = to
    },
    subscribe: machine.subscribe,
    machine,
    idle: async (withinMs = 10_000) => {
      const deadline = Date.now() + withinMs
      while (machine.busy) {
        if (Date.now() > deadline) throw new Error(`The simulator is still busy after ${withinMs} ms`)
        await pause(IDLE_LOOK_MS)
      }
    },
    close: async () => {
      await machine.close()
      await app.close()
    },
  }
}
