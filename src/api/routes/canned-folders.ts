// Folders of canned texts: for everybody, or for some groups alone.
import { z } from 'zod'
import { isUniqueViolation } from '../../db/errors.ts'
import { newId } from '../../ids.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, listOf, page, pageOf } from '../views/common.ts'

const folderSchema = z
  .object({ id, name: z.string(), groupIds: z.array(id).describe('Empty: for everybody') })
  .meta({ id: 'CannedFolder' })
const groupIds = z.array(anId).max(1000)
const newBody = z.strictObject({ name: line(100), groupIds: groupIds.default([]) })
const patchBody = z.strictObject({ name: line(100).optional(), groupIds: groupIds.optional() })

interface Row {
  id: string
  name: string
  group_ids: string[]
}
const view = (row: Row) => ({ id: row.id, name: row.name, groupIds: row.group_ids })

export function cannedFolderRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']
  const config = { access: 'administrator' } as const

  async function groupsExist(told: readonly string[] | undefined): Promise<void> {
    if (told === undefined || told.length === 0) return
    const found = await ctx.db.selectFrom('group_').select('id').where('id', 'in', told).execute()
    const known = new Set(found.map((group) => group.id))
    const unknown = told.findIndex((groupId) => !known.has(groupId))
    if (unknown >= 0) throw invalid([{ pointer: `/groupIds/${unknown}`, detail: 'is no group' }])
  }

  async function onceByName<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (isUniqueViolation(error)) throw invalid([{ pointer: '/name', detail: 'is the name of another folder' }])
      throw error
    }
  }

  app.get(
    '/api/v1/canned-folders',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Folders of templates', querystring: page, response: { 200: listOf(folderSchema) } },
    },
    async (request) => {
      const { role, groupIds: own } = whoOf(request).actor.rights
      const rows = await ctx.db.selectFrom('canned_folder').selectAll().orderBy('name').orderBy('id').execute()
      const seen = rows.filter(
        (row) =>
          role === 'administrator' || row.group_ids.length === 0 || row.group_ids.some((one) => own.includes(one)),
      )
      return pageOf(seen.map(view), request.query)
    },
  )

  app.post(
    '/api/v1/canned-folders',
    { config, schema: { tags, summary: 'Add a folder', body: newBody, response: { 201: folderSchema } } },
    async (request, reply) => {
      await groupsExist(request.body.groupIds)
      const row = { id: newId(), name: request.body.name, group_ids: request.body.groupIds }
      await onceByName(() =>
        ctx.db
          .insertInto('canned_folder')
          .values({ ...row, created_at: new Date(ctx.clock.now()) })
          .execute(),
      )
      return reply.code(201).send(view(row))
    },
  )

  app.patch(
    '/api/v1/canned-folders/:id',
    {
      config,
      schema: { tags, summary: 'Change a folder', params: idParams, body: patchBody, response: { 200: folderSchema } },
    },
    async (request) => {
      const { name, groupIds: told } = request.body
      await groupsExist(told)
      const found = await ctx.db
        .selectFrom('canned_folder')
        .selectAll()
        .where('id', '=', request.params.id)
        .executeTakeFirst()
      if (found === undefined) throw new Problem('not-found')
      const next = { name: name ?? found.name, group_ids: told ?? found.group_ids }
      await onceByName(() => ctx.db.updateTable('canned_folder').set(next).where('id', '=', found.id).execute())
      return view({ ...found, ...next })
    },
  )

  app.delete(
    '/api/v1/canned-folders/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Remove a folder; its templates stay, in none',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { id: folderId } = request.params
      await ctx.db.transaction().execute(async (trx) => {
        await trx.updateTable('canned_text').set({ folder_id: null }).where('folder_id', '=', folderId).execute()
        const gone = await trx.deleteFrom('canned_folder').where('id', '=', folderId).executeTakeFirst()
        if (gone.numDeletedRows === 0n) throw new Problem('not-found')
      })
      return reply.code(204).send(null)
    },
  )
}
