// Meta's Graph API as far as a company's messaging uses it: messages, numbers, templates, media, subscriptions.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseMessage } from '../contract.ts'
import { Refused } from '../errors.ts'
import type { Machine } from '../machine.ts'
import { checkUpload, LARGEST_FILE, type Medium } from '../media.ts'
import type { Template } from '../templates.ts'
import type { BusinessNumber, JsonObject } from '../words.ts'

const idOf = z.object({ id: z.string() })
const maybeId = z.object({ id: z.string().optional() })
const paging = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(25),
  after: z.string().optional(),
  before: z.string().optional(),
  fields: z.string().optional(),
  status: z.string().optional(),
  name: z.string().optional(),
  language: z.string().optional(),
  category: z.string().optional(),
})

export function graphRoutes(app: FastifyInstance, machine: Machine): void {
  const { world, knobs, truth, media, sending } = machine

  const number = (request: FastifyRequest): BusinessNumber => {
    const { id } = idOf.parse(request.params)
    const known = world.number(id)
    if (!known) throw unknownObject(request.method, id)
    return known
  }
  const authorise = async (request: FastifyRequest): Promise<void> => {
    const { id } = maybeId.parse(request.params)
    const { latencyMs } = knobs.of(id)
    if (latencyMs > 0) await pause(latencyMs)
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw new Refused(190, 'An access token is required to request this resource.')
    if (token !== machine.token) throw new Refused(190, 'Invalid OAuth access token - Cannot parse access token')
  }
  const mustLive = async ({ params }: FastifyRequest): Promise<void> => {
    if (knobs.tokenIsDead(maybeId.parse(params).id)) throw new Refused(190)
  }
  const secured = { onRequest: [authorise, mustLive] }

  // Sends are refused where they are counted and written down.
  app.post('/:version/:id/messages', { onRequest: authorise }, async (request, reply) => {
    const business = number(request)
    const pnid = business.phoneNumberId
    const parsed = parseMessage(request.body)
    if (parsed.kind === 'markRead') {
      await mustLive(request)
      const marked = sending.markRead(business, parsed)
      await world.flush()
      return marked
    }
    const body = request.body as JsonObject
    const seen = { at: machine.clock.now(), phoneNumberId: pnid, opaque: parsed.opaque, body }
    if (knobs.spend('loseRequest', pnid)) {
      truth.add({ ...seen, outcome: 'cut', wamid: null, code: null, answer: 'lost' })
      return cut(reply)
    }
    const garble = knobs.spendGarble(pnid)
    if (garble && !garble.accept) {
      truth.add({ ...seen, outcome: 'refused', wamid: null, code: null, answer: 'garbled' })
      return rubbish(reply, garble.status, garble.body)
    }
    try {
      const { note, answer } = sending.accept(business, parsed)
      const received = truth.add({ ...seen, outcome: 'accepted', wamid: note.wamid, code: null, answer: 'given' })
      await world.flush()
      if (garble) {
        received.answer = 'garbled'
        return rubbish(reply, garble.status, garble.body)
      }
      if (knobs.spend('loseAnswer', pnid)) {
        received.answer = 'lost'
        return cut(reply)
      }
      if (knobs.spend('holdAnswer', pnid)) {
        received.answer = 'held'
        await machine.hold()
        received.answer = 'released'
      }
      return answer
    } catch (error) {
      if (error instanceof Refused)
        truth.add({ ...seen, outcome: 'refused', wamid: null, code: error.code, answer: 'given' })
      throw error
    }
  })

  app.get('/:version/:id', secured, async (request) => {
    const { id } = idOf.parse(request.params)
    const business = world.number(id)
    if (business)
      return pick(numberFields(business, machine), fieldsOf(request), [
        'verified_name',
        'display_phone_number',
        'quality_rating',
        'code_verification_status',
        'platform_type',
        'throughput',
        'id',
      ])
    const medium = media.get(id)
    if (medium) return mediumFields(medium, machine)
    const template = machine.templates.find((one) => one.id === id)
    if (template) return template
    throw unknownObject('GET', id)
  })

  app.delete('/:version/:id', secured, async (request) => {
    const { id } = idOf.parse(request.params)
    if (!media.delete(id)) throw unknownObject('DELETE', id)
    return { success: true }
  })

  app.get('/:version/debug_token', secured, async (request) => {
    const { input_token } = z.object({ input_token: z.string() }).parse(request.query)
    const known = input_token === machine.token && !knobs.tokenIsDead(undefined)
    return {
      data: { is_valid: known, scopes: known ? knobs.of(undefined).scopes : [], expires_at: 0, type: 'SYSTEM_USER' },
    }
  })

  app.get('/:version/:id/subscribed_apps', secured, async (request) => {
    waba(request, machine)
    const app = {
      whatsapp_business_api_data: { id: '100', name: 'Parley', link: 'https://www.facebook.com/games/?app_id=100' },
    }
    return { data: knobs.of(undefined).subscribed ? [app] : [] }
  })

  app.get('/:version/:id/phone_numbers', secured, async (request) => {
    const ids = waba(request, machine)
    const numbers = world.numbers.filter(({ wabaId }) => wabaId === ids)
    return page(
      numbers.map((one) =>
        pick(numberFields(one, machine), fieldsOf(request), [
          'verified_name',
          'display_phone_number',
          'quality_rating',
          'code_verification_status',
          'id',
        ]),
      ),
      request,
    )
  })

  app.get('/:version/:id/message_templates', secured, async (request) => {
    waba(request, machine)
    const query = paging.parse(request.query)
    const wanted = machine.templates.filter(
      (one) =>
        (query.status === undefined || one.status === query.status.toUpperCase()) &&
        (query.name === undefined || one.name.includes(query.name)) &&
        (query.language === undefined || one.language === query.language) &&
        (query.category === undefined || one.category === query.category.toUpperCase()),
    )
    return page(
      wanted.map((one) =>
        pick(templateFields(one), fieldsOf(request), [
          'name',
          'parameter_format',
          'components',
          'language',
          'status',
          'category',
          'id',
        ]),
      ),
      request,
    )
  })

  const subscription = z.object({ override_callback_uri: z.url().max(200), verify_token: z.string() })
  app.post('/:version/:id/subscribed_apps', secured, async (request) => {
    waba(request, machine)
    const wanted = subscription.safeParse(request.body)
    if (!wanted.success) return { success: true }
    const answer = await machine.subscribe(wanted.data.override_callback_uri, wanted.data.verify_token)
    if (!answer.verified) throw new Refused(2200, `Callback verification failed: ${answer.why}`)
    return { success: true }
  })

  app.post('/:version/:id/media', { ...secured, bodyLimit: LARGEST_FILE + 1_000_000 }, async (request) => {
    number(request)
    const form = await formOf(request)
    const file = form.get('file')
    if (form.get('messaging_product') !== 'whatsapp')
      throw new Refused(100, 'The parameter messaging_product is required.')
    if (!(file instanceof File)) throw new Refused(100, 'The parameter file is required.')
    const type = form.get('type')
    const mimeType = typeof type === 'string' && type.includes('/') ? type : file.type
    checkUpload(mimeType, file.size)
    const medium = await media.add('company', Buffer.from(await file.arrayBuffer()), mimeType, file.name)
    await world.flush()
    return { id: medium.id }
  })

  app.get('/whatsapp_business/attachments/', secured, async (request, reply) => {
    const { key } = z.object({ key: z.string() }).parse(request.query)
    const medium = media.followed(key)
    const bytes = medium && media.bytes(medium.id)
    if (!medium || !bytes) return reply.code(404).send()
    return reply.type(medium.mimeType).send(bytes)
  })
}

function waba(request: FastifyRequest, machine: Machine): string {
  const { id } = idOf.parse(request.params)
  if (!machine.world.numbers.some(({ wabaId }) => wabaId === id)) throw unknownObject(request.method, id)
  return id
}

const unknownObject = (method: string, id: string): Refused =>
  new Refused(
    100,
    `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation.`,
    33,
  )

const fieldsOf = (request: FastifyRequest): string | undefined => paging.partial().parse(request.query).fields

function pick(all: JsonObject, fields: string | undefined, usual: readonly string[]): JsonObject {
  const wanted = fields === undefined ? usual : ['id', ...fields.split(',').map((field) => field.trim())]
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)))
}

const numberFields = (number: BusinessNumber, machine: Machine): JsonObject => ({
  id: number.phoneNumberId,
  display_phone_number: number.displayPhoneNumber,
  verified_name: number.verifiedName,
  quality_rating: machine.knobs.of(number.phoneNumberId).quality,
  code_verification_status: 'VERIFIED',
  platform_type: 'CLOUD_API',
  status: machine.knobs.of(number.phoneNumberId).registered ? 'CONNECTED' : 'DISCONNECTED',
  name_status: 'APPROVED',
  account_mode: machine.knobs.of(number.phoneNumberId).allowList ? 'SANDBOX' : 'LIVE',
  throughput: { level: machine.knobs.of(number.phoneNumberId).throughput > 80 ? 'HIGH' : 'STANDARD' },
  whatsapp_business_manager_messaging_limit: 'TIER_UNLIMITED',
})

const templateFields = (template: Template): JsonObject => JSON.parse(JSON.stringify(template))

const mediumFields = (medium: Medium, machine: Machine): JsonObject => ({
  messaging_product: 'whatsapp',
  url: machine.media.link(medium.id),
  mime_type: medium.mimeType,
  sha256: Buffer.from(medium.sha256, 'base64').toString('hex'),
  file_size: String(medium.size),
  id: medium.id,
})

/** Cursors are opaque to others: the place in the list, in base64. */
function page(all: readonly JsonObject[], request: FastifyRequest): JsonObject {
  const { limit, after, before } = paging.parse(request.query)
  const end = before === undefined ? undefined : place(before)
  const from = end === undefined ? (after === undefined ? 0 : place(after) + 1) : Math.max(0, end - limit)
  const data = all.slice(from, end ?? from + limit)
  if (data.length === 0) return { data: [] }
  const last = from + data.length - 1
  const cursors = { before: cursor(from), after: cursor(last) }
  if (last + 1 >= all.length) return { data, paging: { cursors } }
  const next = new URL(request.url, `${request.protocol}://${request.host}`)
  next.searchParams.delete('before')
  next.searchParams.set('after', cursors.after)
  return { data, paging: { cursors, next: next.href } }
}
const cursor = (at: number): string => Buffer.from(`at:${at}`).toString('base64url')
function place(text: string): number {
  const at = /^at:(\d+)$/.exec(Buffer.from(text, 'base64url').toString('latin1'))?.[1]
  if (at === undefined) throw new Refused(131059)
  return Number(at)
}

async function formOf(request: FastifyRequest): Promise<FormData> {
  const { body } = request
  const type = request.headers['content-type'] ?? ''
  if (!Buffer.isBuffer(body)) throw new Refused(100, 'The body must be multipart/form-data.')
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  } catch {
    throw new Refused(100, 'The body must be multipart/form-data.')
  }
}

function cut(reply: FastifyReply): FastifyReply {
  reply.hijack()
  reply.raw.destroy()
  return reply
}

function rubbish(reply: FastifyReply, status: number, body: 'html' | 'cut' | 'empty' | 'json'): FastifyReply {
  reply.code(status)
  if (body === 'empty') return reply.send('')
  if (body === 'json')
    return reply.type('application/json').send(JSON.stringify({ nonce: randomBytes(6).toString('hex') }))
  if (body === 'cut') return reply.type('application/json').send('{"messaging_product":"whatsapp","contacts":[{"inp')
  return reply
    .type('text/html')
    .send('<!doctype html><title>Sorry, something went wrong.</title><h1>Sorry, something went wrong.</h1>')
}
