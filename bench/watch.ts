// The other end of the trace: what workers tell, and when it happened.
import { createSocket } from 'node:dgram'
import { now } from './webhook-sender.ts'

export class Watch {
  readonly #socket = createSocket('udp4')
  readonly #waiting = new Map<string, (at: number) => void>()
  /** When anything was told last. */
  lastAt = 0

  private constructor() {
    this.#socket.on('message', (data) => {
      const [what = '', at = '0'] = data.toString().split(' ')
      this.lastAt = Number(at)
      const told = this.#waiting.get(what)
      if (told === undefined) return
      this.#waiting.delete(what)
      told(Number(at))
    })
  }

  static open(port: number): Promise<Watch> {
    const watch = new Watch()
    return new Promise((resolve, reject) => {
      watch.#socket.once('error', reject)
      watch.#socket.bind(port, '127.0.0.1', () => resolve(watch))
    })
  }

  /** When `what` is told the next time; one waits for it at a time. */
  next(what: string, within = 20_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing was told of ${what} in time`)), within)
      this.#waiting.set(what, (at) => {
        clearTimeout(timer)
        resolve(at)
      })
    })
  }

  /** Once nothing has been told for a while: when the last thing was. */
  async quiet(ms = 300): Promise<number> {
    for (;;) {
      const left = this.lastAt + ms - now()
      if (left <= 0) return this.lastAt
      await new Promise((resolve) => setTimeout(resolve, left))
    }
  }

  close(): void {
    this.#socket.close()
  }
}
