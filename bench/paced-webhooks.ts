// Webhooks at a pace, as a process of its own, with an operator's websocket beside: when each was sent, answered, and
// seen by the operator; and, where sessions are named, when their workflow had followed.
import { Client, Connection } from '@temporalio/client'
import { workflowIdOf } from '../src/workflows/contract.ts'
import { messageBody, statusBody } from './bodies.ts'
import { Operator } from './operator.ts'
import { paced } from './pace.ts'
import { Watch } from './watch.ts'
import { now, WebhookConnection } from './webhook-sender.ts'

export interface PacedOrder {
  readonly url: string
  readonly email: string
  readonly password: string
  readonly perSecond: number
  readonly seconds: number
  /** Messages come from these many clients in turn, the first being `firstClient`. */
  readonly clients: number
  readonly firstClient: number
  /** Three of four webhooks are statuses instead: sent, delivered and read of each of these attempts. */
  readonly statuses?: readonly { readonly wamid: string; readonly opaque: string; readonly phone: string }[]
  /** The sessions of the clients, in order: wait until the workflow has followed, too. */
  readonly follow?: Follow
}

export interface Follow {
  readonly sessions: readonly string[]
  readonly address: string
  readonly namespace: string
  readonly tracePort: number
}

export interface PacedResult {
  readonly refused: number
  /** Messages whose frame did not come. */
  readonly unseen: number
  /** Sent → 200. */
  readonly answered: readonly number[]
  /** Sent → frame. */
  readonly seen: readonly number[]
  /** Sent → the workflow's task done. */
  readonly followed: readonly number[]
}

const STATUSES = ['sent', 'delivered', 'read'] as const
const CONNECTIONS = 32
const SEEN_WITHIN_MS = 10_000

async function prepare(order: PacedOrder): Promise<() => Promise<PacedResult>> {
  const operator = await Operator.signIn(order.url, order.email, order.password)
  const seenAt = new Map<string, number>()
  const socket = await operator.listen((frame) => {
    const { type, message } = frame
    if (type === 'message' && message?.direction === 'in' && message.text !== null && !seenAt.has(message.text))
      seenAt.set(message.text, now())
  })
  const free = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => WebhookConnection.open(`${order.url}/webhooks/whatsapp`)),
  )
  const watch = order.follow === undefined ? null : await Watch.open(order.follow.tracePort)
  const runs = order.follow === undefined ? [] : await runIds(order.follow)
  const bodies = Array.from({ length: Math.round(order.perSecond * order.seconds) }, (_, n) => {
    const client = order.firstClient + (n % order.clients)
    const text = `paced-${process.pid}-${n}`
    const status = STATUSES[n % 4]
    const attempt = order.statuses?.[Math.floor(n / 4)]
    return status !== undefined && attempt !== undefined
      ? { text: null, body: statusBody({ ...attempt, status }) }
      : { text, body: messageBody({ client, text }) }
  })
  return async () => {
    const sentAt = new Map<string, number>()
    const answered: number[] = []
    const followed: number[] = []
    let refused = 0
    await paced(order.perSecond, order.seconds, async (n) => {
      const one = bodies[n]
      if (one === undefined) return
      const connection = free.shift() ?? (await WebhookConnection.open(`${order.url}/webhooks/whatsapp`))
      const runId = runs[n % order.clients]
      const handled = watch !== null && runId !== undefined ? watch.next(runId) : null
      const at = now()
      if (one.text !== null) sentAt.set(one.text, at)
      const answer = await connection.post(one.body)
      free.push(connection)
      if (answer.status !== 200) refused++
      answered.push(answer.at - at)
      if (handled !== null) followed.push((await handled) - at)
    })
    const deadline = now() + SEEN_WITHIN_MS
    while (seenAt.size < sentAt.size && now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
    const seen = [...sentAt].flatMap(([text, at]) => {
      const frame = seenAt.get(text)
      return frame === undefined ? [] : [frame - at]
    })
    for (const connection of free) connection.close()
    socket.terminate()
    watch?.close()
    return { refused, unseen: sentAt.size - seen.length, answered, seen, followed }
  }
}

async function runIds({ address, namespace, sessions }: Follow): Promise<readonly string[]> {
  const connection = await Connection.connect({ address })
  const client = new Client({ connection, namespace })
  const runs: string[] = []
  for (const id of sessions) runs.push((await client.workflow.getHandle(workflowIdOf(id)).describe()).runId)
  await connection.close()
  return runs
}

let go: (() => Promise<PacedResult>) | null = null
process.on('message', (message: PacedOrder | 'go') => {
  if (message !== 'go') {
    void prepare(message).then((ready) => {
      go = ready
      process.send?.('ready')
    })
  } else if (go !== null) {
    void go().then((result) => process.send?.(result, () => process.disconnect()))
  }
})
