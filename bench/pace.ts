// Work at a pace that does not slow down because answers are slow.
import { now } from './webhook-sender.ts'

/** Begins `one` so many times a second for some seconds; returns when the last has ended. */
export async function paced(perSecond: number, seconds: number, one: (n: number) => Promise<void>): Promise<void> {
  const began = now()
  const underWay: Promise<void>[] = []
  const count = Math.round(perSecond * seconds)
  for (let n = 0; n < count; n++) {
    const wait = began + (n * 1000) / perSecond - now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    underWay.push(one(n))
  }
  await Promise.all(underWay)
}
