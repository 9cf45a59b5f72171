// The company's side of a simulator under test: a webhook that keeps what it gets, and the two independent clients.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { WhatsAppClient } from '@kapso/whatsapp-cloud-api'
import { WhatsAppAPI } from 'whatsapp-api-js'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../simulator/start.ts'

export const APP_SECRET = 'the app secret'
export const VERIFY_TOKEN = 'the verify token'
const PATIENCE_MS = 5_000

export interface Webhook {
  readonly body: Buffer
  readonly signature: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever Meta may post; each test says what it expects
  readonly json: any
}

export interface Company {
  readonly simulator: Simulator
  readonly pnid: string
  readonly webhooks: Webhook[]
  /** What the webhook answers next, in this order; then 200. */
  readonly answers: number[]
  readonly kapso: WhatsAppClient
  readonly other: WhatsAppAPI
  // biome-ignore lint/suspicious/noExplicitAny: see above
  messages(): any[]
  // biome-ignore lint/suspicious/noExplicitAny: see above
  statuses(): any[]
  post(body: unknown, token?: string): Promise<{ status: number; body: never }>
  /** Any other call of the Graph API. */
  graph(method: string, path: string): Promise<{ status: number; body: never }>
  text(to: string, text: string, opaque?: string): Promise<{ status: number; body: never }>
  control(method: string, path: string, body?: unknown): Promise<{ status: number; body: never }>
  close(): Promise<void>
}

export async function startCompany(options: Omit<SimulatorOptions, 'webhookUrl' | 'appSecret'> = {}): Promise<Company> {
  const webhooks: Webhook[] = []
  const answers: number[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const asked = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'GET') {
      const right = asked.searchParams.get('hub.verify_token') === VERIFY_TOKEN
      response.writeHead(right ? 200 : 403).end(right ? asked.searchParams.get('hub.challenge') : '')
      return
    }
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      webhooks.push({
        body,
        signature: String(request.headers['x-hub-signature-256']),
        json: JSON.parse(body.toString()),
      })
      response.writeHead(answers.shift() ?? 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const simulator = await startSimulator({ ...options, webhookUrl, appSecret: APP_SECRET })
  simulator.knobs.set({ sentAfterMs: 0, deliveredAfterMs: 0 })
  const pnid = simulator.numbers[0]?.phoneNumberId ?? ''
  const kapso = new WhatsAppClient({ accessToken: simulator.token, baseUrl: simulator.url, graphVersion: 'v25.0' })
  const other = new WhatsAppAPI({
    token: simulator.token,
    appSecret: APP_SECRET,
    webhookVerifyToken: VERIFY_TOKEN,
    v: 'v25.0',
    ponyfill: {
      subtle: crypto.subtle,
      fetch: (url: string | URL | Request, init?: RequestInit) =>
        fetch(String(url).replace('https://graph.facebook.com', simulator.url), init),
    },
  })
  const values = (list: string) =>
    webhooks.flatMap(({ json }) =>
      json.entry.flatMap((entry: { changes: { value: Record<string, unknown[]> }[] }) =>
        entry.changes.flatMap(({ value }) => value[list] ?? []),
      ),
    )
  const call = async (url: string, method: string, body: unknown, token: string) => {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as never }
  }
  const post = (body: unknown, token = simulator.token) =>
    call(`${simulator.url}/v25.0/${pnid}/messages`, 'POST', body, token)
  return {
    simulator,
    pnid,
    webhooks,
    answers,
    kapso,
    other,
    messages: () => values('messages'),
    statuses: () => values('statuses'),
    post,
    graph: (method, path) => call(`${simulator.url}/v25.0/${path}`, method, undefined, simulator.token),
    text: (to, text, opaque) =>
      post({
        messaging_product: 'whatsapp',
        to,
        type: 'text',
        text: { body: text },
        ...(opaque === undefined ? {} : { biz_opaque_callback_data: opaque }),
      }),
    control: (method, path, body) => call(`${simulator.url}/simulator${path}`, method, body, simulator.token),
    close: async () => {
      await simulator.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Looks again and again until the answer is there. */
export async function until<T>(look: () => T | undefined | false | null, withinMs = PATIENCE_MS): Promise<T> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const found = look()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`It did not happen within ${withinMs} ms: ${look.toString()}`)
    await pause(5)
  }
}
