// P10: twenty thousand open sessions, many more than the worker keeps at hand, for ten minutes in which their timers fire
// and their clients write on: the worker's memory must not follow their number. Takes a quarter of an hour, so it is
// measured only when asked for.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageBody } from './bodies.ts'
import type { Stack } from './stack.ts'
import { now } from './webhook-sender.ts'

const SESSIONS = 20_000
const BATCH = 200
const HOLD_MS = 10 * 60 * 1000
const MESSAGES_A_SECOND = 20

/** The worker's largest resident size meanwhile, in MB. */
export async function endurance(stack: Stack, say: (line: string) => void): Promise<number> {
  let largest = 0
  const look = (): void => {
    largest = Math.max(largest, residentOf(stack.workerPid))
  }
  let firstClient = 0
  for (let open = 0; open < SESSIONS; open += BATCH) {
    const made = await stack.newSessions(BATCH)
    if (open === 0) firstClient = made.firstClient
    look()
    if ((open + BATCH) % 2_000 === 0) say(`  ${open + BATCH} sessions open, worker ${largest.toFixed(0)} MB`)
  }
  for (let n = 0, until = now() + HOLD_MS; now() < until; n++) {
    const second = now() + 1_000
    await stack.deliver(
      Array.from({ length: MESSAGES_A_SECOND }, (_, k) =>
        messageBody({ client: firstClient + ((n * 7919 + k * 977) % SESSIONS), text: `still here ${n}` }),
      ),
    )
    look()
    if (n % 60 === 0) say(`  minute ${n / 60}: worker ${largest.toFixed(0)} MB at most`)
    await sleep(Math.max(0, second - now()))
  }
  await stack.drained()
  return largest
}

function residentOf(pid: number): number {
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (resident === undefined) throw new Error('The worker is gone.')
  return Number(resident) / 1024
}
