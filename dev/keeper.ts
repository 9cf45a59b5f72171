// Keeps the parts of a running Parley alive. A part that ends unasked is started again, because all of them are made to
// be restarted at any moment, and somebody who kills one on purpose wants to see just that; the waits grow, and a part
// that never stays is told of and ends everything.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child, Exit } from './family.ts'
import { messageOf } from './problem.ts'
import type { Say } from './say.ts'

const LONGEST_WAIT_MS = 15_000
const FAILURES = 6
/** Whoever lived so long has not failed in a row. */
const STEADY_MS = 30_000

export interface Part {
  readonly name: string
  readonly log: string
  /** Resolves when it is ready. */
  start(): Promise<Child>
}

export class Keeper {
  readonly #say: Say
  readonly #giveUp: (sentence: string) => void
  #stopped = false

  constructor(say: Say, giveUp: (sentence: string) => void) {
    this.#say = say
    this.#giveUp = giveUp
  }

  /** Once it has been started the first time: what goes wrong there is the caller's to tell. */
  keep(part: Part, child: Child): void {
    this.#watch(part, child, 0)
  }

  stop(): void {
    this.#stopped = true
  }

  #watch(part: Part, child: Child, failures: number): void {
    const began = Date.now()
    void child.exited.then((exit) => {
      if (this.#stopped || child.stopping) return
      const before = Date.now() - began > STEADY_MS ? 0 : failures
      void this.#restart(part, `${part.name} ended unexpectedly (${wordsFor(exit)})`, before)
    })
  }

  async #restart(part: Part, what: string, failures: number): Promise<void> {
    if (failures >= FAILURES) {
      this.#giveUp(`${what} again and again: read ${part.log}, put it right and start again.`)
      return
    }
    this.#say(`${what}: starting it again. Its log is ${part.log}`)
    await sleep(failures === 0 ? 0 : Math.min(LONGEST_WAIT_MS, 250 * 2 ** failures))
    if (this.#stopped) return
    try {
      this.#watch(part, await part.start(), failures + 1)
      this.#say(`${part.name} is back`)
    } catch (error) {
      if (!this.#stopped) await this.#restart(part, `${part.name} does not start (${messageOf(error)})`, failures + 1)
    }
  }
}

const wordsFor = ({ code, signal }: Exit): string => (signal === null ? `exit code ${code}` : `signal ${signal}`)
