// A load generator, as a process of its own: as many webhooks as the other side takes, for some seconds, on connections
// that each wait for their answer. All bodies are made and signed before it begins.
import { messageBody, type SignedBody } from './bodies.ts'
import { now, WebhookConnection } from './webhook-sender.ts'

export interface FloodOrder {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Bodies at hand; when they are used up the flood ends early. */
  readonly bodies: number
  readonly clients: Clients
}

export interface Clients {
  /** Messages are of these many clients, at random; 0: of none. */
  readonly existing: number
  readonly firstExisting?: number
  /** One message in so many is from a client never seen, counted from `firstNew`. */
  readonly newOneIn: number
  readonly firstNew: number
}

/** Each from somebody never seen. */
export const newClients = (firstNew: number): Clients => ({ existing: 0, newOneIn: 1, firstNew })
export const existingClients = (existing: number): Clients => ({
  existing,
  newOneIn: Number.POSITIVE_INFINITY,
  firstNew: 0,
})

export interface Flooded {
  readonly perSecond: number
  readonly answered: number
  readonly refused: number
  readonly latencies: readonly number[]
}

/** Not counted: the first connections find everything cold. */
const RAMP_MS = 400

async function flood(order: FloodOrder, bodies: readonly SignedBody[]): Promise<Flooded> {
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => WebhookConnection.open(order.url)),
  )
  const began = now()
  const ends = began + order.seconds * 1000
  const latencies: number[] = []
  let next = 0
  let answered = 0
  let refused = 0
  let counted = 0
  let last = began
  await Promise.all(
    connections.map(async (connection) => {
      for (;;) {
        const body = bodies[next++]
        const at = now()
        if (body === undefined || at >= ends) return
        const answer = await connection.post(body)
        if (answer.status === 200) answered++
        else refused++
        last = answer.at
        if (answer.status === 200 && answer.at >= began + RAMP_MS && answer.at <= ends) {
          counted++
          latencies.push(answer.at - at)
        }
      }
    }),
  )
  for (const connection of connections) connection.close()
  const window = Math.min(last, ends) - began - RAMP_MS
  return { perSecond: (counted * 1000) / window, answered, refused, latencies }
}

function bodiesFor({ bodies, clients }: FloodOrder): readonly SignedBody[] {
  const { existing, firstExisting = 0, newOneIn, firstNew } = clients
  return Array.from({ length: bodies }, (_, n) =>
    messageBody({
      client: (n + 1) % newOneIn === 0 ? firstNew + n : firstExisting + Math.floor(Math.random() * existing),
      text: `Hello, this is message ${n}. Is my order 4711 on its way, and when will it arrive?`,
    }),
  )
}

if (import.meta.main) {
  let order: FloodOrder | null = null
  let bodies: readonly SignedBody[] = []
  process.on('message', (message: FloodOrder | 'go') => {
    if (message !== 'go') {
      order = message
      bodies = bodiesFor(message)
      process.send?.('ready')
    } else if (order !== null) {
      void flood(order, bodies).then((flooded) => process.send?.(flooded, () => process.disconnect()))
    }
  })
}
