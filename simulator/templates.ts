// HeroCards at Meta: the templates of a business account, and what a message with one must bring.
import { z } from 'zod'
import { Refused } from './errors.ts'
import type { JsonObject, Shown } from './words.ts'

export interface Button {
  readonly type: 'QUICK_REPLY' | 'URL' | 'PHONE_NUMBER' | 'COPY_CODE'
  readonly text: string
  readonly url?: string
  readonly phone_number?: string
}

export type Component =
  | { readonly type: 'HEADER'; readonly format: 'TEXT'; readonly text: string }
  | { readonly type: 'HEADER'; readonly format: 'IMAGE' | 'VIDEO' | 'DOCUMENT' | 'LOCATION' }
  | { readonly type: 'BODY'; readonly text: string }
  | { readonly type: 'FOOTER'; readonly text: string }
  | { readonly type: 'BUTTONS'; readonly buttons: readonly Button[] }

export interface Template {
  readonly id: string
  readonly name: string
  readonly language: string
  readonly status: string
  readonly category: 'UTILITY' | 'MARKETING' | 'AUTHENTICATION'
  readonly parameter_format: 'POSITIONAL' | 'NAMED'
  readonly components: readonly Component[]
  readonly quality_score?: { readonly score: string }
  readonly rejected_reason?: string
}

type Seed = Omit<Template, 'id' | 'status' | 'parameter_format'> &
  Partial<Pick<Template, 'status' | 'parameter_format'>>

const seeds: readonly Seed[] = [
  {
    name: 'hello_world',
    language: 'en_US',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Hello World' },
      { type: 'BODY', text: 'Welcome! This message shows that everything is connected.' },
      { type: 'FOOTER', text: 'Sent through the Cloud API' },
    ],
  },
  {
    name: 'order_update',
    language: 'en',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Order {{1}}' },
      { type: 'BODY', text: 'Hello {{1}}, your order leaves on {{2}}. Shall we call before we come?' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Yes, please' },
          { type: 'QUICK_REPLY', text: 'No need' },
        ],
      },
    ],
  },
  {
    name: 'order_update',
    language: 'cs',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Objednávka {{1}}' },
      { type: 'BODY', text: 'Dobrý den, {{1}}, Vaše zásilka vyrazí {{2}}. Máme před doručením zavolat?' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Ano, prosím' },
          { type: 'QUICK_REPLY', text: 'Není třeba' },
        ],
      },
    ],
  },
  {
    name: 'appointment_reminder',
    language: 'en',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      { type: 'BODY', text: 'Dear {{customer_name}}, we expect you on {{date}} at {{place}}.' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Confirm' },
          { type: 'URL', text: 'Details', url: 'https://example.com/visits/{{1}}' },
          { type: 'PHONE_NUMBER', text: 'Call us', phone_number: '+420555000111' },
        ],
      },
    ],
  },
  {
    name: 'delivery_photo',
    language: 'en',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'IMAGE' },
      { type: 'BODY', text: 'Your parcel {{1}} waits where you asked.' },
    ],
  },
  {
    name: 'autumn_offer',
    language: 'en',
    category: 'MARKETING',
    components: [
      { type: 'BODY', text: 'Ten per cent off everything until Sunday, {{1}}!' },
      { type: 'FOOTER', text: 'Reply STOP to opt out' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Show me' },
          { type: 'QUICK_REPLY', text: 'Stop' },
        ],
      },
    ],
  },
  {
    name: 'one_time_code',
    language: 'en',
    category: 'AUTHENTICATION',
    components: [
      { type: 'BODY', text: '{{1}} is your verification code.' },
      { type: 'BUTTONS', buttons: [{ type: 'COPY_CODE', text: 'Copy code' }] },
    ],
  },
  {
    name: 'spring_offer',
    language: 'en',
    category: 'MARKETING',
    status: 'PAUSED',
    components: [{ type: 'BODY', text: 'Spring is here.' }],
  },
  {
    name: 'lottery',
    language: 'en',
    category: 'MARKETING',
    status: 'REJECTED',
    components: [{ type: 'BODY', text: 'You have won!' }],
  },
  {
    name: 'feedback',
    language: 'cs',
    category: 'MARKETING',
    status: 'DISABLED',
    components: [{ type: 'BODY', text: 'Jak jste byli spokojeni?' }],
  },
]

export const seededTemplates = (): readonly Template[] =>
  seeds.map((seed, at) => ({
    status: 'APPROVED',
    parameter_format: 'POSITIONAL',
    ...seed,
    id: String(840_000_000_000_001 + at),
  }))

const parameter = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  parameter_name: z.string().optional(),
})
export const templateSchema = z.looseObject({
  name: z.string().min(1).max(512),
  language: z.looseObject({ code: z.string().min(2) }),
  components: z
    .array(
      z.looseObject({
        type: z.string().transform((type) => type.toLowerCase()),
        sub_type: z.string().optional(),
        index: z.union([z.string(), z.int()]).optional(),
        parameters: z.array(parameter).default([]),
      }),
    )
    .default([]),
})
export type TemplateSend = z.infer<typeof templateSchema>
type Parameters = TemplateSend['components'][number]['parameters']

const variables = (text: string): string[] => [
  ...new Set([...text.matchAll(/\{\{\s*([\w]+)\s*\}\}/g)].map((match) => match[1] ?? '')),
]

/** Finds the template and fills it in, or refuses as Meta does. */
export function fill(
  send: TemplateSend,
  templates: readonly Template[],
): { readonly template: Template; readonly shown: Shown; readonly headerMedia: JsonObject | null } {
  const template = templates.find(({ name, language }) => name === send.name && language === send.language.code)
  if (template?.status === 'PAUSED') throw new Refused(132015)
  if (template?.status === 'DISABLED') throw new Refused(132016)
  if (template?.status !== 'APPROVED') {
    throw new Refused(132001, `template name (${send.name}) does not exist in ${send.language.code}`)
  }
  const given = (type: string): Parameters =>
    send.components.find((component) => component.type === type)?.parameters ?? []
  let shown: Shown = { body: '' }
  let headerMedia: JsonObject | null = null
  for (const component of template.components) {
    if (component.type === 'HEADER' && component.format === 'TEXT') {
      shown = { ...shown, header: filled(component.text, given('header'), template, 'header') }
    } else if (component.type === 'HEADER' && component.format === 'LOCATION') {
      shown = { ...shown, header: placeOf(given('header')) }
    } else if (component.type === 'HEADER') {
      headerMedia = mediaOf(given('header'), component.format.toLowerCase())
    } else if (component.type === 'BODY') {
      shown = { ...shown, body: filled(component.text, given('body'), template, 'body') }
    } else if (component.type === 'FOOTER') shown = { ...shown, footer: component.text }
    else shown = { ...shown, buttons: component.buttons.map((button, at) => shownButton(button, at, send)) }
  }
  if (shown.body.length > 1024) throw new Refused(132005)
  return { template, shown, headerMedia }
}

function filled(text: string, parameters: Parameters, template: Template, where: string): string {
  const names = variables(text)
  if (names.length !== parameters.length) {
    throw new Refused(
      132000,
      `${where}: number of localizable_params (${parameters.length}) does not match the expected number of params (${names.length})`,
    )
  }
  const named = template.parameter_format === 'NAMED'
  const values = new Map<string, string>()
  for (const [at, { type, text: value, parameter_name }] of parameters.entries()) {
    if (type !== 'text') throw new Refused(132012, `${where}: parameter ${at} has the wrong type ${type}`)
    if (value === undefined || value === '') throw new Refused(131008, `${where}: parameter ${at} needs a text`)
    if (named && (parameter_name === undefined || !names.includes(parameter_name))) {
      throw new Refused(132012, `${where}: parameter name is missing or invalid`)
    }
    if (/[\n\t]| {5,}/.test(value))
      throw new Refused(
        132018,
        `${where}: param text cannot have new-line/tab characters or more than 4 consecutive spaces`,
      )
    values.set(named ? (parameter_name ?? '') : (names[at] ?? ''), value)
  }
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => values.get(name) ?? '')
}

function mediaOf(parameters: Parameters, kind: string): JsonObject {
  const media = parameters[0]?.[kind]
  if (parameters.length !== 1)
    throw new Refused(132000, `header: number of params (${parameters.length}) does not match the expected number (1)`)
  const parsed = z.looseObject({ id: z.string().optional(), link: z.string().optional() }).safeParse(media)
  if (!parsed.success || (parsed.data.id === undefined && parsed.data.link === undefined)) {
    throw new Refused(132012, `header: Format mismatch, expected ${kind.toUpperCase()}`)
  }
  return {
    type: kind,
    ...(parsed.data.id === undefined ? {} : { id: parsed.data.id }),
    ...(parsed.data.link === undefined ? {} : { link: parsed.data.link }),
  }
}

function placeOf(parameters: Parameters): string {
  if (parameters.length !== 1)
    throw new Refused(132000, `header: number of params (${parameters.length}) does not match the expected number (1)`)
  const place = z.looseObject({
    latitude: z.coerce.number(),
    longitude: z.coerce.number(),
    name: z.string().optional(),
  })
  const parsed = place.safeParse(parameters[0]?.location)
  if (!parsed.success) throw new Refused(132012, 'header: Format mismatch, expected LOCATION')
  const { name, latitude, longitude } = parsed.data
  return name ?? `${latitude}, ${longitude}`
}

function shownButton(button: Button, at: number, send: TemplateSend): NonNullable<Shown['buttons']>[number] {
  const own = send.components.find(({ type, index }) => type === 'button' && Number(index) === at)
  const value = own?.parameters[0]
  if (button.type === 'QUICK_REPLY') {
    const payload = value?.payload
    return { kind: 'reply', id: typeof payload === 'string' ? payload : button.text, text: button.text }
  }
  if (button.type === 'URL') {
    const needs = variables(button.url ?? '').length > 0
    if (needs && value?.text === undefined)
      throw new Refused(131008, `buttons: Button at index ${at} of type Url requires a parameter`)
    return { kind: 'url', id: (button.url ?? '').replace(/\{\{\w+\}\}/, value?.text ?? ''), text: button.text }
  }
  if (button.type === 'COPY_CODE')
    return { kind: 'copy', id: String(value?.text ?? value?.coupon_code ?? ''), text: button.text }
  return { kind: 'phone', id: button.phone_number ?? '', text: button.text }
}
