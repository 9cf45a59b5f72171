// The HeroCards of the business account as they change at Meta: somebody edits, pauses, rejects or deletes one, its
// quality sinks, its category is corrected. Each change is told by the webhook that Meta has for it.
import { z } from 'zod'
import type { Courier } from './courier.ts'
import type { Journal } from './journal.ts'
import { type Component, seededTemplates, type Template } from './templates.ts'
import type { BusinessNumber, Json, JsonObject } from './words.ts'

const text = (most: number) => z.string().min(1).max(most)
const button = z.strictObject({
  type: z.enum(['QUICK_REPLY', 'URL', 'PHONE_NUMBER', 'COPY_CODE']),
  text: text(25),
  url: z.string().max(2000).exactOptional(),
  phone_number: z.string().max(20).exactOptional(),
})
const component = z.union([
  z.strictObject({ type: z.literal('HEADER'), format: z.literal('TEXT'), text: text(60) }),
  z.strictObject({ type: z.literal('HEADER'), format: z.enum(['IMAGE', 'VIDEO', 'DOCUMENT', 'LOCATION']) }),
  z.strictObject({ type: z.literal('BODY'), text: text(1024) }),
  z.strictObject({ type: z.literal('FOOTER'), text: text(60) }),
  z.strictObject({ type: z.literal('BUTTONS'), buttons: z.array(button).min(1).max(10) }),
])
const components = z.array(component).min(1)

export const TEMPLATE_STATUSES = [
  'APPROVED',
  'ARCHIVED',
  'DISABLED',
  'IN_APPEAL',
  'LIMIT_EXCEEDED',
  'PAUSED',
  'PENDING',
  'PENDING_DELETION',
  'REJECTED',
] as const
const CATEGORIES = ['UTILITY', 'MARKETING', 'AUTHENTICATION'] as const

export const newTemplateSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.string().min(2).max(20),
  category: z.enum(CATEGORIES),
  status: z.enum(TEMPLATE_STATUSES).default('APPROVED'),
  parameter_format: z.enum(['POSITIONAL', 'NAMED']).default('POSITIONAL'),
  components,
})

export const templateChangeSchema = z.strictObject({
  status: z.enum(TEMPLATE_STATUSES).optional(),
  /** Why it was rejected or disabled, in Meta's word. */
  reason: z.string().max(100).optional(),
  quality: z.enum(['GREEN', 'YELLOW', 'RED', 'UNKNOWN']).optional(),
  category: z.enum(CATEGORIES).optional(),
  components: components.optional(),
})
export type TemplateChange = z.input<typeof templateChangeSchema>
export type NewTemplate = z.input<typeof newTemplateSchema>

export interface TemplateBoardParts {
  readonly numbers: readonly BusinessNumber[]
  readonly courier: Pick<Courier, 'raw'>
  readonly journal: Journal
  readonly now: () => number
}

export class TemplateBoard {
  /** The same list throughout: whoever holds it sees every change. */
  readonly all: Template[]
  readonly #p: TemplateBoardParts
  #lastId = 841_000_000_000_000

  constructor(parts: TemplateBoardParts) {
    this.#p = parts
    const kept = parts.journal.kept.get('template')
    const seeds = seededTemplates().filter(({ id }) => !kept?.has(id))
    // A deleted one is kept as an empty object, so that it does not come back with the seeds.
    const changed = [...(kept?.values() ?? [])].filter((one) => one !== null && typeof one === 'object' && 'id' in one)
    this.all = [...seeds, ...(changed as unknown as Template[])].sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const { id } of this.all) this.#lastId = Math.max(this.#lastId, Number(id))
  }

  find(name: string, language: string): Template | undefined {
    return this.all.find((one) => one.name === name && one.language === language)
  }

  add(wanted: NewTemplate): Template {
    const parsed = newTemplateSchema.parse(wanted)
    const template: Template = { ...parsed, id: String(++this.#lastId), quality_score: { score: 'UNKNOWN' } }
    this.#keep(template)
    this.#tellStatus(template, 'NONE')
    return template
  }

  change(id: string, wanted: TemplateChange): Template | null {
    const was = this.all.find((one) => one.id === id)
    if (was === undefined) return null
    const { status, reason, quality, category, components } = templateChangeSchema.parse(wanted)
    const template: Template = {
      ...was,
      ...(status === undefined
        ? {}
        : { status, rejected_reason: status === 'REJECTED' ? (reason ?? 'INVALID_FORMAT') : 'NONE' }),
      ...(quality === undefined ? {} : { quality_score: { score: quality } }),
      ...(category === undefined ? {} : { category }),
      ...(components === undefined ? {} : { components: components as readonly Component[] }),
    }
    this.#keep(template)
    if (status !== undefined) this.#tellStatus(template, reason ?? 'NONE')
    if (quality !== undefined)
      this.#tell('message_template_quality_update', template, {
        previous_quality_score: was.quality_score?.score ?? 'UNKNOWN',
        new_quality_score: quality,
      })
    if (category !== undefined)
      this.#tell('template_category_update', template, { previous_category: was.category, new_category: category })
    if (components !== undefined) this.#tell('message_template_components_update', template, piecesOf(template))
    return template
  }

  delete(id: string): boolean {
    const at = this.all.findIndex((one) => one.id === id)
    const [template] = at < 0 ? [] : this.all.splice(at, 1)
    if (template === undefined) return false
    this.#p.journal.put('template', id, {})
    this.#tell('message_template_status_update', template, { event: 'DELETED', reason: 'NONE' })
    return true
  }

  #keep(template: Template): void {
    const at = this.all.findIndex((one) => one.id === template.id)
    if (at < 0) this.all.push(template)
    else this.all[at] = template
    this.#p.journal.put('template', template.id, template)
  }

  #tellStatus(template: Template, reason: string): void {
    const { status } = template
    this.#tell('message_template_status_update', template, {
      event: status,
      reason: status === 'REJECTED' ? (template.rejected_reason ?? reason) : reason,
      message_template_category: template.category,
      ...(status === 'PAUSED' ? { other_info: { title: 'FIRST_PAUSE', description: 'Paused for low quality.' } } : {}),
      ...(status === 'DISABLED' ? { disable_info: { disable_date: Math.floor(this.#p.now() / 1000) } } : {}),
    })
  }

  /** Ids are numbers here, and the language has a dash; nothing says which number it is about. */
  #tell(field: string, template: Template, more: JsonObject): void {
    const value: JsonObject = {
      ...more,
      message_template_id: Number(template.id),
      message_template_name: template.name,
      message_template_language: template.language.replace('_', '-'),
    }
    for (const wabaId of new Set(this.#p.numbers.map((number) => number.wabaId))) {
      const entry: Json = { id: wabaId, time: Math.floor(this.#p.now() / 1000), changes: [{ value, field }] }
      this.#p.courier.raw({ object: 'whatsapp_business_account', entry: [entry] })
    }
  }
}

/** Meta tells the new pieces by names of its own. */
function piecesOf({ components }: Template): JsonObject {
  const pieces: Record<string, Json> = {}
  for (const one of components) {
    if (one.type === 'HEADER' && one.format === 'TEXT') pieces.message_template_title = one.text
    if (one.type === 'BODY') pieces.message_template_element = one.text
    if (one.type === 'FOOTER') pieces.message_template_footer = one.text
    if (one.type === 'BUTTONS')
      pieces.message_template_buttons = one.buttons.map(({ type, text, url, phone_number }) => ({
        message_template_button_type: type,
        message_template_button_text: text,
        ...(url === undefined ? {} : { message_template_button_url: url }),
        ...(phone_number === undefined ? {} : { message_template_button_phone_number: phone_number }),
      }))
  }
  return pieces
}
