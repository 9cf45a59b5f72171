// Waiting for what has no event of its own: ask again and again until a deadline.
import { setTimeout as sleep } from 'node:timers/promises'

/** The first answer that is neither null nor false; null when the time is over. */
export async function until<T>(
  ask: () => Promise<T | null | false> | T | null | false,
  { within, every = 50 }: { readonly within: number; readonly every?: number },
): Promise<T | null> {
  const deadline = Date.now() + within
  for (;;) {
    const answer = await ask()
    if (answer !== null && answer !== false) return answer
    if (Date.now() >= deadline) return null
    await sleep(every)
  }
}
