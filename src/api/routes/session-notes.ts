// Notes on a session, for operators alone: written before, during and after it, and those of transfers.
import { sql } from 'kysely'
import { z } from 'zod'
import { writeNote } from '../../sessions/notes.ts'
import type { Api, App } from '../context.ts'
import { idParams, messageText } from '../fields.ts'
import { keyed } from '../keyed.ts'
import { orRefuse, Problem } from '../problems.ts'
import { id, iso, listOf, page, pageOf, time } from '../views/common.ts'

const person = z.object({ id, name: z.string().nullable() })
const noteSchema = z
  .object({
    id,
    text: z.string(),
    at: time,
    by: person,
    to: z
      .object({ operator: person.nullable(), group: person.nullable() })
      .nullable()
      .describe('Whom the session was transferred to with it'),
  })
  .meta({ id: 'SessionNote' })
type NoteView = z.infer<typeof noteSchema>

const body = z.strictObject({ text: messageText })

interface Row {
  id: string
  text: string
  at: Date
  by_id: string
  by_name: string | null
  to_operator_id: string | null
  to_operator: string | null
  to_group_id: string | null
  to_group: string | null
}

export function sessionNoteRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['commands']

  app.get(
    '/api/v1/sessions/:id/notes',
    {
      config: { access: 'session:see' },
      schema: {
        tags,
        summary: 'Notes of operators, the oldest first',
        params: idParams,
        querystring: page,
        response: { 200: listOf(noteSchema) },
      },
    },
    async (request) => pageOf(await loadNotes(api, request.params.id), request.query),
  )

  app.post(
    '/api/v1/sessions/:id/notes',
    {
      config: { access: 'session:note' },
      schema: { tags, summary: 'Write a note', params: idParams, body, response: { 201: noteSchema } },
    },
    async (request, reply) => {
      const sessionId = request.params.id
      const written = orRefuse(await writeNote(ctx, { ...keyed(request), sessionId, text: request.body.text }))
      const note = (await loadNotes(api, sessionId)).find(({ id }) => id === written.noteId)
      if (note === undefined) throw new Problem('not-found')
      return reply.code(201).send(note)
    },
  )
}

async function loadNotes({ ctx }: Api, sessionId: string): Promise<NoteView[]> {
  const { rows } = await sql<Row>`
    SELECT n.id, n.text, n.at, n.by_id, b.name AS by_name, n.to_operator_id, o.name AS to_operator, n.to_group_id,
           g.name AS to_group
      FROM session_note n
      LEFT JOIN user_account b ON b.id = n.by_id
      LEFT JOIN user_account o ON o.id = n.to_operator_id
      LEFT JOIN group_ g ON g.id = n.to_group_id
     WHERE n.session_id = ${sessionId} ORDER BY n.id`.execute(ctx.db)
  return rows.map((row) => ({
    id: row.id,
    text: row.text,
    at: iso(row.at),
    by: { id: row.by_id, name: row.by_name },
    to:
      row.to_operator_id === null && row.to_group_id === null
        ? null
        : {
            operator: row.to_operator_id === null ? null : { id: row.to_operator_id, name: row.to_operator },
            group: row.to_group_id === null ? null : { id: row.to_group_id, name: row.to_group },
          },
  }))
}
