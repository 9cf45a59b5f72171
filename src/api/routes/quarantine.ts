// Items of webhooks that could not be taken in: why, and once more.
import { sql } from 'kysely'
import { z } from 'zod'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import type { Api, App } from '../context.ts'
import { anId, idParams } from '../fields.ts'
import { Problem } from '../problems.ts'
import { id, iso, listOf, pageQuery, time } from '../views/common.ts'

const itemSchema = z
  .object({
    id,
    rawId: id.describe('The webhook it came in'),
    path: z.string().describe('Where in the webhook'),
    reason: z.string(),
    detail: z.string().nullable(),
    sqlstate: z.string().nullable(),
    phoneNumberId: z.string().nullable(),
    state: z.enum(['held', 'redriven']),
    at: time,
    redrivenAt: time.nullable(),
  })
  .meta({ id: 'QuarantinedItem' })
type ItemView = z.infer<typeof itemSchema>

const query = z.object({ ...pageQuery, state: z.enum(['held', 'redriven']).optional() })
const redriveBody = z.strictObject({
  phoneNumberId: z.string().max(100).optional(),
  ids: z.array(anId).min(1).max(1000).optional(),
})
const redriven = z.object({ items: z.int().describe('How many were tried once more') })

interface Row {
  id: string
  raw_id: string
  path: string
  reason: string
  detail: string | null
  sqlstate: string | null
  phone_number_id: string | null
  state: ItemView['state']
  at: Date
  redriven_at: Date | null
}

const viewOf = (row: Row): ItemView => ({
  id: row.id,
  rawId: row.raw_id,
  path: row.path,
  reason: row.reason,
  detail: row.detail,
  sqlstate: row.sqlstate,
  phoneNumberId: row.phone_number_id,
  state: row.state,
  at: iso(row.at),
  redrivenAt: iso(row.redriven_at),
})

export function quarantineRoutes(app: App, api: Api): void {
  const { ctx, ingest } = api
  const tags = ['operations']
  const config = { access: 'administrator' } as const

  app.get(
    '/api/v1/quarantine',
    {
      config,
      schema: {
        tags,
        summary: 'What could not be taken in, newest first',
        querystring: query,
        response: { 200: listOf(itemSchema) },
      },
    },
    async (request) => {
      const { limit, cursor, state } = request.query
      const before = cursor === undefined ? null : decodeCursor(z.uuid(), cursor)
      const { rows } = await sql<Row>`
        SELECT * FROM quarantine
         WHERE (${before}::uuid IS NULL OR id < ${before}) AND (${state ?? null}::text IS NULL OR state = ${state ?? null})
         ORDER BY id DESC LIMIT ${limit + 1}`.execute(ctx.db)
      const items = rows.slice(0, limit).map(viewOf)
      const last = items.at(-1)
      return { items, next: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null }
    },
  )

  app.post(
    '/api/v1/quarantine/redrive',
    {
      config,
      schema: {
        tags,
        summary: 'Take items in once more: of a number, or those named',
        body: redriveBody,
        response: { 200: redriven },
      },
    },
    async (request) => {
      const { phoneNumberId, ids } = request.body
      if (phoneNumberId !== undefined) return { items: await ingest.redrive({ phoneNumberId }) }
      return { items: await ingest.redrive({ ids: ids ?? (await heldIds(api)) }) }
    },
  )

  app.post(
    '/api/v1/quarantine/:id/redrive',
    {
      config,
      schema: { tags, summary: 'Take one item in once more', params: idParams, response: { 200: itemSchema } },
    },
    async (request) => {
      const { id: itemId } = request.params
      await ingest.redrive({ ids: [itemId] })
      const row = await ctx.db.selectFrom('quarantine').selectAll().where('id', '=', itemId).executeTakeFirst()
      if (row === undefined) throw new Problem('not-found')
      return viewOf(row as Row)
    },
  )
}

async function heldIds({ ctx }: Api): Promise<readonly string[]> {
  const rows = await ctx.db
    .selectFrom('quarantine')
    .select('id')
    .where('state', '=', 'held')
    .orderBy('id')
    .limit(10_000)
    .execute()
  return rows.map((row) => row.id)
}
