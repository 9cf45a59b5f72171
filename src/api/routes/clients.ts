// Clients: who they are, and everything of their conversation that one may see.
import { type Api, type App, whoOf } from '../context.ts'
import { idParams } from '../fields.ts'
import { listOf, page } from '../views/common.ts'
import { clientSchema, loadClient, loadConversation } from '../views/conversation.ts'
import { messageSchema } from '../views/message.ts'
import { sessionSchema } from '../views/session.ts'
import { listSessions, sessionsQuery } from '../views/session-list.ts'

export function clientRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  const config = { access: 'client:see' } as const

  app.get(
    '/api/v1/clients/:id',
    { config, schema: { tags, summary: 'A client', params: idParams, response: { 200: clientSchema } } },
    (request) => loadClient(ctx.db, request.params.id, ctx.clock.now()),
  )

  app.get(
    '/api/v1/clients/:id/sessions',
    {
      config,
      schema: {
        tags,
        summary: 'Their sessions that one may see, newest activity first',
        params: idParams,
        querystring: sessionsQuery.omit({ clientId: true }),
        response: { 200: listOf(sessionSchema) },
      },
    },
    (request) =>
      listSessions(
        ctx.db,
        whoOf(request).actor.rights,
        { ...request.query, clientId: request.params.id },
        ctx.clock.now(),
      ),
  )

  app.get(
    '/api/v1/clients/:id/messages',
    {
      config,
      schema: {
        tags,
        summary: 'The conversation across sessions, ascending; the newest page by default, older ones by `cursor`',
        params: idParams,
        querystring: page,
        response: { 200: listOf(messageSchema) },
      },
    },
    (request) =>
      loadConversation(ctx.db, whoOf(request).actor.rights, { clientId: request.params.id, ...request.query }),
  )
}
