// Carries webhooks to the company as Meta does: signed, concurrent, in batches, doubled, out of order, and again and
// again for up to seven days until somebody answers 200.
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { SimulatedClock } from './clock.ts'
import type { Journal } from './journal.ts'
import type { KnobBoard } from './knobs.ts'
import { asciiJson, signature } from './signing.ts'
import type { BusinessNumber, Json, JsonObject } from './words.ts'

const MAX_BODY_BYTES = 3 * 1024 * 1024
const ANSWER_TIMEOUT_MS = 10_000
const MOST_AT_ONCE = 64
const LOG_LENGTH = 2_000

/** One thing to report: a message, a status, an error, an echo. */
export interface Update {
  readonly number: BusinessNumber
  readonly field: string
  /** The list of the value that it stands in. */
  readonly list: 'messages' | 'statuses' | 'errors' | 'message_echoes' | 'user_preferences'
  readonly contact: JsonObject | null
  readonly item: JsonObject
}

/** One body on its way, with every answer it got. */
export interface Post {
  readonly id: string
  readonly body: string
  readonly updates: number
  readonly copyOf: string | null
  readonly firstAt: number
  state: 'waiting' | 'delivered' | 'givenUp'
  nextAt: number | null
  readonly tries: {
    readonly at: number
    readonly status: number | null
    readonly error: string | null
    readonly tookMs: number
  }[]
}

export interface CourierOptions {
  readonly webhookUrl: string | null
  readonly appSecret: string
  readonly clock: SimulatedClock
  readonly knobs: KnobBoard
  readonly journal: Journal
  readonly told: (post: Post) => void
  /** The wamids of clients' messages in a body that was answered 200. */
  readonly arrived: (wamids: readonly string[]) => void
}

export class Courier {
  webhookUrl: string | null
  readonly posts: Post[] = []
  readonly #o: CourierOptions
  readonly #agent = new Agent({
    connections: MOST_AT_ONCE,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  })
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #waiting = new Set<Post>()
  readonly #tried = new WeakMap<Post, Promise<void>>()
  #collected: Update[] = []
  #collecting: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: CourierOptions) {
    this.#o = options
    this.webhookUrl = options.webhookUrl
    for (const kept of options.journal.kept.get('post')?.values() ?? []) this.#resume(kept as unknown as Post)
  }

  /** True while a body waits for its 200, or updates for their body. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#collected.length > 0 || this.#timers.size > 0
  }

  take(update: Update): void {
    const { batch, reorder, collectMs, webhookDelayMs } = this.#o.knobs.of(update.number.phoneNumberId)
    if (batch === 1 && !reorder) {
      this.#later(webhookDelayMs, () => void this.#send([update]))
      return
    }
    this.#collected.push(update)
    if (!reorder && this.#collected.length >= batch) this.#hand()
    else this.#collecting ??= this.#later(collectMs + webhookDelayMs, () => this.#hand())
  }

  /** Posts a body that somebody else wrote, signed like any other. */
  raw(payload: Json): Post {
    return this.#post(asciiJson(payload), 1, null)
  }

  /** Meta's handshake, when a callback is subscribed: the challenge must come back. */
  async handshake(url: string, verifyToken: string): Promise<{ verified: boolean; why: string | null }> {
    const challenge = String(1_000_000_000 + Math.floor(Math.random() * 9e8))
    const asked = new URL(url)
    for (const [key, value] of Object.entries({ mode: 'subscribe', challenge, verify_token: verifyToken })) {
      asked.searchParams.set(`hub.${key}`, value)
    }
    try {
      const answer = await request(asked, { dispatcher: this.#agent })
      const text = await answer.body.text()
      if (answer.statusCode === 200 && text === challenge) return { verified: true, why: null }
      return {
        verified: false,
        why: answer.statusCode === 200 ? 'the challenge did not come back' : `HTTP ${answer.statusCode}`,
      }
    } catch (error) {
      return { verified: false, why: reason(error) }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#agent.destroy()
  }

  #hand(): void {
    if (this.#collecting) {
      clearTimeout(this.#collecting)
      this.#timers.delete(this.#collecting)
    }
    this.#collecting = null
    const updates = this.#collected.splice(0)
    const first = updates[0]
    if (!first) return
    const { batch, reorder } = this.#o.knobs.of(first.number.phoneNumberId)
    const groups = Array.from({ length: Math.ceil(updates.length / batch) }, (_, at) =>
      updates.slice(at * batch, (at + 1) * batch),
    )
    if (reorder) void this.#inTurn(groups.reverse())
    else for (const group of groups) void this.#send(group)
  }

  /** Backwards for certain: each waits for the answer to the one before. */
  async #inTurn(groups: readonly Update[][]): Promise<void> {
    for (const group of groups) await this.#send(group)
  }

  /** Resolves after the first try of each copy. */
  async #send(updates: readonly Update[]): Promise<void> {
    const first = updates[0]
    if (!first) return
    const body = asciiJson(envelope(updates))
    if (body.length > MAX_BODY_BYTES && updates.length > 1) {
      const half = Math.ceil(updates.length / 2)
      await Promise.all([this.#send(updates.slice(0, half)), this.#send(updates.slice(half))])
      return
    }
    const { duplicate } = this.#o.knobs.of(first.number.phoneNumberId)
    const original = this.#post(body, updates.length, null)
    const copies = Array.from({ length: duplicate }, () => this.#post(body, updates.length, original.id))
    await Promise.all([original, ...copies].map((post) => this.#tried.get(post)))
  }

  #post(body: Buffer, updates: number, copyOf: string | null): Post {
    const post: Post = {
      id: randomUUID(),
      body: body.toString('latin1'),
      updates,
      copyOf,
      firstAt: this.#o.clock.now(),
      state: 'waiting',
      nextAt: null,
      tries: [],
    }
    this.posts.push(post)
    if (this.posts.length > LOG_LENGTH) {
      const old = this.posts.findIndex((one) => one.state !== 'waiting')
      if (old >= 0) this.posts.splice(old, 1)
    }
    this.#waiting.add(post)
    this.#note(post)
    this.#tried.set(post, this.#try(post))
    return post
  }

  async #try(post: Post): Promise<void> {
    if (this.#closed) return
    post.nextAt = null
    const started = Date.now()
    const { status, error } = await this.#carry(post)
    if (this.#closed) return
    const now = this.#o.clock.now()
    post.tries.push({ at: now, status, error, tookMs: Date.now() - started })
    const { retryFirstMs, retryFactor, retryMaxMs, giveUpAfterMs } = this.#o.knobs.of()
    if (status === 200) post.state = 'delivered'
    else if (now - post.firstAt >= giveUpAfterMs) post.state = 'givenUp'
    else post.nextAt = now + Math.min(retryMaxMs, retryFirstMs * retryFactor ** (post.tries.length - 1))
    if (post.nextAt === null) this.#waiting.delete(post)
    else this.#o.clock.at(post.nextAt, () => void this.#try(post))
    if (status === 200) this.#o.arrived(clientWamids(post.body))
    this.#note(post)
  }

  async #carry(post: Post): Promise<{ status: number | null; error: string | null }> {
    if (this.webhookUrl === null) return { status: null, error: 'no callback is subscribed' }
    const body = Buffer.from(post.body, 'latin1')
    try {
      const answer = await request(this.webhookUrl, {
        method: 'POST',
        dispatcher: this.#agent,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'facebookexternalua',
          'x-hub-signature-256': signature(this.#o.appSecret, body),
        },
        body,
      })
      await answer.body.dump()
      return { status: answer.statusCode, error: null }
    } catch (error) {
      return { status: null, error: reason(error) }
    }
  }

  #resume(post: Post): void {
    this.posts.push(post)
    this.#waiting.add(post)
    this.#o.clock.at(post.nextAt ?? this.#o.clock.now(), () => void this.#try(post))
  }

  #note(post: Post): void {
    this.#o.journal.put('post', post.id, post.state === 'waiting' ? post : null)
    this.#o.told(post)
  }

  #later(afterMs: number, run: () => void): NodeJS.Timeout | null {
    if (afterMs === 0) {
      run()
      return null
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, afterMs)
    this.#timers.add(timer)
    return timer
  }
}

/** One entry a WABA, one change a number and kind; the order of the updates stays within them. */
function envelope(updates: readonly Update[]): JsonObject {
  const entries = new Map<string, Map<string, Update[]>>()
  for (const update of updates) {
    const { wabaId, phoneNumberId } = update.number
    const changes = entries.get(wabaId) ?? new Map<string, Update[]>()
    entries.set(wabaId, changes)
    const key = `${phoneNumberId} ${update.field} ${update.list}`
    changes.set(key, [...(changes.get(key) ?? []), update])
  }
  return {
    object: 'whatsapp_business_account',
    entry: [...entries].map(([id, changes]) => ({ id, changes: [...changes.values()].map(change) })),
  }
}

function change(updates: readonly Update[]): JsonObject {
  const [first] = updates
  if (!first) return {}
  const contacts = new Map<string, JsonObject>()
  for (const { contact } of updates) if (contact) contacts.set(JSON.stringify(contact), contact)
  return {
    value: {
      messaging_product: 'whatsapp',
      metadata: {
        display_phone_number: first.number.displayPhoneNumber.replace(/\D/g, ''),
        phone_number_id: first.number.phoneNumberId,
      },
      ...(contacts.size > 0 ? { contacts: [...contacts.values()] } : {}),
      [first.list]: updates.map((update) => update.item),
    },
    field: first.field,
  }
}

const bodyOfMessages = z.object({
  entry: z.array(
    z.object({
      changes: z.array(z.object({ value: z.object({ messages: z.array(z.object({ id: z.string() })).optional() }) })),
    }),
  ),
})

/** Read back from the body, so that it works for bodies of an earlier run, too. */
function clientWamids(body: string): string[] {
  if (!body.includes('"messages"')) return []
  const parsed = bodyOfMessages.safeParse(JSON.parse(body))
  if (!parsed.success) return []
  const changes = parsed.data.entry.flatMap((entry) => entry.changes)
  return changes.flatMap(({ value }) => value.messages?.map((message) => message.id) ?? [])
}

const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
