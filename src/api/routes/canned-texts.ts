// Canned texts: what to write again and again. They are inserted into the text field, where the operator reads them before
// sending; nothing here ever sends.
import { z } from 'zod'
import type { Trx } from '../../db/database.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { loadFields } from '../../directory/values.ts'
import { CANNED_SCOPES, type CannedOwner, mayEditCanned, SHORTCUT } from '../../domain/canned.ts'
import { fold } from '../../domain/fold.ts'
import type { Rights } from '../../domain/policy.ts'
import { newId } from '../../ids.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line, messageText, orNull } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import {
  cannedTextSchema,
  fillCannedText,
  filledSchema,
  loadCannedTexts,
  oneCannedText,
  PLACEHOLDERS,
} from '../views/canned-text.ts'
import { listOf, page, pageOf, pageQuery } from '../views/common.ts'

const language = z
  .string()
  .regex(/^[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*$/, 'must be a language such as en or cs')
  .describe('Such as en or cs')
const variants = z
  .array(z.strictObject({ language, text: messageText }))
  .min(1)
  .max(30)
  .refine((all) => new Set(all.map((one) => one.language)).size === all.length, 'must have each language once')
const shortcut = z
  .string()
  .transform((text) => text.trim().replace(/^#/, '').toLowerCase())
  .refine((text) => SHORTCUT.test(text), 'must be one word of letters, digits, _ and -')
const content = {
  name: line(100),
  shortcut: shortcut.nullable(),
  folderId: anId.nullable(),
  variants,
  text: messageText.describe('Short for `variants` with this one, in `language`'),
  language,
}
const newBody = z.strictObject({
  scope: z.enum(CANNED_SCOPES).default('own'),
  groupId: anId.nullable().optional().describe('Of `group`'),
  ...content,
  shortcut: content.shortcut.optional(),
  folderId: content.folderId.optional(),
  variants: variants.optional(),
  text: content.text.optional(),
  language: language.default('en'),
})
const patchBody = z.strictObject(content).partial()
const fillBody = z.strictObject({ sessionId: orNull(anId), language: orNull(language) })

const listQuery = z.object({
  q: z
    .string()
    .trim()
    .max(200)
    .optional()
    .describe('Parts of shortcut, name or text; a # before the shortcut may stand'),
  scope: z.enum(CANNED_SCOPES).optional(),
  ...pageQuery,
})

type Variants = z.infer<typeof variants>

const searchKeyOf = (text: { name: string; shortcut: string | null; variants: Variants }): string =>
  fold([text.shortcut ?? '', text.name, ...text.variants.map((one) => one.text)].join(' '))

async function writeVariants(trx: Trx, textId: string, all: Variants): Promise<void> {
  await trx.deleteFrom('canned_text_variant').where('text_id', '=', textId).execute()
  await trx
    .insertInto('canned_text_variant')
    .values(all.map((one, position) => ({ text_id: textId, ...one, position })))
    .execute()
}

export function cannedTextRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']
  const config = { access: 'signed-in' } as const
  const rightsOf = (request: Parameters<typeof whoOf>[0]): Rights => whoOf(request).actor.rights

  async function folderExists(folderId: string | null | undefined): Promise<void> {
    if (folderId === null || folderId === undefined) return
    const found = await ctx.db.selectFrom('canned_folder').select('id').where('id', '=', folderId).executeTakeFirst()
    if (found === undefined) throw invalid([{ pointer: '/folderId', detail: 'is no folder' }])
  }

  async function oncePerScope<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (isUniqueViolation(error, 'canned_text_shortcut'))
        throw invalid([{ pointer: '/shortcut', detail: 'is the shortcut of another template of the same owner' }])
      throw error
    }
  }

  app.get(
    '/api/v1/canned-texts',
    {
      config,
      schema: {
        tags,
        summary: 'Templates that one may use: the company’s, those of one’s groups, one’s own',
        querystring: listQuery,
        response: { 200: listOf(cannedTextSchema) },
      },
    },
    async (request) => {
      const { q, scope, ...rest } = request.query
      return pageOf(await loadCannedTexts(ctx.db, rightsOf(request), { q, scope }), rest)
    },
  )

  app.get(
    '/api/v1/canned-texts/placeholders',
    {
      config,
      schema: {
        tags,
        summary: 'What is filled in by itself; anything else in {{…}} is asked for when the template is used',
        querystring: page,
        response: { 200: listOf(z.object({ id: z.string(), name: z.string() })) },
      },
    },
    async (request) => {
      const fields = (await loadFields(ctx.db)).filter((field) => !field.archived)
      const all = [
        ...PLACEHOLDERS.map((name) => ({ id: name, name })),
        ...fields.map((field) => ({ id: `contact.${field.key}`, name: field.name })),
      ]
      return pageOf(all, request.query)
    },
  )

  app.get(
    '/api/v1/canned-texts/:id',
    { config, schema: { tags, summary: 'A template', params: idParams, response: { 200: cannedTextSchema } } },
    (request) => oneCannedText(ctx.db, rightsOf(request), request.params.id),
  )

  app.post(
    '/api/v1/canned-texts',
    {
      config,
      schema: {
        tags,
        summary: 'Add a template: one’s own, one’s group’s (supervisors), the company’s (administrators)',
        body: newBody,
        response: { 201: cannedTextSchema },
      },
    },
    async (request, reply) => {
      const rights = rightsOf(request)
      const { scope, groupId = null, name, folderId = null } = request.body
      if ((scope === 'group') !== (groupId !== null))
        throw invalid([
          { pointer: '/groupId', detail: scope === 'group' ? 'is missing' : 'belongs to the scope group' },
        ])
      const all =
        request.body.variants ??
        (request.body.text === undefined ? null : [{ language: request.body.language, text: request.body.text }])
      if (all === null) throw invalid([{ pointer: '/variants', detail: 'is missing: a template has a text' }])
      const owner: CannedOwner = { scope, groupId, userId: scope === 'own' ? rights.userId : null }
      if (!mayEditCanned(rights, owner)) throw new Problem('not-allowed')
      if (groupId !== null) {
        const group = await ctx.db.selectFrom('group_').select('id').where('id', '=', groupId).executeTakeFirst()
        if (group === undefined) throw invalid([{ pointer: '/groupId', detail: 'is no group' }])
      }
      await folderExists(folderId)
      const id = newId()
      const word = request.body.shortcut ?? null
      await oncePerScope(() =>
        ctx.db.transaction().execute(async (trx) => {
          await trx
            .insertInto('canned_text')
            .values({
              id,
              group_id: groupId,
              user_id: owner.userId,
              folder_id: folderId,
              name,
              shortcut: word,
              search_key: searchKeyOf({ name, shortcut: word, variants: all }),
              updated_at: new Date(ctx.clock.now()),
            })
            .execute()
          await writeVariants(trx, id, all)
        }),
      )
      return reply.code(201).send(await oneCannedText(ctx.db, rights, id))
    },
  )

  app.patch(
    '/api/v1/canned-texts/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change a template',
        params: idParams,
        body: patchBody,
        response: { 200: cannedTextSchema },
      },
    },
    async (request) => {
      const rights = rightsOf(request)
      const { id } = request.params
      const before = await oneCannedText(ctx.db, rights, id)
      if (!before.mayEdit) throw new Problem('not-allowed')
      const { body } = request
      await folderExists(body.folderId)
      const first = before.variants[0]
      const told =
        body.text === undefined
          ? undefined
          : [
              { language: body.language ?? first?.language ?? 'en', text: body.text },
              ...before.variants.filter((one) => one.language !== (body.language ?? first?.language)),
            ]
      const next = {
        name: body.name ?? before.name,
        shortcut: body.shortcut === undefined ? before.shortcut : body.shortcut,
        variants: body.variants ?? told ?? before.variants,
      }
      await oncePerScope(() =>
        ctx.db.transaction().execute(async (trx) => {
          await trx
            .updateTable('canned_text')
            .set({
              name: next.name,
              shortcut: next.shortcut,
              search_key: searchKeyOf(next),
              updated_at: new Date(ctx.clock.now()),
              ...(body.folderId === undefined ? {} : { folder_id: body.folderId }),
            })
            .where('id', '=', id)
            .execute()
          await writeVariants(trx, id, next.variants)
        }),
      )
      return oneCannedText(ctx.db, rights, id)
    },
  )

  app.delete(
    '/api/v1/canned-texts/:id',
    { config, schema: { tags, summary: 'Remove a template', params: idParams, response: { 204: z.null() } } },
    async (request, reply) => {
      const found = await oneCannedText(ctx.db, rightsOf(request), request.params.id)
      if (!found.mayEdit) throw new Problem('not-allowed')
      await ctx.db.deleteFrom('canned_text').where('id', '=', found.id).execute()
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/canned-texts/:id/fill',
    {
      config,
      schema: {
        tags,
        summary: 'The template filled in for a session, with what is still to be asked for; nothing is sent',
        params: idParams,
        body: fillBody,
        response: { 200: filledSchema },
      },
    },
    async (request) => {
      const rights = rightsOf(request)
      const canned = await oneCannedText(ctx.db, rights, request.params.id)
      return fillCannedText(ctx.db, rights, canned, request.body)
    },
  )
}
