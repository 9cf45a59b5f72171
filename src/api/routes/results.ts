// What may come out of a session: a tree of results, of which the leaves can be chosen.

import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { newId } from '../../ids.ts'
import type { Api, App } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, listOf, page, pageOf } from '../views/common.ts'

const resultSchema = z
  .object({
    id,
    name: z.string(),
    noteRequired: z.boolean(),
    get children() {
      return z.array(resultSchema).optional()
    },
  })
  .meta({ id: 'Result', description: 'One with children cannot be chosen itself' })
type ResultView = z.infer<typeof resultSchema>

const flat = z.object({
  id,
  parentId: id.nullable(),
  name: z.string(),
  noteRequired: z.boolean(),
  position: z.int(),
  archived: z.boolean(),
})
const position = z.int().min(0).max(100_000)
const newBody = z.strictObject({
  name: line(100),
  parentId: anId.nullable().optional(),
  noteRequired: z.boolean().optional(),
  position: position.optional(),
})
const patchBody = z.strictObject({
  name: line(100).optional(),
  noteRequired: z.boolean().optional(),
  position: position.optional(),
  archived: z.boolean().optional().describe('No longer to be chosen; sessions keep it'),
})

interface Row {
  id: string
  parent_id: string | null
  name: string
  note_required: boolean
  position: number
  archived_at: Date | null
}

const flatView = (row: Row) => ({
  id: row.id,
  parentId: row.parent_id,
  name: row.name,
  noteRequired: row.note_required,
  position: row.position,
  archived: row.archived_at !== null,
})

async function loadTree(db: Database): Promise<ResultView[]> {
  const rows = await db
    .selectFrom('result')
    .selectAll()
    .where('archived_at', 'is', null)
    .orderBy('position')
    .orderBy('id')
    .execute()
  const under = (parent: string | null): ResultView[] =>
    rows
      .filter((row) => row.parent_id === parent)
      .map((row) => {
        const children = under(row.id)
        return {
          id: row.id,
          name: row.name,
          noteRequired: row.note_required,
          ...(children.length > 0 ? { children } : {}),
        }
      })
  return under(null)
}

export function resultRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']

  app.get(
    '/api/v1/results',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'The tree of results, paged by what is at its top',
        querystring: page,
        response: { 200: listOf(resultSchema) },
      },
    },
    async (request) => pageOf(await loadTree(ctx.db), request.query),
  )

  app.post(
    '/api/v1/results',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Add a result', body: newBody, response: { 201: flat } },
    },
    async (request, reply) => {
      const { name, parentId = null, noteRequired = false, position: at = 0 } = request.body
      if (parentId !== null) {
        const parent = await ctx.db.selectFrom('result').select('id').where('id', '=', parentId).executeTakeFirst()
        if (parent === undefined) throw invalid([{ pointer: '/parentId', detail: 'is no result' }])
      }
      const row = {
        id: newId(),
        parent_id: parentId,
        name,
        note_required: noteRequired,
        position: at,
        archived_at: null,
      }
      await ctx.db.insertInto('result').values(row).execute()
      return reply.code(201).send(flatView(row))
    },
  )

  app.patch(
    '/api/v1/results/:id',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Change a result', params: idParams, body: patchBody, response: { 200: flat } },
    },
    async (request) => {
      const { name, noteRequired, position: at, archived } = request.body
      const changed = {
        ...(name === undefined ? {} : { name }),
        ...(noteRequired === undefined ? {} : { note_required: noteRequired }),
        ...(at === undefined ? {} : { position: at }),
        ...(archived === undefined ? {} : { archived_at: archived ? new Date(ctx.clock.now()) : null }),
      }
      const ofThat = ctx.db.selectFrom('result').selectAll().where('id', '=', request.params.id)
      const row =
        Object.keys(changed).length === 0
          ? await ofThat.executeTakeFirst()
          : await ctx.db
              .updateTable('result')
              .set(changed)
              .where('id', '=', request.params.id)
              .returningAll()
              .executeTakeFirst()
      if (row === undefined) throw new Problem('not-found')
      return flatView(row)
    },
  )
}
