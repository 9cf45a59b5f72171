// P11, P12, P13: how many events of Temporal's history a message costs, counted in real histories.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageBody, statusBody } from './bodies.ts'
import { each, type Stack } from './stack.ts'

const SESSIONS = 10
const BURST_IN = 20
const BURST_OUT = 10

export interface Events {
  /** A message of a session that waits for one: its operator writes up. Nothing costs more. */
  readonly inQuiet: number
  readonly inBurst: number
  /** A message that nobody waits for. */
  readonly inActive: number
  readonly status: number
  readonly outQuiet: number
  readonly outBurst: number
}

export async function countEvents(stack: Stack): Promise<Events> {
  const { ids, firstClient } = await stack.activeSessions(SESSIONS)
  const grown = async (by: () => Promise<void>): Promise<number> => {
    const before = await stack.events(ids)
    await by()
    await stack.drained()
    return (await stack.events(ids)) - before
  }
  const speak = (times: number) =>
    stack.deliver(
      Array.from({ length: SESSIONS * times }, (_, n) =>
        messageBody({ client: firstClient + (n % SESSIONS), text: `counted ${n}` }),
      ),
    )

  const inActive = (await grown(() => speak(1))) / SESSIONS
  const outQuiet =
    (await grown(async () => {
      for (const id of ids) {
        await stack.send(id, `quiet ${id}`)
        await stack.drained()
        await sleep(100)
      }
    })) / SESSIONS
  const outBurst =
    (await grown(() =>
      each(ids, 2, async (id) => {
        for (let n = 0; n < BURST_OUT; n++) await stack.send(id, `burst ${id} ${n}`)
      }),
    )) /
    (SESSIONS * BURST_OUT)

  const attempts = await stack.query<{ wamid: string; opaque: string; phone: string }>(
    `SELECT a.wamid, a.id::text AS opaque, p.value AS phone
       FROM attempt a JOIN session s ON s.id = a.session_id
       JOIN client_alias p ON p.client_id = s.client_id AND p.kind = 'phone'
      WHERE a.session_id = ANY ($1::uuid[]) AND a.wamid IS NOT NULL`,
    [ids],
  )
  const told = attempts.map((attempt) => statusBody({ ...attempt, status: 'read' }))
  const status = (await grown(() => stack.deliver(told))) / told.length
  const [read] = await stack.query<{ left: number }>(
    `SELECT count(*)::int AS left FROM attempt WHERE session_id = ANY ($1::uuid[]) AND state <> 'read'`,
    [ids],
  )
  if (read?.left !== 0) throw new Error(`${read?.left} statuses were not taken in, so their events say nothing.`)

  await stack.inWrapUp(ids)
  const inQuiet = (await grown(() => speak(1))) / SESSIONS
  await stack.inWrapUp(ids)
  const inBurst = (await grown(() => speak(BURST_IN))) / (SESSIONS * BURST_IN)
  return { inQuiet, inBurst, inActive, status, outQuiet, outBurst }
}
