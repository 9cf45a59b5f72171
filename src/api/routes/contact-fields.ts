// The directory's own fields: what this company wants to know of its contacts beside name, phone and e-mail.
import { z } from 'zod'
import { isUniqueViolation } from '../../db/errors.ts'
import { fold } from '../../domain/fold.ts'
import { newId } from '../../ids.ts'
import type { Api, App } from '../context.ts'
import { idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, listOf, page, pageOf } from '../views/common.ts'

const fieldSchema = z
  .object({
    id,
    key: z.string().describe('Stays as it is when the field is renamed: placeholders and programs name it'),
    name: z.string(),
    position: z.int(),
    archived: z.boolean(),
  })
  .meta({ id: 'ContactField' })

const position = z.int().min(0).max(100_000)
const newBody = z.strictObject({
  name: line(100),
  key: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be small letters, digits and _, and begin with a letter')
    .optional()
    .describe('Made of the name where it is left out'),
  position: position.optional(),
})
const patchBody = z.strictObject({
  name: line(100).optional(),
  position: position.optional(),
  archived: z.boolean().optional().describe('No longer shown; its values are kept'),
})

interface Row {
  id: string
  key: string
  name: string
  position: number
  archived_at: Date | null
}

const view = (row: Row): z.infer<typeof fieldSchema> => ({
  id: row.id,
  key: row.key,
  name: row.name,
  position: row.position,
  archived: row.archived_at !== null,
})

/** Placeholders such as {{contact.name}} mean these. */
const TAKEN = new Set(['id', 'name', 'phone', 'email'])

const keyFrom = (name: string): string => {
  const key = fold(name)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 40)
  return key === '' ? `field_${newId().slice(-6)}` : key
}

export function contactFieldRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  const config = { access: 'administrator' } as const

  app.get(
    '/api/v1/contact-fields',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Own fields of the directory',
        querystring: page,
        response: { 200: listOf(fieldSchema) },
      },
    },
    async (request) => {
      const rows = await ctx.db.selectFrom('contact_field').selectAll().orderBy('position').orderBy('id').execute()
      return pageOf(rows.map(view), request.query)
    },
  )

  app.post(
    '/api/v1/contact-fields',
    { config, schema: { tags, summary: 'Add a field', body: newBody, response: { 201: fieldSchema } } },
    async (request, reply) => {
      const { name, key = keyFrom(name), position: at = 0 } = request.body
      if (TAKEN.has(key)) throw invalid([{ pointer: '/key', detail: 'every contact has that' }])
      const row = { id: newId(), key, name, position: at, archived_at: null }
      try {
        await ctx.db.insertInto('contact_field').values(row).execute()
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        throw invalid([{ pointer: '/key', detail: `another field has the key ${key}` }])
      }
      return reply.code(201).send(view(row))
    },
  )

  app.patch(
    '/api/v1/contact-fields/:id',
    {
      config,
      schema: { tags, summary: 'Change a field', params: idParams, body: patchBody, response: { 200: fieldSchema } },
    },
    async (request) => {
      const { name, position: at, archived } = request.body
      const changed = {
        ...(name === undefined ? {} : { name }),
        ...(at === undefined ? {} : { position: at }),
        ...(archived === undefined ? {} : { archived_at: archived ? new Date(ctx.clock.now()) : null }),
      }
      const query = ctx.db.selectFrom('contact_field').selectAll().where('id', '=', request.params.id)
      const row =
        Object.keys(changed).length === 0
          ? await query.executeTakeFirst()
          : await ctx.db
              .updateTable('contact_field')
              .set(changed)
              .where('id', '=', request.params.id)
              .returningAll()
              .executeTakeFirst()
      if (row === undefined) throw new Problem('not-found')
      return view(row)
    },
  )
}
