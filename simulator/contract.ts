// What POST /messages accepts: the fields and limits of each type. Whatever breaks them is refused as Meta does it:
// 131008 where something is missing, 131009 where it is wrong, 100 where it is no message at all.
import { z } from 'zod'
import { Refused } from './errors.ts'
import { templateSchema } from './templates.ts'

const text = (max: number) => z.string().min(1).max(max)
const media = z
  .looseObject({ id: z.string().min(1).optional(), link: z.url({ protocol: /^https?$/ }).optional() })
  .refine(({ id, link }) => id !== undefined || link !== undefined, {
    message: 'id or link is required',
    params: { missing: true },
  })
const captioned = media.and(z.looseObject({ caption: z.string().max(1024).optional() }))
const uncaptioned = media.refine((value) => !('caption' in value), { message: 'a caption is not allowed here' })
const unique = (values: readonly string[]): boolean => new Set(values).size === values.length

const reply = z.looseObject({ type: z.literal('reply'), reply: z.looseObject({ id: text(256), title: text(20) }) })
const row = z.looseObject({ id: text(200), title: text(24), description: z.string().max(72).optional() })
const interactiveBase = {
  header: z.looseObject({ type: z.string(), text: z.string().max(60).optional() }).optional(),
  footer: z.looseObject({ text: text(60) }).optional(),
}
const interactive = z.discriminatedUnion('type', [
  z.looseObject({
    ...interactiveBase,
    type: z.literal('button'),
    body: z.looseObject({ text: text(1024) }),
    action: z.looseObject({
      buttons: z
        .array(reply)
        .min(1)
        .max(3)
        .refine((all) => unique(all.map((one) => one.reply.title)), 'titles must be unique'),
    }),
  }),
  z.looseObject({
    ...interactiveBase,
    type: z.literal('list'),
    body: z.looseObject({ text: text(4096) }),
    action: z.looseObject({
      button: text(20),
      sections: z
        .array(z.looseObject({ title: z.string().max(24).optional(), rows: z.array(row).min(1) }))
        .min(1)
        .max(10)
        .refine((all) => all.flatMap((section) => section.rows).length <= 10, 'at most 10 rows'),
    }),
  }),
  z.looseObject({
    ...interactiveBase,
    type: z.literal('cta_url'),
    body: z.looseObject({ text: text(1024) }),
    action: z.looseObject({
      name: z.literal('cta_url'),
      parameters: z.looseObject({ display_text: text(20), url: z.url() }),
    }),
  }),
  z.looseObject({
    type: z.literal('location_request_message'),
    body: z.looseObject({ text: text(1024) }),
    action: z.looseObject({ name: z.literal('send_location') }),
  }),
])

const bodies = {
  text: z.looseObject({ body: text(4096), preview_url: z.boolean().optional() }),
  image: captioned,
  video: captioned,
  document: captioned.and(z.looseObject({ filename: z.string().optional() })),
  audio: uncaptioned,
  sticker: uncaptioned,
  location: z.looseObject({
    latitude: z.coerce.number().min(-90).max(90),
    longitude: z.coerce.number().min(-180).max(180),
    name: z.string().optional(),
    address: z.string().optional(),
  }),
  contacts: z
    .array(z.looseObject({ name: z.looseObject({ formatted_name: text(1024) }) }))
    .min(1)
    .max(257),
  reaction: z.looseObject({ message_id: text(512), emoji: z.string().max(64) }),
  interactive,
  template: templateSchema,
} as const
export type BodyType = keyof typeof bodies
export type Body = { [T in BodyType]: { readonly type: T; readonly content: z.infer<(typeof bodies)[T]> } }[BodyType]

const head = z.looseObject({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.enum(['individual', 'group']).default('individual'),
  to: z.string().optional(),
  recipient: z.string().optional(),
  type: z.string().default('text'),
  context: z.looseObject({ message_id: z.string() }).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
})
const readMark = z.looseObject({
  messaging_product: z.literal('whatsapp'),
  status: z.literal('read'),
  message_id: z.string(),
  typing_indicator: z.looseObject({ type: z.literal('text') }).optional(),
})

export interface Send {
  readonly kind: 'send'
  readonly group: boolean
  readonly to: string | undefined
  readonly recipient: string | undefined
  readonly replyTo: string | null
  readonly opaque: string | null
  readonly body: Body
}
export interface MarkRead {
  readonly kind: 'markRead'
  readonly wamid: string
  readonly typing: boolean
}

export function parseMessage(raw: unknown): Send | MarkRead {
  if (typeof raw !== 'object' || raw === null) throw new Refused(100, 'The body must be a JSON object.')
  if ('status' in raw) {
    const mark = check(readMark, raw, '')
    return { kind: 'markRead', wamid: mark.message_id, typing: mark.typing_indicator !== undefined }
  }
  if (!('messaging_product' in raw)) throw new Refused(100, 'The parameter messaging_product is required.')
  const message = check(head, raw, '')
  if (message.to === undefined && message.recipient === undefined)
    throw new Refused(100, 'The parameter to is required.')
  if (!isBodyType(message.type))
    throw new Refused(
      131009,
      `Param type must be one of {${Object.keys(bodies).join(', ').toUpperCase()}} - got "${message.type}".`,
    )
  const content = message[message.type]
  if (content === undefined) throw new Refused(131008, `Required parameter is missing: ${message.type}.`)
  return {
    kind: 'send',
    group: message.recipient_type === 'group',
    to: message.to,
    recipient: message.recipient,
    replyTo: message.context?.message_id ?? null,
    opaque: message.biz_opaque_callback_data ?? null,
    // The table above pairs type and content.
    body: { type: message.type, content: check(bodies[message.type], content, message.type) } as Body,
  }
}

const isBodyType = (type: string): type is BodyType => Object.hasOwn(bodies, type)

function check<S extends z.ZodType>(schema: S, value: unknown, at: string): z.infer<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = [at, ...(issue?.path ?? [])]
    .filter((part) => part !== '')
    .map(String)
    .join('.')
  const missing =
    issue?.code === 'invalid_type'
      ? !has(value, issue.path)
      : issue?.code === 'custom' && issue.params?.missing === true
  if (missing) throw new Refused(131008, `Required parameter is missing: ${path}.`)
  throw new Refused(at === '' ? 100 : 131009, `Parameter ${path}: ${issue?.message ?? 'invalid'}.`)
}

const has = (value: unknown, path: readonly PropertyKey[]): boolean => {
  let at: unknown = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !(part in at)) return false
    at = Reflect.get(at, part)
  }
  return true
}
