// One message: sent again, settled by whoever knows what became of it, and the evidence of why it might leave.
import { z } from 'zod'
import { resolveMessage, retryMessage } from '../../sessions/send.ts'
import type { Api, App } from '../context.ts'
import { idParams } from '../fields.ts'
import { keyed } from '../keyed.ts'
import { orRefuse } from '../problems.ts'
import { evidenceSchema, loadEvidence } from '../views/evidence.ts'
import { messageSchema } from '../views/message.ts'
import { oneMessage } from './commands.ts'

const retryBody = z
  .strictObject({
    evenThoughReached: z
      .boolean()
      .optional()
      .transform((told) => told === true)
      .describe('Send it although an attempt that failed was seen to arrive'),
  })
  .nullish()
  .transform((body) => body ?? { evenThoughReached: false })
const resolveBody = z.strictObject({ outcome: z.enum(['arrived', 'notArrived']) })

export function messageRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['messages']

  app.post(
    '/api/v1/messages/:id/retry',
    {
      config: { access: 'message:write' },
      schema: {
        tags,
        summary: 'Send it again, as a new attempt',
        params: idParams,
        body: retryBody,
        response: { 202: messageSchema },
      },
    },
    async (request, reply) => {
      const { evenThoughReached } = request.body
      const sent = await retryMessage(ctx, { ...keyed(request), messageId: request.params.id, evenThoughReached })
      return reply.code(202).send(await oneMessage(api, orRefuse(sent).messageId))
    },
  )

  app.post(
    '/api/v1/messages/:id/resolve',
    {
      config: { access: 'message:write' },
      schema: {
        tags,
        summary: 'Say whether a message of unknown outcome arrived',
        params: idParams,
        body: resolveBody,
        response: { 200: messageSchema },
      },
    },
    async (request) => {
      const { outcome } = request.body
      const resolved = await resolveMessage(ctx, { ...keyed(request), messageId: request.params.id, outcome })
      return oneMessage(api, orRefuse(resolved).messageId)
    },
  )

  app.get(
    '/api/v1/messages/:id/evidence',
    {
      config: { access: 'message:see' },
      schema: {
        tags,
        summary: 'Which message kept the window open, when it was asked, and every status that was told',
        params: idParams,
        response: { 200: evidenceSchema },
      },
    },
    (request) => loadEvidence(ctx.db, request.params.id),
  )
}
