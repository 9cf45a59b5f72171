// HeroCards (Meta: message templates): what of a template is to be filled in, whether it may be sent, and what a filled-in
// one is for Meta and for whoever looks at it. Pure; what Meta tells is read tolerantly, because it grows kinds of its own.
import type { Json, JsonObject } from './words.ts'

export const HEADER_MEDIA = ['image', 'video', 'document'] as const
export type HeaderMedia = (typeof HEADER_MEDIA)[number]

/** Why a template is shown and not offered. */
export const NOT_SENDABLE_BECAUSE = [
  'pending',
  'rejected',
  'paused',
  'disabled',
  'archived',
  'deleted',
  'inAppeal',
  'limitExceeded',
  'notApproved',
  'carousel',
  'limitedTimeOffer',
  'catalog',
  'flow',
  'oneTimePassword',
  'unsupported',
] as const
export type NotSendable = (typeof NOT_SENDABLE_BECAUSE)[number]

export interface Template {
  readonly name: string
  readonly language: string
  readonly category: string
  readonly status: string
  readonly parameterFormat: string
  readonly components: Json
}

type Text = { readonly text: string; readonly variables: readonly string[] }
export type Header =
  | ({ readonly format: 'text' } & Text)
  | { readonly format: HeaderMedia }
  | { readonly format: 'location' }
export type Button =
  | { readonly type: 'reply'; readonly text: string }
  | { readonly type: 'url'; readonly text: string; readonly url: string; readonly takesSuffix: boolean }
  | { readonly type: 'phone'; readonly text: string; readonly phone: string }
  | { readonly type: 'copyCode'; readonly text: string }

/** What is to be filled in, and around it what stands. */
export interface TemplateForm {
  readonly named: boolean
  readonly header: Header | null
  readonly body: Text
  readonly footer: string | null
  readonly buttons: readonly Button[]
}

const NOT_APPROVED: Readonly<Record<string, NotSendable>> = {
  PENDING: 'pending',
  REJECTED: 'rejected',
  PAUSED: 'paused',
  DISABLED: 'disabled',
  ARCHIVED: 'archived',
  DELETED: 'deleted',
  PENDING_DELETION: 'deleted',
  IN_APPEAL: 'inAppeal',
  LIMIT_EXCEEDED: 'limitExceeded',
}

/** The form, or why there is none to fill in. */
export function formOf(template: Template): TemplateForm | NotSendable {
  if (template.category.toUpperCase() === 'AUTHENTICATION') return 'oneTimePassword'
  let header: Header | null = null
  let body: Text = { text: '', variables: [] }
  let footer: string | null = null
  let buttons: readonly Button[] = []
  for (const component of objectsOf(template.components)) {
    const read = readComponent(component)
    if (typeof read === 'string') return read
    if (read.header !== undefined) header = read.header
    if (read.body !== undefined) body = read.body
    if (read.footer !== undefined) footer = read.footer
    if (read.buttons !== undefined) buttons = read.buttons
  }
  return { named: template.parameterFormat.toUpperCase() === 'NAMED', header, body, footer, buttons }
}

/** Whether it may be sent now; its form where it may. */
export function sendable(template: Template): { readonly form: TemplateForm } | { readonly because: NotSendable } {
  const form = formOf(template)
  if (typeof form === 'string') return { because: form }
  if (isApproved(template.status)) return { form }
  return { because: NOT_APPROVED[template.status.toUpperCase()] ?? 'notApproved' }
}

/** "Flagged" and "reinstated" are said of templates that may be sent. */
export const isApproved = (status: string | null): boolean =>
  ['APPROVED', 'FLAGGED', 'REINSTATED'].includes(status?.toUpperCase() ?? '')

interface Piece {
  readonly header?: Header
  readonly body?: Text
  readonly footer?: string
  readonly buttons?: readonly Button[]
}

function readComponent(component: JsonObject): Piece | NotSendable {
  const text = typeof component.text === 'string' ? component.text : ''
  switch (word(component.type)) {
    case 'HEADER': {
      const format = word(component.format)
      if (format === 'TEXT') return { header: { format: 'text', ...textOf(text) } }
      if (format === 'LOCATION') return { header: { format: 'location' } }
      const media = HEADER_MEDIA.find((kind) => kind.toUpperCase() === format)
      return media === undefined ? 'unsupported' : { header: { format: media } }
    }
    case 'BODY':
      return { body: textOf(text) }
    case 'FOOTER':
      return { footer: text }
    case 'BUTTONS': {
      const buttons: Button[] = []
      for (const button of objectsOf(component.buttons ?? null)) {
        const read = readButton(button)
        if (typeof read === 'string') return read
        buttons.push(read)
      }
      return { buttons }
    }
    case 'CAROUSEL':
      return 'carousel'
    case 'LIMITED_TIME_OFFER':
      return 'limitedTimeOffer'
    default:
      return 'unsupported'
  }
}

function readButton(button: JsonObject): Button | NotSendable {
  const text = typeof button.text === 'string' ? button.text : ''
  switch (word(button.type)) {
    case 'QUICK_REPLY':
      return { type: 'reply', text }
    case 'URL': {
      const url = typeof button.url === 'string' ? button.url : ''
      return { type: 'url', text, url, takesSuffix: variablesOf(url).length > 0 }
    }
    case 'PHONE_NUMBER':
      return { type: 'phone', text, phone: typeof button.phone_number === 'string' ? button.phone_number : '' }
    case 'COPY_CODE':
      return { type: 'copyCode', text }
    case 'FLOW':
      return 'flow'
    case 'CATALOG':
    case 'MPM':
    case 'SPM':
      return 'catalog'
    case 'OTP':
      return 'oneTimePassword'
    default:
      return 'unsupported'
  }
}

const word = (value: Json | undefined): string => (typeof value === 'string' ? value.toUpperCase() : '')
const objectsOf = (value: Json): readonly JsonObject[] =>
  Array.isArray(value)
    ? value.filter((one): one is JsonObject => typeof one === 'object' && one !== null && !Array.isArray(one))
    : []

const VARIABLE = /\{\{\s*(\w+)\s*\}\}/g
const variablesOf = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(VARIABLE)].map((match) => match[1] ?? '')),
]
const textOf = (text: string): Text => ({ text, variables: variablesOf(text) })

// --- filling in -----------------------------------------------------------------------------------------------------

export interface Place {
  readonly latitude: number
  readonly longitude: number
  readonly name?: string | undefined
  readonly address?: string | undefined
}

/** As the API takes them: values in the order of the template's variables, or by their names. */
export interface Parameters {
  readonly header?: readonly (string | Place)[] | undefined
  readonly body?: readonly string[] | Readonly<Record<string, string>> | undefined
  readonly buttons?: readonly { readonly index: number; readonly value: string }[] | undefined
}

export const PARAMETER_PROBLEMS = [
  'missing',
  'unexpected',
  'empty',
  'tooLong',
  'characters',
  'notALink',
  'notAPlace',
  'notAText',
  'notNamed',
] as const
export type ParameterProblem = (typeof PARAMETER_PROBLEMS)[number]

export type Mistake = {
  /** A JSON pointer from the parameters on: `/body/0`. */
  readonly pointer: string
  readonly problem: ParameterProblem
}

export interface ShownHeader {
  readonly format: Header['format']
  readonly text?: string
  readonly link?: string
  readonly place?: JsonObject
}
export interface ShownButton {
  readonly type: Button['type']
  readonly text: string
  readonly value: string | null
}

/** The card as the client sees it. */
export interface ShownCard {
  readonly header: ShownHeader | null
  readonly body: string
  readonly footer: string | null
  readonly buttons: readonly ShownButton[]
}

export interface Filled {
  /** For Meta: the `components` of the send. */
  readonly components: readonly JsonObject[]
  readonly shown: ShownCard
}

/** Meta's limits (contract 2.1, 2.3). */
const MOST = { header: 60, body: 1024, suffix: 2_000, code: 15, link: 2_048 } as const

/** Meta refuses line breaks, tabs and more than four spaces in a value (132018). */
const FORBIDDEN = /[\n\r\t]| {5,}/

export function fill(
  form: TemplateForm,
  given: Parameters,
): { readonly ok: true; readonly filled: Filled } | { readonly ok: false; readonly mistakes: readonly Mistake[] } {
  const mistakes: Mistake[] = []
  const wrong = (pointer: string, problem: ParameterProblem): void => void mistakes.push({ pointer, problem })
  const components: JsonObject[] = []

  const header = fillHeader(form, given.header ?? [], components, wrong)
  const values = bodyValues(form, given.body ?? [], wrong)
  const body = withValues(form.body.text, form.body.variables, values)
  if (body.length > MOST.body) wrong('/body', 'tooLong')
  if (values.length > 0) components.push({ type: 'body', parameters: parametersOf(form, form.body.variables, values) })
  const buttons = fillButtons(form, given.buttons ?? [], components, wrong)

  if (mistakes.length > 0) return { ok: false, mistakes }
  return { ok: true, filled: { components, shown: { header, body, footer: form.footer, buttons } } }
}

type Wrong = (pointer: string, problem: ParameterProblem) => void

function fillHeader(
  form: TemplateForm,
  values: readonly (string | Place)[],
  components: JsonObject[],
  wrong: Wrong,
): ShownHeader | null {
  const { header } = form
  const takes = header === null ? 0 : header.format === 'text' ? header.variables.length : 1
  for (let n = takes; n < values.length; n++) wrong(`/header/${n}`, 'unexpected')
  for (let n = values.length; n < takes; n++) wrong(`/header/${n}`, 'missing')
  if (header === null) return null
  const given = values.slice(0, takes)
  if (header.format === 'text') {
    const texts = given.map((value, n) => {
      if (typeof value !== 'string') wrong(`/header/${n}`, 'notAText')
      else checkText(value, `/header/${n}`, wrong)
      return typeof value === 'string' ? value : ''
    })
    const text = withValues(header.text, header.variables, texts)
    if (text.length > MOST.header) wrong('/header', 'tooLong')
    if (texts.length > 0) components.push({ type: 'header', parameters: parametersOf(form, header.variables, texts) })
    return { format: 'text', text }
  }
  const [value] = given
  if (value === undefined) return null
  if (header.format === 'location') {
    if (typeof value === 'string' || Math.abs(value.latitude) > 90 || Math.abs(value.longitude) > 180) {
      wrong('/header/0', 'notAPlace')
      return null
    }
    const place = Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as JsonObject
    components.push({ type: 'header', parameters: [{ type: 'location', location: place }] })
    return { format: 'location', place }
  }
  if (typeof value !== 'string' || !isLink(value)) {
    wrong('/header/0', 'notALink')
    return null
  }
  components.push({ type: 'header', parameters: [{ type: header.format, [header.format]: { link: value } }] })
  return { format: header.format, link: value }
}

function bodyValues(form: TemplateForm, given: NonNullable<Parameters['body']>, wrong: Wrong): readonly string[] {
  const { variables } = form.body
  if (Array.isArray(given)) {
    const values = given as readonly string[]
    if (form.named && values.length > 0) {
      wrong('/body', 'notNamed')
      return []
    }
    for (let n = variables.length; n < values.length; n++) wrong(`/body/${n}`, 'unexpected')
    return variables.map((name, n) => {
      const value = values[n]
      const pointer = form.named ? `/body/${name}` : `/body/${n}`
      if (value === undefined) wrong(pointer, 'missing')
      else checkText(value, pointer, wrong)
      return value ?? ''
    })
  }
  const byName = given as Readonly<Record<string, string>>
  for (const name of Object.keys(byName)) if (!variables.includes(name)) wrong(`/body/${pointed(name)}`, 'unexpected')
  return variables.map((name) => {
    const value = Object.hasOwn(byName, name) ? byName[name] : undefined
    if (value === undefined) wrong(`/body/${name}`, 'missing')
    else checkText(value, `/body/${name}`, wrong)
    return value ?? ''
  })
}

function fillButtons(
  form: TemplateForm,
  given: NonNullable<Parameters['buttons']>,
  components: JsonObject[],
  wrong: Wrong,
): readonly ShownButton[] {
  const values = new Map<number, { readonly value: string; readonly at: number }>()
  for (const [at, { index, value }] of given.entries()) {
    const button = form.buttons[index]
    const takes =
      button?.type === 'copyCode' || button?.type === 'reply' || (button?.type === 'url' && button.takesSuffix)
    if (!takes || values.has(index)) wrong(`/buttons/${at}/index`, 'unexpected')
    else values.set(index, { value, at })
  }
  return form.buttons.map((button, index) => {
    const found = values.get(index)
    const send = (subType: string, parameter: JsonObject): void => {
      components.push({ type: 'button', sub_type: subType, index: String(index), parameters: [parameter] })
    }
    return fillButton(button, found?.value, `/buttons/${found?.at ?? given.length}/value`, send, wrong)
  })
}

function fillButton(
  button: Button,
  value: string | undefined,
  pointer: string,
  send: (subType: string, parameter: JsonObject) => void,
  wrong: Wrong,
): ShownButton {
  const { text } = button
  switch (button.type) {
    case 'reply':
      if (value !== undefined) {
        checkText(value, pointer, wrong)
        send('quick_reply', { type: 'payload', payload: value })
      }
      return { type: 'reply', text, value: null }
    case 'phone':
      return { type: 'phone', text, value: button.phone }
    case 'url':
      if (!button.takesSuffix) return { type: 'url', text, value: button.url }
      if (value === undefined) wrong(pointer, 'missing')
      else {
        checkText(value, pointer, wrong, MOST.suffix)
        send('url', { type: 'text', text: value })
      }
      return { type: 'url', text, value: button.url.replace(VARIABLE, () => value ?? '') }
    case 'copyCode':
      if (value === undefined) wrong(pointer, 'missing')
      else {
        checkText(value, pointer, wrong, MOST.code)
        send('copy_code', { type: 'coupon_code', coupon_code: value })
      }
      return { type: 'copyCode', text, value: value ?? '' }
  }
}

function checkText(value: string, pointer: string, wrong: Wrong, most: number = MOST.body): void {
  if (value.trim() === '') wrong(pointer, 'empty')
  else if (FORBIDDEN.test(value)) wrong(pointer, 'characters')
  else if (value.length > most) wrong(pointer, 'tooLong')
}

const isLink = (value: string): boolean => value.length <= MOST.link && /^https?:\/\/[^\s/]+\S*$/i.test(value)

const parametersOf = (form: TemplateForm, names: readonly string[], values: readonly string[]): readonly JsonObject[] =>
  values.map((text, n) => ({ type: 'text', ...(form.named ? { parameter_name: names[n] ?? '' } : {}), text }))

function withValues(text: string, names: readonly string[], values: readonly string[]): string {
  return text.replace(VARIABLE, (_, name: string) => values[names.indexOf(name)] ?? '')
}

const pointed = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
