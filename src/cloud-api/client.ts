// A thin client of Meta's Graph API for WhatsApp: one call, one answer, one timeout. It knows three outcomes of a
// send: accepted, refused for certain, and unknown, when nobody can say whether Meta has the message.
import { Agent, request } from 'undici'
import { z } from 'zod'
import { ALIAS_KINDS, type Alias, type JsonObject } from '../domain/words.ts'

/** Reaching Meta takes at most this long; within it certainly nothing was sent. */
export const CONNECT_TIMEOUT_MS = 3_000
/** From the request's last byte to its answer. */
export const ANSWER_TIMEOUT_MS = 15_000

export interface Line {
  /** e.g. https://graph.facebook.com, without a trailing slash */
  readonly baseUrl: string
  readonly version: string
  readonly token: string
  readonly phoneNumberId: string
}

export type SendOutcome =
  | { readonly outcome: 'accepted'; readonly wamid: string; readonly aliases: readonly Alias[] }
  | { readonly outcome: 'refused'; readonly code: number; readonly details: string | null }
  /** The connection could not be made, so nothing was sent. */
  | { readonly outcome: 'notReached'; readonly why: string }
  | { readonly outcome: 'unknown'; readonly why: string }

export interface OutgoingMessage {
  readonly to: Alias
  readonly message:
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'template'; readonly template: JsonObject }
  readonly replyTo: string | null
  /** Comes back in every status of the message: the attempt's id. */
  readonly opaque: string
}

const accepted = z.object({
  contacts: z.array(z.object({ wa_id: z.string().optional(), user_id: z.string().optional() })).optional(),
  messages: z.array(z.object({ id: z.string().min(1) })).min(1),
})
const refused = z.object({
  error: z.object({
    code: z.coerce.number().int(),
    message: z.string().optional(),
    error_data: z.object({ details: z.string().optional() }).optional(),
  }),
})

const NOTHING_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

const codeOf = (error: unknown): string =>
  error instanceof Error ? ('code' in error && typeof error.code === 'string' ? error.code : error.name) : 'unknown'

export class CloudApi {
  readonly #agent: Agent

  constructor(options: { readonly answerTimeoutMs?: number } = {}) {
    const answer = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS
    // An idle connection is given up before Meta does, so that no message is written into a closing one.
    this.#agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: answer,
      bodyTimeout: answer,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 30_000,
      pipelining: 1,
    })
  }

  async send(line: Line, message: OutgoingMessage): Promise<SendOutcome> {
    const said =
      message.message.type === 'text'
        ? { type: 'text', text: { body: message.message.text, preview_url: false } }
        : { type: 'template', template: message.message.template }
    const recipient = message.to.kind === 'phone' ? { to: phoneTo(message.to.value) } : { recipient: message.to.value }
    return this.#send(line, {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      ...recipient,
      ...said,
      ...(message.replyTo === null ? {} : { context: { message_id: message.replyTo } }),
      biz_opaque_callback_data: message.opaque,
    })
  }

  /** Tells Meta that the client's message was read, and, with `typing`, that an answer is being written. */
  async markRead(line: Line, wamid: string, typing = false): Promise<boolean> {
    const outcome = await this.#post(line, {
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: wamid,
      ...(typing ? { typing_indicator: { type: 'text' } } : {}),
    })
    return 'status' in outcome && outcome.status === 200
  }

  /** What Meta says of the number: proof that id and token belong together. */
  phoneNumber(line: Line): Promise<Told<PhoneNumber>> {
    const fields = 'display_phone_number,verified_name,status,quality_rating,whatsapp_business_manager_messaging_limit'
    return this.#get(line, `${encodeURIComponent(line.phoneNumberId)}?fields=${fields}`, phoneNumber)
  }

  /** What the token may do, and until when. */
  token(line: Line): Promise<Told<TokenFacts>> {
    return this.#get(line, `debug_token?input_token=${encodeURIComponent(line.token)}`, tokenFacts)
  }

  /** The apps that get the webhooks of the account. */
  subscribedApps(line: Line, wabaId: string): Promise<Told<{ readonly data: readonly unknown[] }>> {
    return this.#get(line, `${encodeURIComponent(wabaId)}/subscribed_apps`, listed)
  }

  /** One page of the account's templates. A cursor that Meta no longer knows is code 131059. */
  async templates(line: Line, wabaId: string, after: string | null): Promise<TemplatePage> {
    const query = new URLSearchParams({
      fields: 'id,name,language,category,status,parameter_format,components,quality_score,rejected_reason',
      limit: String(TEMPLATES_A_PAGE),
      ...(after === null ? {} : { after }),
    })
    const page = await this.#get(line, `${encodeURIComponent(wabaId)}/message_templates?${query}`, templatePage)
    if (!page.ok) return page
    const { data, paging } = page.told
    const more = paging?.next !== undefined && data.length > 0
    return { ok: true, templates: data, next: more ? (paging?.cursors?.after ?? null) : null }
  }

  /** An answer of another shape than is asked for counts as none: its HTTP status is what can be said of it. */
  async #get<T>(line: Line, path: string, shape: z.ZodType<T>): Promise<Told<T>> {
    try {
      const url = `${line.baseUrl}/${line.version}/${path}`
      const answer = await request(url, { dispatcher: this.#agent, headers: { authorization: `Bearer ${line.token}` } })
      const body: unknown = parse(await answer.body.text())
      const known = shape.safeParse(body)
      if (answer.statusCode === 200 && known.success) return { ok: true, told: known.data }
      const error = refused.safeParse(body)
      return { ok: false, code: error.success ? error.data.error.code : answer.statusCode }
    } catch {
      return { ok: false, code: null }
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #send(line: Line, body: JsonObject): Promise<SendOutcome> {
    const answer = await this.#post(line, body)
    if (!('status' in answer)) return answer
    const parsed = parse(answer.body)
    if (answer.status === 200) {
      const good = accepted.safeParse(parsed)
      const wamid = good.success ? good.data.messages[0]?.id : undefined
      if (!good.success || wamid === undefined) return { outcome: 'unknown', why: 'unreadable-answer' }
      return { outcome: 'accepted', wamid, aliases: aliasesOf(good.data.contacts?.[0]) }
    }
    // Only Meta's own envelope is a refusal; what a proxy between says proves nothing about the message.
    const error = refused.safeParse(parsed)
    if (!error.success) return { outcome: 'unknown', why: `http-${answer.status}` }
    const { code, message, error_data } = error.data.error
    return { outcome: 'refused', code, details: error_data?.details ?? message ?? null }
  }

  async #post(
    line: Line,
    body: JsonObject,
  ): Promise<Exclude<SendOutcome, { outcome: 'accepted' | 'refused' }> | { status: number; body: string }> {
    try {
      const answer = await request(
        `${line.baseUrl}/${line.version}/${encodeURIComponent(line.phoneNumberId)}/messages`,
        {
          method: 'POST',
          dispatcher: this.#agent,
          headers: { authorization: `Bearer ${line.token}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
      )
      return { status: answer.statusCode, body: await answer.body.text() }
    } catch (error) {
      const why = codeOf(error)
      return NOTHING_SENT.has(why) ? { outcome: 'notReached', why } : { outcome: 'unknown', why }
    }
  }
}

const TEMPLATES_A_PAGE = 100

/** Unknown fields are Meta's business; a template that lacks one of these could be neither named nor shown. */
const template = z.object({
  id: z.coerce.string(),
  name: z.string().min(1),
  language: z.string().min(1),
  category: z.string(),
  status: z.string(),
  parameter_format: z.string().optional(),
  components: z.array(z.record(z.string(), z.json())).default([]),
  quality_score: z.looseObject({ score: z.string().optional() }).optional(),
  rejected_reason: z.string().nullish(),
})
export type MetaTemplate = z.output<typeof template>
const templatePage = z.object({
  data: z.array(template),
  paging: z
    .looseObject({ cursors: z.looseObject({ after: z.string().optional() }).optional(), next: z.string().optional() })
    .optional(),
})

export type TemplatePage =
  | { readonly ok: true; readonly templates: readonly MetaTemplate[]; readonly next: string | null }
  /** Meta's code, or the HTTP status; null when Meta was not reached. */
  | { readonly ok: false; readonly code: number | null }

/** What Meta answered, or its code, or the HTTP status; null when Meta was not reached. */
export type Told<T> = { readonly ok: true; readonly told: T } | { readonly ok: false; readonly code: number | null }

const phoneNumber = z.object({
  display_phone_number: z.string().optional(),
  verified_name: z.string().optional(),
  status: z.string().optional(),
  quality_rating: z.string().optional(),
  whatsapp_business_manager_messaging_limit: z.string().optional(),
})
export type PhoneNumber = z.infer<typeof phoneNumber>

/** `expires_at` in seconds; 0: never. */
const tokenFacts = z.object({
  data: z.object({
    is_valid: z.boolean(),
    scopes: z.array(z.string()).default([]),
    expires_at: z.number().default(0),
  }),
})
export type TokenFacts = z.infer<typeof tokenFacts>

const listed = z.object({ data: z.array(z.unknown()) })

/** Without `+` Meta would put the country code of the business before it (Meta: "Phone number formats"). */
const phoneTo = (value: string): string => (value.startsWith('+') ? value : `+${value}`)

function aliasesOf(
  contact: { wa_id?: string | undefined; user_id?: string | undefined } | undefined,
): readonly Alias[] {
  const [bsuid, phone] = ALIAS_KINDS
  const aliases: Alias[] = []
  if (contact?.user_id) aliases.push({ kind: bsuid, value: contact.user_id })
  if (contact?.wa_id) aliases.push({ kind: phone, value: contact.wa_id })
  return aliases
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
