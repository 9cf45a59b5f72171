// All parts of one simulator, put together. In process, tests talk to it directly; the routes are thin around it.
import { join } from 'node:path'
import { type Clock, SimulatedClock } from './clock.ts'
import { Courier } from './courier.ts'
import { noJournal, openJournal } from './journal.ts'
import { KnobBoard } from './knobs.ts'
import { Limits } from './limits.ts'
import { Live } from './live.ts'
import { MediaStore } from './media.ts'
import { Phones } from './phones.ts'
import { Sending } from './sending.ts'
import { TemplateBoard } from './template-board.ts'
import type { Template } from './templates.ts'
import { Truth } from './truth.ts'
import type { BusinessNumber } from './words.ts'
import { World } from './world.ts'

export interface MachineOptions {
  readonly webhookUrl: string | null
  readonly appSecret: string
  readonly token: string
  readonly numbers: readonly BusinessNumber[]
  readonly clock?: Clock | undefined
  /** A folder: what is said survives a restart. */
  readonly dataDir?: string | undefined
}

export type Machine = Awaited<ReturnType<typeof buildMachine>>

export async function buildMachine(options: MachineOptions) {
  const { dataDir } = options
  const journal = dataDir === undefined ? noJournal : await openJournal(join(dataDir, 'journal.jsonl'))
  const clock = new SimulatedClock(options.clock)
  const live = new Live()
  const knobs: KnobBoard = new KnobBoard(() => live.tell({ type: 'knobs', knobs: knobs.of(), own: knobs.own }))
  const limits = new Limits()
  const world = new World(options.numbers, journal, live.tell)
  const truth = new Truth()
  const media = new MediaStore(clock, journal, dataDir === undefined ? null : join(dataDir, 'media'))
  const courier = new Courier({
    webhookUrl: options.webhookUrl,
    appSecret: options.appSecret,
    clock,
    knobs,
    journal,
    told: (post) => live.tell({ type: 'post', post }),
    arrived: (wamids) => phones.arrived(wamids),
  })
  const board = new TemplateBoard({ numbers: options.numbers, courier, journal, now: () => clock.now() })
  const templates: readonly Template[] = board.all
  const sending = new Sending({ world, knobs, clock, limits, courier, media, templates })
  const phones: Phones = new Phones({ world, knobs, clock, limits, courier, media, sending })
  const held = new Set<() => void>()
  const release = (): number => {
    const released = held.size
    for (const go of held) go()
    held.clear()
    live.tell({ type: 'held', held: 0 })
    return released
  }
  return {
    token: options.token,
    clock,
    live,
    knobs,
    limits,
    world,
    truth,
    media,
    templates,
    board,
    courier,
    sending,
    phones,
    get held(): number {
      return held.size
    },
    /** Waits until somebody releases what is held. */
    hold: (): Promise<void> =>
      new Promise((resolve) => {
        held.add(resolve)
        live.tell({ type: 'held', held: held.size })
      }),
    release,
    /** Meta asks the callback for the challenge, and posts there once it came back. */
    subscribe: async (url: string, verifyToken: string): Promise<{ verified: boolean; why: string | null }> => {
      const answer = await courier.handshake(url, verifyToken)
      if (answer.verified) courier.webhookUrl = url
      return answer
    },
    get busy(): boolean {
      return courier.busy || sending.busy || phones.busy
    },
    close: async (): Promise<void> => {
      release()
      sending.close()
      phones.close()
      clock.close()
      await courier.close()
      await journal.close()
    },
  }
}
