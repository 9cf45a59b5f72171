// HeroCards: the message templates of a number, and their synchronisation with Meta.
import { sql } from 'kysely'
import { z } from 'zod'
import { formOf, HEADER_MEDIA, NOT_SENDABLE_BECAUSE, sendable } from '../../domain/template.ts'
import type { Json, JsonObject } from '../../domain/words.ts'
import { oneChannel } from '../channels.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId } from '../fields.ts'
import { NOT_SENDABLE, Problem } from '../problems.ts'
import { loadChannels, maySeeChannel } from '../views/channel.ts'
import { id, iso, listOf, page, pageOf, time } from '../views/common.ts'

const textSchema = z.object({ text: z.string(), variables: z.array(z.string()) })
const formSchema = z
  .object({
    named: z.boolean().describe('Its values are given by name'),
    header: z
      .union([
        textSchema.extend({ format: z.literal('text') }),
        z.object({ format: z.enum(HEADER_MEDIA) }),
        z.object({ format: z.literal('location') }),
      ])
      .nullable(),
    body: textSchema,
    footer: z.string().nullable(),
    buttons: z.array(
      z.object({
        type: z.enum(['reply', 'url', 'phone', 'copyCode']),
        text: z.string(),
        url: z.string().optional(),
        takesSuffix: z.boolean().optional(),
        phone: z.string().optional(),
      }),
    ),
  })
  .describe('What is to be filled in')

const templateSchema = z
  .object({
    id,
    channelId: id,
    name: z.string(),
    language: z.string(),
    category: z.string(),
    status: z.string().describe("Meta's word"),
    quality: z.string().nullable(),
    components: z.array(z.record(z.string(), z.unknown())).describe('As Meta has them'),
    form: formSchema.nullable().describe('Null for kinds that cannot be sent from here'),
    sendable: z.boolean(),
    reason: z.enum(NOT_SENDABLE_BECAUSE).nullable().describe('Why it is not offered'),
    reasonText: z.string().nullable().describe('The same for people'),
    syncedAt: time,
  })
  .meta({ id: 'MessageTemplate', description: 'A HeroCard' })
type TemplateView = z.infer<typeof templateSchema>

const query = z.object({
  ...page.shape,
  channelId: anId.optional().describe('Without it: those of all numbers that one may see'),
  q: z.string().max(200).optional().describe('Words of its name or text, whatever the accents'),
  language: z.string().max(20).optional(),
  sendable: z.enum(['true', 'false']).optional(),
})

const syncedSchema = z.object({
  ok: z.boolean(),
  code: z.int().nullable().describe("Meta's, or the HTTP status; null when it was not reached"),
  templates: z.int().nullable(),
  syncedAt: time.nullable().describe('When they were last read completely'),
})

interface Row {
  id: string
  channel_id: string
  name: string
  language: string
  category: string
  status: string
  quality: string | null
  parameter_format: string
  components: JsonObject[]
  synced_at: Date
}

export function messageTemplateRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']

  app.get(
    '/api/v1/message-templates',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'HeroCards of a number, with what is to be filled in, and why some are not offered',
        querystring: query,
        response: { 200: listOf(templateSchema) },
      },
    },
    async (request) => {
      const { channelId, q, language, sendable: wanted } = request.query
      const { rights } = whoOf(request).actor
      const channels = (await loadChannels(ctx.db, channelId === undefined ? null : [channelId])).filter((channel) =>
        maySeeChannel(rights, channel),
      )
      if (channelId !== undefined && channels.length === 0) throw new Problem('not-found')
      const { rows } = await sql<Row>`
        SELECT id, channel_id, name, language, category, status, quality, parameter_format, components, synced_at
          FROM message_template WHERE channel_id = ANY (${channels.map((channel) => channel.id)}::uuid[])
         ORDER BY name, language, id`.execute(ctx.db)
      const words = folded(q ?? '')
        .split(/\s+/)
        .filter((word) => word !== '')
      const found = rows.map(viewOf).filter((template) => {
        if (language !== undefined && template.language !== language) return false
        if (wanted !== undefined && template.sendable !== (wanted === 'true')) return false
        const text = folded(`${template.name} ${template.form?.body.text ?? ''} ${textOf(template.components)}`)
        return words.every((word) => text.includes(word))
      })
      return pageOf(found, request.query)
    },
  )

  app.post(
    '/api/v1/message-templates/sync',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Read the HeroCards of a number from Meta, all pages, now',
        body: z.strictObject({ channelId: anId }),
        response: { 200: syncedSchema },
      },
    },
    async (request) => {
      const { channelId } = request.body
      if (!maySeeChannel(whoOf(request).actor.rights, await oneChannel(api, channelId))) throw new Problem('not-found')
      const synced = await api.heroCards.sync(channelId)
      const { templates_synced_at } = await ctx.db
        .selectFrom('channel')
        .select('templates_synced_at')
        .where('id', '=', channelId)
        .executeTakeFirstOrThrow()
      return {
        ok: synced.ok,
        code: synced.ok ? null : synced.code,
        templates: synced.ok ? synced.templates : null,
        syncedAt: templates_synced_at === null ? null : iso(templates_synced_at),
      }
    },
  )
}

function viewOf(row: Row): TemplateView {
  const template = { ...row, parameterFormat: row.parameter_format, components: row.components as Json }
  const form = formOf(template)
  const judged = sendable(template)
  const reason = 'because' in judged ? judged.because : null
  return {
    id: row.id,
    channelId: row.channel_id,
    name: row.name,
    language: row.language,
    category: row.category,
    status: row.status,
    quality: row.quality,
    components: row.components,
    form: typeof form === 'string' ? null : (form as unknown as NonNullable<TemplateView['form']>),
    sendable: reason === null,
    reason,
    reasonText: reason === null ? null : NOT_SENDABLE[reason],
    syncedAt: iso(row.synced_at),
  }
}

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const textOf = (components: readonly Record<string, unknown>[]): string =>
  components.map(({ text }) => (typeof text === 'string' ? text : '')).join(' ')
