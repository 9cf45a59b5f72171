// The company's numbers.
import { z } from 'zod'
import { checkLineSchema } from '../channel-check.ts'
import { addChannel, changeChannel, checkChannel } from '../channels.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { channelSchema, loadChannels, maySeeChannel } from '../views/channel.ts'
import { listOf, page, pageOf } from '../views/common.ts'

const fields = {
  name: line(100),
  displayPhoneNumber: line(40),
  token: line(1000),
  groupId: anId,
  messagesPerSecond: z.int().min(1).max(1000),
}
const metaId = z.string().regex(/^\d{5,30}$/, "must be Meta's id, which is digits")
const newBody = z.strictObject({
  ...fields,
  phoneNumberId: metaId,
  wabaId: metaId,
  displayPhoneNumber: fields.displayPhoneNumber.default(''),
  messagesPerSecond: fields.messagesPerSecond.default(80),
})
const patchBody = z.strictObject(fields).partial()
const checkedSchema = z.object({
  ok: z.boolean(),
  code: z.int().nullable().describe("Meta's, or the HTTP status; null when it was not reached"),
  title: z.string().nullable(),
  advice: z.string().nullable(),
  lines: z.array(checkLineSchema).describe('What must hold, one by one'),
  channel: channelSchema,
})

export function channelRoutes(app: App, api: Api): void {
  const tags = ['catalogue']

  app.get(
    '/api/v1/channels',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Numbers of one’s groups',
        querystring: page,
        response: { 200: listOf(channelSchema) },
      },
    },
    async (request) => {
      const { rights } = whoOf(request).actor
      const channels = await loadChannels(api.ctx.db, null)
      return pageOf(
        channels.filter((channel) => maySeeChannel(rights, channel)),
        request.query,
      )
    },
  )

  app.post(
    '/api/v1/channels',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Add a number', body: newBody, response: { 201: channelSchema } },
    },
    async (request, reply) => reply.code(201).send(await addChannel(api, request.body)),
  )

  app.patch(
    '/api/v1/channels/:id',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Change a number', params: idParams, body: patchBody, response: { 200: channelSchema } },
    },
    (request) => changeChannel(api, request.params.id, request.body),
  )

  app.post(
    '/api/v1/channels/:id/check',
    {
      config: { access: 'administrator' },
      schema: {
        tags,
        summary: 'Ask Meta whether the number works',
        params: idParams,
        response: { 200: checkedSchema },
      },
    },
    async (request) => {
      const { lines, ...checked } = await checkChannel(api, request.params.id)
      return { ...checked, lines: [...lines] }
    },
  )
}
