// What an operator does with a session. Sends and reading are one transaction here; what moves the session through its
// life goes to its workflow and comes back decided.

import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { CommandKind } from '../../domain/commands.ts'
import type { Target } from '../../domain/transfer.ts'
import { type CommandAnswer, giveCommand } from '../../sessions/command.ts'
import type { CommandBody } from '../../sessions/commands/case.ts'
import { readUpTo } from '../../sessions/read.ts'
import { sendTemplate, sendText } from '../../sessions/send.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { loadDraft, saveDraft } from '../drafts.ts'
import { anId, anyText, idParams, MAX_TEXT, messageText, noBody, orNull } from '../fields.ts'
import { keyed } from '../keyed.ts'
import { invalid, orRefuse, Problem, refusalProblem } from '../problems.ts'
import { templateBody } from '../template-body.ts'
import { time } from '../views/common.ts'
import { loadMessage, type MessageView, messageSchema } from '../views/message.ts'
import { sessionSchema } from '../views/session.ts'
import { oneSession } from './sessions.ts'

const note = orNull(anyText(4000))
const resultBody = z.strictObject({ resultId: anId, note })
const seq = z.number().int().min(0).max(2_147_483_647)
const endBody = z.strictObject({
  lastSeq: seq.describe('The newest message that was seen'),
  result: orNull(resultBody).describe('Ends for good at once'),
  farewell: orNull(messageText).describe('A last text to the client'),
})
const transferBody = z.strictObject({
  operatorId: orNull(anId).describe('This operator alone, or'),
  groupId: orNull(anId).describe('the whole of this group'),
  note: orNull(anyText(4000)).describe('For whoever has it next; never told to the client'),
})
const readBody = z.strictObject({ seq })
const draftBody = z.strictObject({ text: anyText(MAX_TEXT) })
const draftSchema = z.object({ text: z.string(), at: time.nullable() })
const messageBody = z.strictObject({
  type: z.literal('text'),
  text: messageText,
  replyTo: orNull(anId).describe('A message of the conversation that is quoted'),
})

/** Of what may be repeated as it is. */
const KEYLESS = 'An Idempotency-Key is not looked at.'

export async function oneMessage(api: Api, messageId: string): Promise<MessageView> {
  const message = await loadMessage(api.ctx.db, messageId)
  if (message === null) throw new Problem('not-found')
  return message
}

function targetOf({ operatorId, groupId }: z.infer<typeof transferBody>): Target {
  if (operatorId !== null && groupId === null) return { kind: 'operator', operatorId }
  if (groupId !== null && operatorId === null) return { kind: 'group', groupId }
  throw invalid([{ pointer: '/operatorId', detail: 'or a group must be named, one of both' }])
}

function told(answer: CommandAnswer, kind: CommandKind): void {
  if (answer.answer === 'done') return
  if (answer.answer !== 'refused') throw new Problem(answer.answer)
  throw refusalProblem(answer.refusal, kind === 'end' ? '/result' : '')
}

export function commandRoutes(app: App, api: Api): void {
  const { ctx, door } = api
  const tags = ['commands']
  const session = { 200: sessionSchema }

  async function command(request: FastifyRequest, sessionId: string, kind: CommandKind, body: CommandBody) {
    told(await giveCommand(ctx, door, { ...keyed(request), sessionId, kind, body }), kind)
    return oneSession(api, sessionId)
  }

  app.post(
    '/api/v1/sessions/:id/accept',
    {
      config: { access: 'session:accept' },
      schema: { tags, summary: 'Take a queued session', params: idParams, body: noBody, response: session },
    },
    (request) => command(request, request.params.id, 'accept', {}),
  )

  app.post(
    '/api/v1/sessions/:id/transfer',
    {
      config: { access: 'session:transfer' },
      schema: {
        tags,
        summary: 'Hand a session on, to an operator or a group',
        description:
          'From the preview of an offer, and at any time while it goes on. It is queued until somebody accepts; an operator has `timeToAccept` for it, then it goes back or to the group’s queue, as the settings say.',
        params: idParams,
        body: transferBody,
        response: session,
      },
    },
    (request) => {
      const target = targetOf(request.body)
      return command(request, request.params.id, 'transfer', { target, note: request.body.note })
    },
  )

  app.post(
    '/api/v1/sessions/:id/return',
    {
      config: { access: 'session:return' },
      schema: {
        tags,
        summary: 'Give a session back',
        description:
          'To its group’s queue; an offer to one operator alone is declined, and goes back as if unanswered.',
        params: idParams,
        body: noBody,
        response: session,
      },
    },
    (request) => command(request, request.params.id, 'return', {}),
  )

  app.post(
    '/api/v1/sessions/:id/take-over',
    {
      config: { access: 'session:takeOver' },
      schema: {
        tags,
        summary: 'Take a session over from whoever has it',
        description: 'For supervisors and administrators; slots do not count.',
        params: idParams,
        body: noBody,
        response: session,
      },
    },
    (request) => command(request, request.params.id, 'takeOver', {}),
  )

  app.post(
    '/api/v1/sessions/:id/end',
    {
      config: { access: 'session:end' },
      schema: {
        tags,
        summary: 'End a session; with a result, for good',
        params: idParams,
        body: endBody,
        response: session,
      },
    },
    (request) => command(request, request.params.id, 'end', request.body),
  )

  app.post(
    '/api/v1/sessions/:id/result',
    {
      config: { access: 'session:result' },
      schema: { tags, summary: 'Give or change the result', params: idParams, body: resultBody, response: session },
    },
    (request) => command(request, request.params.id, 'result', request.body),
  )

  app.post(
    '/api/v1/sessions/:id/messages',
    {
      config: { access: 'session:write' },
      schema: {
        tags,
        summary: 'Write to the client',
        params: idParams,
        body: messageBody,
        response: { 202: messageSchema },
      },
    },
    async (request, reply) => {
      const { text, replyTo } = request.body
      const sent = await sendText(ctx, {
        ...keyed(request),
        sessionId: request.params.id,
        text,
        replyTo,
      })
      return reply.code(202).send(await oneMessage(api, orRefuse(sent).messageId))
    },
  )

  app.post(
    '/api/v1/sessions/:id/template',
    {
      config: { access: 'session:write' },
      schema: {
        tags,
        summary: 'Send a HeroCard',
        description: 'Also while the window is shut; then one only, until the client answers.',
        params: idParams,
        body: templateBody,
        response: { 202: messageSchema },
      },
    },
    async (request, reply) => {
      const sent = await sendTemplate(ctx, { ...keyed(request), sessionId: request.params.id, card: request.body })
      return reply.code(202).send(await oneMessage(api, orRefuse(sent).messageId))
    },
  )

  app.post(
    '/api/v1/sessions/:id/read',
    {
      config: { access: 'session:read' },
      schema: {
        tags,
        summary: 'Everything up to this message was read',
        description: `What was read stays read: a repeat, or an earlier message, changes nothing. ${KEYLESS}`,
        params: idParams,
        body: readBody,
        response: session,
      },
    },
    async (request) => {
      const { id } = request.params
      const { actor } = whoOf(request)
      const read = orRefuse(await readUpTo(ctx, { actor, sessionId: id, seq: request.body.seq }))
      if (read.receipts && read.wamid !== null) api.receipts.read(id, read.channelId, read.wamid)
      return oneSession(api, id)
    },
  )

  app.post(
    '/api/v1/sessions/:id/typing',
    {
      config: { access: 'session:write' },
      schema: {
        tags,
        summary: 'An answer is being written',
        description: `Told to the client and to whoever sees the session; nothing is kept of it. ${KEYLESS}`,
        params: idParams,
        body: noBody,
        response: session,
      },
    },
    async (request) => {
      const { id } = request.params
      await api.live.typing(id, whoOf(request).actor.rights.userId)
      await api.receipts.typing(id)
      return oneSession(api, id)
    },
  )

  app.get(
    '/api/v1/sessions/:id/draft',
    {
      config: { access: 'session:see' },
      schema: { tags, summary: 'One’s own unsent text', params: idParams, response: { 200: draftSchema } },
    },
    (request) => loadDraft(ctx.db, request.params.id, whoOf(request).actor.rights.userId),
  )

  app.put(
    '/api/v1/sessions/:id/draft',
    {
      config: { access: 'session:write' },
      schema: {
        tags,
        summary: 'Keep one’s own unsent text',
        description: `In place of the one before; an empty one is forgotten. ${KEYLESS}`,
        params: idParams,
        body: draftBody,
        response: session,
      },
    },
    async (request) => {
      const { id } = request.params
      await saveDraft(ctx.db, {
        sessionId: id,
        userId: whoOf(request).actor.rights.userId,
        text: request.body.text,
        at: ctx.clock.now(),
      })
      return oneSession(api, id)
    },
  )
}
