// The result of one session while it is prepared, and what became of it later: who changed it, from what, to what.
import { sql } from 'kysely'
import { z } from 'zod'
import { loadResultDraft, saveResultDraft } from '../../sessions/results.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, anyText, idParams, orNull } from '../fields.ts'
import { id, iso, listOf, page, pageOf, time } from '../views/common.ts'

const draftBody = z.strictObject({ resultId: orNull(anId), note: anyText(4000) })
const draftSchema = z
  .object({ resultId: id.nullable(), note: z.string(), at: time.nullable() })
  .meta({ id: 'ResultDraft', description: 'What the result is to be; the session’s, whoever has it' })

const oneOf = z.object({ resultId: id.nullable(), name: z.string().nullable(), note: z.string().nullable() })
const changeSchema = z
  .object({ id, at: time, by: z.object({ id, name: z.string().nullable() }), from: oneOf, to: oneOf })
  .meta({ id: 'ResultChange' })

interface ChangeRow {
  id: string
  at: Date
  by_id: string
  by_name: string | null
  from_result: string | null
  from_name: string | null
  from_note: string | null
  to_result: string
  to_name: string | null
  to_note: string | null
}

export function sessionResultRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['commands']

  app.get(
    '/api/v1/sessions/:id/result-draft',
    {
      config: { access: 'session:see' },
      schema: { tags, summary: 'The result as it is being prepared', params: idParams, response: { 200: draftSchema } },
    },
    async (request) => draftOf(api, request.params.id),
  )

  app.put(
    '/api/v1/sessions/:id/result-draft',
    {
      config: { access: 'session:result' },
      schema: {
        tags,
        summary: 'Note the result while the session goes on',
        description:
          'It ends nothing and is nobody’s result yet; it stays when the client writes during the wrap-up, and is forgotten once a result is given. An Idempotency-Key is not looked at.',
        params: idParams,
        body: draftBody,
        response: { 200: draftSchema },
      },
    },
    async (request) => {
      const by = whoOf(request).actor.rights.userId
      await saveResultDraft(ctx.db, { sessionId: request.params.id, ...request.body, by, at: ctx.clock.now() })
      return draftOf(api, request.params.id)
    },
  )

  app.get(
    '/api/v1/sessions/:id/result-changes',
    {
      config: { access: 'session:see' },
      schema: {
        tags: ['sessions'],
        summary: 'How the result was changed after it had been given, oldest first',
        params: idParams,
        querystring: page,
        response: { 200: listOf(changeSchema) },
      },
    },
    async (request) => {
      const { rows } = await sql<ChangeRow>`
        SELECT c.id, c.at, c.by_id, u.name AS by_name, c.from_result, f.name AS from_name, c.from_note, c.to_result,
               t.name AS to_name, c.to_note
          FROM result_change c
          LEFT JOIN user_account u ON u.id = c.by_id
          LEFT JOIN result f ON f.id = c.from_result
          LEFT JOIN result t ON t.id = c.to_result
         WHERE c.session_id = ${request.params.id} ORDER BY c.id`.execute(ctx.db)
      return pageOf(rows.map(changeOf), request.query)
    },
  )
}

async function draftOf({ ctx }: Api, sessionId: string): Promise<z.infer<typeof draftSchema>> {
  const { resultId, note, at } = await loadResultDraft(ctx.db, sessionId)
  return { resultId, note, at: iso(at) }
}

const changeOf = (row: ChangeRow): z.infer<typeof changeSchema> => ({
  id: row.id,
  at: iso(row.at),
  by: { id: row.by_id, name: row.by_name },
  from: { resultId: row.from_result, name: row.from_name, note: row.from_note },
  to: { resultId: row.to_result, name: row.to_name, note: row.to_note },
})
