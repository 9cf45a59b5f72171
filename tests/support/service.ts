// What tests of the API need beside the whole system: callers that carry a cookie, a token or nothing, and webhooks
// made and signed by hand.
import { createHmac } from 'node:crypto'
import { v7 } from 'uuid'
import { DEMO_ACCOUNTS, DEMO_NUMBER } from '../../dev/seed.ts'
import { eventually } from './eventually.ts'
import { PASSWORD, type SystemOptions, startSystem } from './system.ts'

export { PASSWORD }
export const [ADMIN, SARA, OLGA, OMAR] = DEMO_ACCOUNTS.map((account) => account.email) as [
  string,
  string,
  string,
  string,
]

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  readonly body: any
  readonly text: string
}

export interface Ask {
  readonly body?: unknown
  readonly headers?: Record<string, string>
  /** Sent as it is, instead of a JSON body. */
  readonly raw?: string | Buffer
}

/** A browser or a program: what it carries goes with every request. */
export class Caller {
  readonly url: string
  readonly carries: Record<string, string>

  constructor(url: string, carries: Record<string, string> = {}) {
    this.url = url
    this.carries = carries
  }

  async ask(method: string, path: string, { body, headers, raw }: Ask = {}): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.carries,
        ...headers,
      },
      ...(sent === undefined ? {} : { body: typeof sent === 'string' ? sent : new Uint8Array(sent) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? JSON.parse(text) : null,
    }
  }

  get = (path: string, ask?: Ask) => this.ask('GET', path, ask)
  post = (path: string, body?: unknown, ask?: Ask) => this.ask('POST', path, { ...ask, body })
  put = (path: string, body?: unknown, ask?: Ask) => this.ask('PUT', path, { ...ask, body })
  patch = (path: string, body?: unknown, ask?: Ask) => this.ask('PATCH', path, { ...ask, body })
  delete = (path: string, ask?: Ask) => this.ask('DELETE', path, ask)
}

export type TestService = Awaited<ReturnType<typeof startTestService>>

/** With a worker only where one is asked for. `temporalAway`: the service never reaches it. */
export async function startTestService(options: SystemOptions & { readonly temporalAway?: boolean } = {}) {
  const { temporalAway, config, ...rest } = options
  const system = await startSystem({
    worker: false,
    ...rest,
    config: { ...(temporalAway === true ? { temporalAddress: '127.0.0.1:1' } : {}), ...config },
  })
  const { url } = system
  const anybody = new Caller(url)
  const signedIn = new Map<string, Promise<Caller>>()

  async function signIn(email: string, password = PASSWORD): Promise<Caller> {
    const answer = await anybody.post('/api/v1/auth/login', { email, password })
    if (answer.status !== 200) throw new Error(`${email} could not sign in: ${answer.text}`)
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return new Caller(url, { cookie, origin: url })
  }

  return {
    system,
    service: system.service,
    config: system.config,
    db: system.db,
    clock: system.clock,
    simulator: system.simulator,
    url,
    anybody,
    signIn,
    /** The same sign-in for everyone in a file. */
    as(email: string): Promise<Caller> {
      const known = signedIn.get(email) ?? signIn(email)
      signedIn.set(email, known)
      return known
    },
    async withToken(caller: Caller): Promise<Caller> {
      const made = await caller.post('/api/v1/tokens', { name: 'test' })
      return new Caller(url, { authorization: `Bearer ${made.body.token}` })
    },
    /** As Meta delivers: signed over the bytes. */
    deliver(body: string | Buffer | object, secret: string = system.simulator.appSecret): Promise<Answer> {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
      return anybody.ask('POST', '/webhooks/whatsapp', {
        raw: bytes,
        headers: { 'content-type': 'application/json', 'x-hub-signature-256': signatureOf(bytes, secret) },
      })
    },
    /** The session of the client with this phone, once the caller sees it and it matches. */
    // biome-ignore lint/suspicious/noExplicitAny: the API's own shape
    sessionOf: async (caller: Caller, phone: string, matching: (session: any) => boolean = () => true) =>
      eventually(async () => {
        const { body } = await caller.get('/api/v1/sessions')
        // biome-ignore lint/suspicious/noExplicitAny: the API's own shape
        return body.items.find((session: any) => session.client.phone === `+${phone}` && matching(session))
      }, `a session of ${phone}`),
    close: () => system.close(),
  }
}

export const signatureOf = (bytes: string | Buffer, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`

let messages = 0

/** A webhook with one text message of a client, as Meta sends it. */
export function textFrom(
  phone: string,
  text: string,
  at = Date.now(),
  wamid = `wamid.test.${v7()}.${++messages}`,
): object {
  return envelope({
    contacts: [{ profile: { name: `Client ${phone}` }, wa_id: phone }],
    messages: [
      { from: phone, id: wamid, timestamp: String(Math.floor(at / 1000)), type: 'text', text: { body: text } },
    ],
  })
}

export function envelope(value: object): object {
  const metadata = { display_phone_number: DEMO_NUMBER.displayPhoneNumber, phone_number_id: DEMO_NUMBER.phoneNumberId }
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }
  return { object: 'whatsapp_business_account', entry: [{ id: DEMO_NUMBER.wabaId, changes: [change] }] }
}
