// What may come out of a session: a tree of results, of which the leaves can be chosen; a branch may be some groups' alone.

import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
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
    groupIds: z.array(id).describe('Whose it is alone; empty: everybody’s, as far as what is above it allows'),
    position: z.int(),
    archived: z.boolean(),
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
  groupIds: z.array(id),
  position: z.int(),
  archived: z.boolean(),
})
const groupIds = z.array(anId).max(500)
const position = z.int().min(0).max(100_000)
const newBody = z.strictObject({
  name: line(100),
  parentId: anId.nullable().optional(),
  noteRequired: z.boolean().optional(),
  groupIds: groupIds.optional().describe('The groups that may choose it, and what is under it; none: all'),
  position: position.optional(),
})
const patchBody = z.strictObject({
  name: line(100).optional(),
  parentId: anId.nullable().optional().describe('Under which it stands; null: at the top'),
  groupIds: groupIds.optional(),
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
  group_ids: string[]
}

const flatView = (row: Row) => ({
  id: row.id,
  parentId: row.parent_id,
  name: row.name,
  noteRequired: row.note_required,
  groupIds: row.group_ids,
  position: row.position,
  archived: row.archived_at !== null,
})

const treeQuery = page.extend({
  archived: z.enum(['true', 'false']).default('false').describe('With those that can no longer be chosen'),
})

/** More levels than anybody chooses through. */
const DEEPEST = 8

async function loadRows(db: Database | Trx, only: string | null = null): Promise<Row[]> {
  const { rows } = await sql<Row>`
    SELECT r.id, r.parent_id, r.name, r.note_required, r.position, r.archived_at,
           ARRAY(SELECT g.group_id FROM result_group g WHERE g.result_id = r.id ORDER BY 1)::text[] AS group_ids
      FROM result r WHERE ${only}::uuid IS NULL OR r.id = ${only} ORDER BY r.position, r.id`.execute(db)
  return rows
}

async function loadTree(db: Database, archived: boolean): Promise<ResultView[]> {
  const rows = (await loadRows(db)).filter((row) => archived || row.archived_at === null)
  const under = (parent: string | null): ResultView[] =>
    rows
      .filter((row) => row.parent_id === parent)
      .map((row) => {
        const children = under(row.id)
        return {
          id: row.id,
          name: row.name,
          noteRequired: row.note_required,
          groupIds: row.group_ids,
          position: row.position,
          archived: row.archived_at !== null,
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
        querystring: treeQuery,
        response: { 200: listOf(resultSchema) },
      },
    },
    async (request) => pageOf(await loadTree(ctx.db, request.query.archived === 'true'), request.query),
  )

  app.post(
    '/api/v1/results',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Add a result', body: newBody, response: { 201: flat } },
    },
    async (request, reply) => {
      const { name, parentId = null, noteRequired = false, position: at = 0, groupIds: groups = [] } = request.body
      const id = newId()
      const row = await ctx.db.transaction().execute(async (trx) => {
        await mayStandUnder(trx, id, parentId)
        const made = { id, parent_id: parentId, name, note_required: noteRequired, position: at, archived_at: null }
        await trx.insertInto('result').values(made).execute()
        await limitTo(trx, id, groups)
        return (await loadRows(trx, id))[0]
      })
      if (row === undefined) throw new Problem('not-found')
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
      const { id } = request.params
      const { name, parentId, noteRequired, position: at, archived, groupIds: groups } = request.body
      const changed = {
        ...(name === undefined ? {} : { name }),
        ...(parentId === undefined ? {} : { parent_id: parentId }),
        ...(noteRequired === undefined ? {} : { note_required: noteRequired }),
        ...(at === undefined ? {} : { position: at }),
        ...(archived === undefined ? {} : { archived_at: archived ? new Date(ctx.clock.now()) : null }),
      }
      const row = await ctx.db.transaction().execute(async (trx) => {
        if (parentId !== undefined) await mayStandUnder(trx, id, parentId)
        if (Object.keys(changed).length > 0) await trx.updateTable('result').set(changed).where('id', '=', id).execute()
        const [found] = await loadRows(trx, id)
        if (found === undefined || groups === undefined) return found
        await limitTo(trx, id, groups)
        return (await loadRows(trx, id))[0]
      })
      if (row === undefined) throw new Problem('not-found')
      return flatView(row)
    },
  )
}

/** Under an existing one that is not below itself; one change of the tree at a time, or two could make a ring. */
async function mayStandUnder(trx: Trx, resultId: string, parentId: string | null): Promise<void> {
  await sql`LOCK TABLE result IN SHARE ROW EXCLUSIVE MODE`.execute(trx)
  if (parentId === null) return
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE up AS (
      SELECT id, parent_id FROM result WHERE id = ${parentId}
      UNION ALL SELECT p.id, p.parent_id FROM up JOIN result p ON p.id = up.parent_id
    ) SELECT id FROM up`.execute(trx)
  if (rows.length === 0) throw invalid([{ pointer: '/parentId', detail: 'is no result' }])
  if (rows.some((row) => row.id === resultId))
    throw invalid([{ pointer: '/parentId', detail: 'is below this one itself' }])
  if (rows.length >= DEEPEST) throw invalid([{ pointer: '/parentId', detail: `has ${DEEPEST} levels already` }])
}

async function limitTo(trx: Trx, resultId: string, groups: readonly string[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`SELECT id FROM group_ WHERE id = ANY (${groups}::uuid[])`.execute(trx)
  const known = new Set(rows.map((row) => row.id))
  const unknown = groups.findIndex((group) => !known.has(group))
  if (unknown >= 0) throw invalid([{ pointer: `/groupIds/${unknown}`, detail: 'is no group' }])
  await sql`DELETE FROM result_group WHERE result_id = ${resultId}`.execute(trx)
  await sql`
    INSERT INTO result_group (result_id, group_id)
    SELECT ${resultId}, id FROM unnest(${[...known]}::uuid[]) AS id`.execute(trx)
}
