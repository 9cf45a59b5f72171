// Waits for something to become true, with a deadline instead of a fixed sleep.
import { setTimeout as pause } from 'node:timers/promises'

const LOOK_MS = 15

export async function eventually<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  what: string,
  withinMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + withinMs
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== null && found !== undefined && found !== false) return found
      last = found
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline)
      throw new Error(`Within ${withinMs} ms it did not come true: ${what} (last: ${String(last)})`)
    await pause(LOOK_MS)
  }
}
