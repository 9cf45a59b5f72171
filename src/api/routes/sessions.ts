// Sessions to read: lists, one session, its messages, its evidence, and the life of its workflow.
import { z } from 'zod'
import { type Api, type App, whoOf } from '../context.ts'
import { idParams } from '../fields.ts'
import { Problem } from '../problems.ts'
import { listOf, page, pageQuery } from '../views/common.ts'
import { loadMessages, messageSchema } from '../views/message.ts'
import { loadSessions, type SessionView, sessionSchema } from '../views/session.ts'
import { listSessions, sessionsQuery } from '../views/session-list.ts'
import { loadTimeline, timelineSchema } from '../views/timeline.ts'
import { loadWorkflow, workflowSchema } from '../views/workflow.ts'

const upTo = (most: number) => z.coerce.number().int().min(0).max(most).optional()
const seq = upTo(2_147_483_647)
// The last rev that one more can come after.
const messagesQuery = z.object({ ...pageQuery, before: seq, after: seq, afterRev: upTo(2_147_483_646) })

export async function oneSession(api: Api, sessionId: string): Promise<SessionView> {
  const session = (await loadSessions(api.ctx.db, [sessionId], api.ctx.clock.now())).get(sessionId)
  if (session === undefined) throw new Problem('not-found')
  return session
}

export function sessionRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['sessions']

  app.get(
    '/api/v1/sessions',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'All sessions that one may see',
        querystring: sessionsQuery,
        response: { 200: listOf(sessionSchema) },
      },
    },
    (request) => listSessions(ctx.db, whoOf(request).actor.rights, request.query, ctx.clock.now()),
  )

  app.get(
    '/api/v1/sessions/:id',
    {
      config: { access: 'session:see' },
      schema: { tags, summary: 'One session', params: idParams, response: { 200: sessionSchema } },
    },
    (request) => oneSession(api, request.params.id),
  )

  app.get(
    '/api/v1/sessions/:id/messages',
    {
      config: { access: 'session:see' },
      schema: {
        tags,
        summary: 'Messages of a session, ascending; the newest page by default',
        params: idParams,
        querystring: messagesQuery,
        response: { 200: listOf(messageSchema) },
      },
    },
    (request) => loadMessages(ctx.db, { sessionId: request.params.id, ...request.query }),
  )

  app.get(
    '/api/v1/sessions/:id/timeline',
    {
      config: { access: 'session:see' },
      schema: {
        tags,
        summary: 'What happened, who did it, and why it was allowed or refused',
        params: idParams,
        querystring: page,
        response: { 200: listOf(timelineSchema) },
      },
    },
    (request) => loadTimeline(ctx.db, { sessionId: request.params.id, ...request.query }),
  )

  app.get(
    '/api/v1/sessions/:id/workflow',
    {
      config: { access: 'session:see' },
      schema: {
        tags,
        summary: 'The live state of the session’s workflow, beside that of its row',
        params: idParams,
        response: { 200: workflowSchema },
      },
    },
    (request) => loadWorkflow(api, request.params.id),
  )
}
