// Tags: made by administrators, by operators too where a setting lets them, and set on sessions and contacts.
import { sql } from 'kysely'
import { z } from 'zod'
import { isUniqueViolation } from '../../db/errors.ts'
import { colorOf, mayMakeTags } from '../../domain/tag.ts'
import { newId } from '../../ids.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../../sessions/changes.ts'
import { transact } from '../../sessions/context.ts'
import { allExist, diffOf, tagSession } from '../../sessions/tags.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { invalid, orRefuse, Problem, refusalProblem } from '../problems.ts'
import { listOf, page, pageOf } from '../views/common.ts'
import { contactSchema } from '../views/contact.ts'
import { sessionSchema } from '../views/session.ts'
import { loadContactTags, tagSchema } from '../views/tag.ts'
import { oneContact } from './contacts.ts'
import { oneSession } from './sessions.ts'
import { loadSettings } from './settings.ts'

const color = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, 'must be a colour like #2563eb')
  .transform((text) => text.toLowerCase())
const newBody = z.strictObject({
  name: line(50),
  color: color.optional().describe('As #rrggbb; without one a colour is chosen by the name'),
})
const patchBody = z.strictObject({ name: line(50).optional(), color: color.optional() })
const ids = z.array(anId).max(100)
const setBody = z
  .strictObject({
    tagIds: ids.optional().describe('All tags that it is to have'),
    add: ids.optional().describe('Beside those that it has'),
    remove: ids.optional(),
  })
  .transform(({ tagIds, add, remove }) => ({ tagIds: tagIds ?? null, add: add ?? [], remove: remove ?? [] }))
const KEYLESS = 'A repeat changes nothing. An Idempotency-Key is not looked at.'

const taken = () => invalid([{ pointer: '/name', detail: 'is the name of another tag' }])

export function tagRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']

  app.get(
    '/api/v1/tags',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'All tags', querystring: page, response: { 200: listOf(tagSchema) } },
    },
    async (request) => {
      const all = await ctx.db.selectFrom('tag').select(['id', 'name', 'color']).orderBy(sql`lower(name)`).execute()
      return pageOf(all, request.query)
    },
  )

  app.post(
    '/api/v1/tags',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Make a tag',
        description: 'By administrators; by everybody where the setting `operatorsMayTag` says so.',
        body: newBody,
        response: { 201: tagSchema },
      },
    },
    async (request, reply) => {
      const { rights } = whoOf(request).actor
      if (!mayMakeTags(rights, (await loadSettings(ctx.db)).operatorsMayTag)) throw new Problem('not-allowed')
      const { name } = request.body
      const tag = { id: newId(), name, color: request.body.color ?? colorOf(name) }
      const row = { ...tag, created_by: rights.userId, created_at: new Date(ctx.clock.now()) }
      await ctx.db
        .insertInto('tag')
        .values(row)
        .execute()
        .catch((error: unknown) => {
          throw isUniqueViolation(error) ? taken() : error
        })
      return reply.code(201).send(tag)
    },
  )

  app.patch(
    '/api/v1/tags/:id',
    {
      config: { access: 'administrator' },
      schema: {
        tags,
        summary: 'Rename or recolour a tag',
        params: idParams,
        body: patchBody,
        response: { 200: tagSchema },
      },
    },
    async (request) => {
      const { id } = request.params
      const { name, color: shade } = request.body
      const changed = await transact(ctx, async (trx) => {
        const row = await trx
          .updateTable('tag')
          .set((eb) => ({ name: name ?? eb.ref('name'), color: shade ?? eb.ref('color') }))
          .where('id', '=', id)
          .returning(['id', 'name', 'color'])
          .executeTakeFirst()
        if (row !== undefined) await resync(trx)
        return row
      }).catch((error: unknown) => {
        throw isUniqueViolation(error) ? taken() : error
      })
      if (changed === undefined) throw new Problem('not-found')
      return changed
    },
  )

  app.delete(
    '/api/v1/tags/:id',
    {
      config: { access: 'administrator' },
      schema: {
        tags,
        summary: 'Delete a tag, from all that have it',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const gone = await transact(ctx, async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('tag').where('id', '=', request.params.id).executeTakeFirst()
        if (numDeletedRows > 0n) await resync(trx)
        return numDeletedRows > 0n
      })
      if (!gone) throw new Problem('not-found')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/sessions/:id/tags',
    {
      config: { access: 'session:tag' },
      schema: {
        tags: ['commands'],
        summary: 'Set the tags of a session',
        description: `Before, during and after it. ${KEYLESS}`,
        params: idParams,
        body: setBody,
        response: { 200: sessionSchema },
      },
    },
    async (request) => {
      const { id } = request.params
      orRefuse(await tagSession(ctx, { actor: whoOf(request).actor, sessionId: id, change: request.body }))
      return oneSession(api, id)
    },
  )

  app.post(
    '/api/v1/contacts/:id/tags',
    {
      config: { access: 'signed-in' },
      schema: {
        tags: ['directory'],
        summary: 'Set the tags of a contact',
        description: KEYLESS,
        params: idParams,
        body: setBody,
        response: { 200: contactSchema },
      },
    },
    async (request) => {
      const contact = await oneContact(api, request.params.id)
      const by = whoOf(request).actor.rights.userId
      await transact(ctx, async (trx) => {
        await sql`SELECT 1 FROM contact WHERE id = ${contact.id} FOR UPDATE`.execute(trx)
        const had = ((await loadContactTags(trx, [contact.id])).get(contact.id) ?? []).map((tag) => tag.id)
        const diff = diffOf(had, request.body)
        if (!(await allExist(trx, diff.added))) throw refusalProblem({ code: 'unknown-tag' })
        await sql`
          WITH RECURSIVE one AS (
            SELECT id FROM contact WHERE id = ${contact.id} UNION SELECT c.id FROM one JOIN contact c ON c.merged_into = one.id
          ) DELETE FROM contact_tag WHERE contact_id IN (SELECT id FROM one) AND tag_id = ANY (${diff.removed}::uuid[])`.execute(
          trx,
        )
        await sql`
          INSERT INTO contact_tag (contact_id, tag_id, at, by_id)
          SELECT ${contact.id}, id, ${new Date(ctx.clock.now())}, ${by} FROM unnest(${diff.added}::uuid[]) AS id
          ON CONFLICT DO NOTHING`.execute(trx)
      })
      return oneContact(api, contact.id)
    },
  )
}

/** It may stand at any number of sessions: whoever looks at some loads them anew. */
async function resync(trx: Parameters<Parameters<typeof transact>[1]>[0]): Promise<void> {
  const notice: LiveNotice = { from: '', resync: true }
  await sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`.execute(trx)
}
