// The knobs: every way in which Meta can be slow, wrong, late or silent. Global ones, and others for single numbers.
import { z } from 'zod'

/** How many times it still happens: the next n, or all. */
const times = z.union([z.int().min(0).max(1_000_000), z.literal('all')])
export type Times = z.infer<typeof times>
const ms = z.int().min(0).max(3_600_000)

export const knobsSchema = z.strictObject({
  /** Before the answer of every API call. */
  latencyMs: ms,
  /**
   * Refuse sends with this code: now by HTTP status, or later by a failed status. With 190 now, as with a token that is
   * dead, every other call is refused, too, as long as sends are; only sends are counted.
   */
  refuse: z.strictObject({ code: z.int().min(0), when: z.enum(['now', 'later']), times }),
  /** Accept the message, then cut the connection. */
  loseAnswer: times,
  /** Cut the connection and accept nothing. */
  loseRequest: times,
  /** Accept the message, and answer only when released. */
  holdAnswer: times,
  /** Answer with rubbish; `accept` says whether the message was taken all the same. */
  garble: z.strictObject({
    status: z.int().min(200).max(599),
    body: z.enum(['html', 'cut', 'empty', 'json']),
    accept: z.boolean(),
    times,
  }),
  /** Meta's own refusals of window and recipient: in the answer, or later as a failed status. */
  judge: z.enum(['now', 'later']),
  /** Messages a second and number, both directions together; 0: no limit. */
  throughput: z.int().min(0).max(1_000_000),
  /** One message a pair and 6 s, 45 at once. */
  pairRate: z.boolean(),
  /** A number under test: only these recipients; null: everybody. */
  allowList: z.array(z.string()).nullable(),
  /** Somebody unknown is written to: a phone appears, or nobody is there. */
  strangers: z.enum(['appear', 'undeliverable']),
  /** The answer to a template says held_for_quality_assessment, and it fails with 132015. */
  holdForQuality: times,
  /** Accepted and never heard of again, as when the time to live runs out. */
  vanish: times,
  sentAfterMs: ms,
  deliveredAfterMs: ms,
  /** No delivered status: only sent, then read. */
  skipDelivered: times,
  /** So many further copies of each webhook. */
  duplicate: z.int().min(0).max(100),
  /** Collect webhooks for a moment, and post them in reverse. */
  reorder: z.boolean(),
  /** Up to so many updates in one POST. */
  batch: z.int().min(1).max(1000),
  /** How long a batch, or a reversed order, is collected. */
  collectMs: ms,
  webhookDelayMs: ms,
  /** The client's message comes as 131060 first, then really, with the same wamid. */
  ghost: times,
  ghostAfterMs: ms,
  /** `messages`: clients' messages carry the BSUID only; `all`: answers and statuses, too. */
  bsuidOnly: z.enum(['off', 'messages', 'all']),
  /** Senders without `profile`. */
  noProfile: z.boolean(),
  /** What Meta says of number, token and account when it is asked. */
  quality: z.enum(['GREEN', 'YELLOW', 'RED', 'UNKNOWN']),
  registered: z.boolean(),
  subscribed: z.boolean(),
  scopes: z.array(z.string()),
  /** Everybody reads what arrives. */
  autoRead: z.boolean(),
  /** Statuses of this version: up to v23.0 each has a conversation object. */
  webhookVersion: z.string().regex(/^v\d+\.\d+$/),
  /** Service messages are billed since October 2026: by the clock, or as told. */
  billing: z.enum(['byDate', 'before', 'since']),
  /** A webhook that was not answered 200 comes again, ever more rarely, by the simulator's clock. */
  retryFirstMs: z.int().min(1),
  retryFactor: z.number().min(1).max(10),
  retryMaxMs: z.int().min(1),
  giveUpAfterMs: z.int().min(0),
})

export type Knobs = z.infer<typeof knobsSchema>

export const DEFAULTS: Knobs = {
  latencyMs: 0,
  quality: 'GREEN',
  registered: true,
  subscribed: true,
  scopes: ['whatsapp_business_management', 'whatsapp_business_messaging'],
  refuse: { code: 131000, when: 'now', times: 0 },
  loseAnswer: 0,
  loseRequest: 0,
  holdAnswer: 0,
  garble: { status: 502, body: 'html', accept: false, times: 0 },
  judge: 'later',
  throughput: 80,
  pairRate: true,
  allowList: null,
  strangers: 'appear',
  holdForQuality: 0,
  vanish: 0,
  sentAfterMs: 20,
  deliveredAfterMs: 60,
  skipDelivered: 0,
  duplicate: 0,
  reorder: false,
  batch: 1,
  collectMs: 100,
  webhookDelayMs: 0,
  ghost: 0,
  ghostAfterMs: 200,
  bsuidOnly: 'off',
  noProfile: false,
  autoRead: false,
  webhookVersion: 'v25.0',
  billing: 'byDate',
  retryFirstMs: 2_000,
  retryFactor: 2,
  retryMaxMs: 3_600_000,
  giveUpAfterMs: 7 * 24 * 3_600_000,
}

export const changeSchema = knobsSchema
  .extend({ refuse: knobsSchema.shape.refuse.partial(), garble: knobsSchema.shape.garble.partial() })
  .partial()
export type KnobChange = z.infer<typeof changeSchema>

const DEAD_TOKEN = 190

type Counted = 'loseAnswer' | 'loseRequest' | 'holdAnswer' | 'holdForQuality' | 'vanish' | 'skipDelivered' | 'ghost'
const oneLess = (left: Times): Times => (left === 'all' ? left : left - 1)

export class KnobBoard {
  #global: Knobs = DEFAULTS
  readonly #perNumber = new Map<string, Partial<Knobs>>()
  readonly #changed: () => void

  constructor(changed: () => void) {
    this.#changed = changed
  }

  of(phoneNumberId?: string): Knobs {
    const own = phoneNumberId === undefined ? undefined : this.#perNumber.get(phoneNumberId)
    return own ? { ...this.#global, ...own } : this.#global
  }

  /** What is set for single numbers alone. */
  get own(): Readonly<Record<string, Partial<Knobs>>> {
    return Object.fromEntries(this.#perNumber)
  }

  set(change: KnobChange, phoneNumberId?: string): Knobs {
    const { refuse, garble, ...plain } = change
    const now = this.of(phoneNumberId)
    const next: Partial<Knobs> = {
      ...withoutUndefined(plain),
      ...(refuse ? { refuse: { ...now.refuse, ...withoutUndefined(refuse) } } : {}),
      ...(garble ? { garble: { ...now.garble, ...withoutUndefined(garble) } } : {}),
    }
    if (phoneNumberId === undefined) this.#global = { ...this.#global, ...next }
    else this.#perNumber.set(phoneNumberId, { ...this.#perNumber.get(phoneNumberId), ...next })
    this.#changed()
    return this.of(phoneNumberId)
  }

  reset(phoneNumberId?: string): void {
    if (phoneNumberId !== undefined) this.#perNumber.delete(phoneNumberId)
    else {
      this.#global = DEFAULTS
      this.#perNumber.clear()
    }
    this.#changed()
  }

  /** True when it happens now; then once less. */
  spend(name: Counted, phoneNumberId: string): boolean {
    const left = this.of(phoneNumberId)[name]
    if (left === 0) return false
    if (left !== 'all') this.#write(phoneNumberId, name, { [name]: oneLess(left) })
    return true
  }

  spendRefusal(phoneNumberId: string): { code: number; when: 'now' | 'later' } | null {
    const { refuse } = this.of(phoneNumberId)
    if (refuse.times === 0) return null
    this.#write(phoneNumberId, 'refuse', { refuse: { ...refuse, times: oneLess(refuse.times) } })
    return refuse
  }

  /** Whether the next send would be refused because the token is dead. */
  tokenIsDead(id?: string): boolean {
    const { code, when, times } = this.of(id).refuse
    return code === DEAD_TOKEN && when === 'now' && times !== 0
  }

  spendGarble(phoneNumberId: string): Knobs['garble'] | null {
    const { garble } = this.of(phoneNumberId)
    if (garble.times === 0) return null
    this.#write(phoneNumberId, 'garble', { garble: { ...garble, times: oneLess(garble.times) } })
    return garble
  }

  /** The count goes down where it was set: at the number, else for all. */
  #write(phoneNumberId: string, name: keyof Knobs, next: Partial<Knobs>): void {
    const own = this.#perNumber.get(phoneNumberId)
    if (own && name in own) this.#perNumber.set(phoneNumberId, { ...own, ...next })
    else this.#global = { ...this.#global, ...next }
    this.#changed()
  }
}

/** A partial change as zod gives it may hold undefined, which must not overwrite. */
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Defined<T>
}
