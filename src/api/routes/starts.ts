// Sessions that the company begins: a direct message, and a session that has ended taken up again.
import { z } from 'zod'
import { reconnect, startDirect } from '../../sessions/start.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line, messageText, orNull } from '../fields.ts'
import { keyed } from '../keyed.ts'
import { invalid, orRefuse } from '../problems.ts'
import { templateBody } from '../template-body.ts'
import { loadRecipient, recipientSchema } from '../views/recipient.ts'
import { sessionSchema } from '../views/session.ts'
import { oneSession } from './sessions.ts'

const whom = line(200).describe('A phone number in any common notation, or a WhatsApp id (BSUID)')
const directBody = z.strictObject({
  channelId: anId.describe('The number to write from'),
  to: orNull(whom),
  contactId: orNull(anId).describe('Instead of `to`: a contact of the directory'),
  clientId: orNull(anId).describe('Instead of `to`: a client of this number'),
  groupId: orNull(anId).describe('One of one’s own groups; without it the number’s'),
  template: orNull(templateBody).describe('A HeroCard, whether the window is open or shut'),
  text: orNull(messageText).describe('Only while the window is open'),
})
const reconnectBody = z
  .strictObject({
    template: orNull(templateBody).describe('A HeroCard, whether the window is open or shut'),
    text: orNull(messageText).describe('Only while the window is open'),
  })
  .nullish()
  .transform((body) => body ?? { template: null, text: null })

export function startRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['sessions']
  const begun = { 201: sessionSchema }

  app.post(
    '/api/v1/sessions',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Direct message: begin a session with somebody',
        description:
          'With a HeroCard; with free text only while the window is open. Meanwhile the session is one’s own, and the ' +
          'text field opens with the client’s answer.',
        body: directBody,
        response: begun,
      },
    },
    async (request, reply) => {
      const { channelId, groupId, text, template } = request.body
      const to = onlyOne(request.body)
      if ((text === null) === (template === null))
        throw invalid([{ pointer: '/template', detail: 'Say one thing: a HeroCard, or a text.' }])
      const started = await startDirect(ctx, {
        ...keyed(request),
        channelId,
        to,
        groupId,
        said: { text, card: template },
      })
      return reply.code(201).send(await oneSession(api, orRefuse(started).sessionId))
    },
  )

  app.post(
    '/api/v1/sessions/:id/reconnect',
    {
      config: { access: 'session:reconnect' },
      schema: {
        tags,
        summary: 'Take an ended session up again, as a new one',
        description:
          'Within 24 hours of the client’s last message with free text, or with nothing but the open text field; after ' +
          'it with a HeroCard.',
        params: idParams,
        body: reconnectBody,
        response: begun,
      },
    },
    async (request, reply) => {
      const { text, template } = request.body
      if (text !== null && template !== null)
        throw invalid([{ pointer: '/template', detail: 'Say one thing: a HeroCard, or a text.' }])
      const started = await reconnect(ctx, {
        ...keyed(request),
        sessionId: request.params.id,
        said: { text, card: template },
      })
      return reply.code(201).send(await oneSession(api, orRefuse(started).sessionId))
    },
  )

  app.get(
    '/api/v1/recipients',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Who somebody is, and whether they may be written to',
        querystring: z.object({ channelId: anId, to: whom }),
        response: { 200: recipientSchema },
      },
    },
    (request) => loadRecipient(api, whoOf(request).actor.rights, request.query),
  )
}

function onlyOne(body: z.infer<typeof directBody>) {
  const { to, contactId, clientId } = body
  if (to !== null && contactId === null && clientId === null) return { typed: to }
  if (contactId !== null && to === null && clientId === null) return { contactId }
  if (clientId !== null && to === null && contactId === null) return { clientId }
  throw invalid([{ pointer: '/to', detail: 'Name one recipient: to, contactId or clientId.' }])
}
