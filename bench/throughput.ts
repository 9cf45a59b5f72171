// P8: how much all of Parley does in a second, with everything that follows from it done: beside bare signals, each
// handled by a workflow task of its own.
import type { Box } from './box.ts'
import type { Flooded, FloodOrder } from './flood.ts'
import { refuseNone } from './refused.ts'
import { each, type Stack } from './stack.ts'
import { Watch } from './watch.ts'
import { now } from './webhook-sender.ts'

/** One message in so many begins a session, which a workflow is started for. */
export const MESSAGES_A_SESSION = 10
const SENDS_AT_ONCE = 24

/** Messages a second, until each is answered, pushed, its bell rung and its workflow at rest. */
export async function inbound(box: Box, stack: Stack, messages: number): Promise<number> {
  const { firstClient } = await stack.newSessions(50)
  const watch = await Watch.open(stack.tracePort)
  let frames = 0
  const socket = await stack.operator.listen((frame) => {
    if (frame.type === 'message' && frame.message?.direction === 'in') frames++
  })
  try {
    const go = await box.generator<FloodOrder, Flooded>('flood.ts', {
      url: `${stack.url}/webhooks/whatsapp`,
      connections: 32,
      seconds: 60,
      bodies: messages,
      clients: {
        existing: 50,
        firstExisting: firstClient,
        firstNew: firstClient + 100_000,
        newOneIn: MESSAGES_A_SESSION,
      },
    })
    const began = now()
    const flooded = await go()
    refuseNone(flooded.refused)
    await stack.until('every message was pushed', async () => frames >= messages)
    await stack.drained()
    const drainedAt = now()
    const ends = Math.max(await watch.quiet(), drainedAt)
    return (messages * 1000) / (ends - began)
  } finally {
    socket.terminate()
    watch.close()
  }
}

/** Sends a second, from the commands to the last answer of Meta. */
export async function sends(stack: Stack, ids: readonly string[], count: number, round: number): Promise<number> {
  const began = now()
  const texts = Array.from({ length: count }, (_, n) => ({ id: ids[n % ids.length] ?? '', text: `bulk-${round}-${n}` }))
  await each(texts, SENDS_AT_ONCE, ({ id, text }) => stack.send(id, text))
  await stack.drained()
  const ends = now()
  const receipts = await stack.receipts()
  const lost = texts.filter(({ text }) => !receipts.has(text)).length
  if (lost > 0) throw new Error(`${lost} messages did not reach Meta.`)
  return (count * 1000) / (ends - began)
}
