// What the phone page and tests ask of the simulator: be a client, turn a knob, look behind the scenes.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { knownErrors } from '../errors.ts'
import { changeSchema, DEFAULTS } from '../knobs.ts'
import type { LiveEvent } from '../live.ts'
import type { Machine } from '../machine.ts'
import { typedDigits } from '../phone-numbers.ts'
import { NotPossible, writingSchema } from '../phones.ts'
import { newTemplateSchema, templateChangeSchema } from '../template-board.ts'
import type { BusinessNumber, Client } from '../words.ts'

const NOTES_SHOWN = 5_000
const HEARTBEAT_MS = 15_000

const phone = z.string().transform((text, context) => {
  const digits = typedDigits(text)
  if (digits !== null) return digits
  context.addIssue({ code: 'custom', message: 'a phone number with country code is needed' })
  return z.NEVER
})
const clientBody = z.strictObject({
  name: z.string().max(200).nullable().optional(),
  username: z.string().max(60).nullable().optional(),
  phone,
  sharesPhone: z.boolean().optional(),
})
const clientChange = z.strictObject({
  name: z.string().max(200).nullable().optional(),
  online: z.boolean().optional(),
  autoRead: z.boolean().optional(),
  sharesPhone: z.boolean().optional(),
  onWhatsApp: z.boolean().optional(),
  stoppedMarketing: z.boolean().optional(),
})
const whichNumber = z.object({ number: z.string().optional() })

export function controlRoutes(app: FastifyInstance, machine: Machine): void {
  const { world, knobs, clock, phones, courier, truth, live, board } = machine

  const client = (request: FastifyRequest): Client => {
    const { id } = z.object({ id: z.string() }).parse(request.params)
    const known = world.clients.get(id) ?? world.clientByPhone(id.replace(/\D/g, '')) ?? world.clientByBsuid(id)
    if (!known) throw new NotPossible('There is no such client.')
    return known
  }
  /** `?number=` of the company; the first one where nothing is said. */
  const number = (request: FastifyRequest): BusinessNumber => {
    const asked = whichNumber.parse(request.query).number
    const found = asked === undefined ? world.numbers[0] : world.number(asked)
    if (!found) throw new NotPossible('There is no such number.')
    return found
  }
  const knobState = () => ({ knobs: knobs.of(), own: knobs.own, defaults: DEFAULTS })
  const clockState = () => ({ now: clock.now(), setting: clock.setting })

  app.get('/simulator/world', async () => ({
    numbers: world.numbers,
    clients: [...world.clients.values()],
    talks: [...world.talks.values()],
    notes: [...world.notes.values()].slice(-NOTES_SHOWN),
    posts: courier.posts.slice(-100),
    errors: knownErrors(),
    held: machine.held,
    webhookUrl: courier.webhookUrl,
    ...knobState(),
    clock: clockState(),
  }))

  app.get('/simulator/knobs', async (request) => {
    const asked = whichNumber.parse(request.query).number
    return asked === undefined ? knobState() : { ...knobState(), knobs: knobs.of(asked) }
  })
  app.put('/simulator/knobs', async (request) => {
    knobs.set(changeSchema.parse(request.body), whichNumber.parse(request.query).number)
    return knobState()
  })
  app.delete('/simulator/knobs', async (request) => {
    knobs.reset(whichNumber.parse(request.query).number)
    return knobState()
  })

  const clockChange = z.strictObject({
    now: z.number().optional(),
    offsetMs: z.number().optional(),
    advanceMs: z.number().optional(),
    scale: z.number().positive().max(1_000_000).optional(),
  })
  app.get('/simulator/clock', async () => clockState())
  app.put('/simulator/clock', async (request) => {
    clock.set(clockChange.parse(request.body))
    live.tell({ type: 'clock', ...clockState() })
    return clockState()
  })

  app.get('/simulator/clients', async () => ({ items: [...world.clients.values()] }))
  app.post('/simulator/clients', async (request, reply) => {
    const wanted = clientBody.parse(request.body)
    if (world.clientByPhone(wanted.phone)) throw new NotPossible('Somebody has this number already.')
    return reply.code(201).send(world.addClient(wanted))
  })
  app.get('/simulator/clients/:id', async (request) => client(request))
  app.patch('/simulator/clients/:id', async (request) => {
    const who = client(request)
    const { online, stoppedMarketing, ...plain } = clientChange.parse(request.body)
    Object.assign(who, plain)
    world.changedClient(who)
    if (stoppedMarketing !== undefined) phones.setMarketing(who, stoppedMarketing)
    if (online !== undefined) phones.setOnline(who, online)
    return who
  })
  app.get('/simulator/clients/:id/messages', async (request) => ({
    items: world.notesOf(number(request).phoneNumberId, client(request).id),
    talk: world.talk(number(request).phoneNumberId, client(request).id),
  }))
  app.post('/simulator/clients/:id/messages', async (request, reply) => {
    const note = await phones.write(client(request), number(request), writingSchema.parse(request.body))
    await world.flush()
    return reply.code(201).send(note)
  })
  app.post('/simulator/clients/:id/read', async (request) => {
    const { upTo } = z.strictObject({ upTo: z.string().optional() }).parse(request.body ?? {})
    return { read: phones.read(client(request), number(request), upTo) }
  })
  app.post('/simulator/clients/:id/play', async (request) => {
    phones.play(client(request), z.strictObject({ wamid: z.string() }).parse(request.body).wamid)
    return { played: true }
  })
  const move = z.strictObject({
    phone,
    announce: z.enum(['user_changed_number', 'user_changed_user_id', 'nothing']).default('user_changed_number'),
  })
  app.post('/simulator/clients/:id/change-number', async (request) => {
    const wanted = move.parse(request.body)
    if (world.clientByPhone(wanted.phone)) throw new NotPossible('Somebody has this number already.')
    phones.changeNumber(client(request), wanted.phone, wanted.announce)
    return client({ ...request, params: { id: wanted.phone } } as FastifyRequest)
  })
  app.post('/simulator/clients/:id/echo', async (request, reply) =>
    reply
      .code(201)
      .send(
        phones.echo(
          client(request),
          number(request),
          z.strictObject({ text: z.string().min(1) }).parse(request.body).text,
        ),
      ),
  )

  app.get('/simulator/templates', async () => ({ items: board.all }))
  app.post('/simulator/templates', async (request, reply) => {
    const wanted = newTemplateSchema.parse(request.body)
    if (board.find(wanted.name, wanted.language)) throw new NotPossible('There is such a template already.')
    return reply.code(201).send(board.add(wanted))
  })
  const templateId = (request: FastifyRequest): string => z.object({ id: z.string() }).parse(request.params).id
  app.patch('/simulator/templates/:id', async (request) => {
    const changed = board.change(templateId(request), templateChangeSchema.parse(request.body))
    if (!changed) throw new NotPossible('There is no such template.')
    return changed
  })
  app.delete('/simulator/templates/:id', async (request, reply) => {
    if (!board.delete(templateId(request))) throw new NotPossible('There is no such template.')
    return reply.code(204).send()
  })

  app.get('/simulator/webhooks', async () => ({ items: courier.posts }))
  /** Any payload, signed like a real one. */
  app.post('/simulator/webhooks', async (request, reply) =>
    reply.code(202).send(courier.raw(z.json().parse(request.body))),
  )
  app.get('/simulator/truth', async (request) => {
    const { opaque } = z.object({ opaque: z.string().optional() }).parse(request.query)
    return { items: truth.posts(opaque), doubles: truth.doubles() }
  })
  app.post('/simulator/release', async () => ({ released: machine.release() }))
  app.post('/simulator/subscribe', async (request) => {
    const { url, verifyToken } = z.strictObject({ url: z.url(), verifyToken: z.string() }).parse(request.body)
    return machine.subscribe(url, verifyToken)
  })
  app.get('/simulator/media/:id', async (request, reply) => {
    const { id } = z.object({ id: z.string().regex(/^\d+$/) }).parse(request.params)
    const medium = machine.media.get(id)
    const bytes = medium && machine.media.bytes(id)
    if (!medium || !bytes) return reply.code(404).send()
    // The page shows files of strangers: whatever they are, they may not act.
    return reply
      .type(medium.mimeType)
      .header('content-security-policy', "sandbox; default-src 'none'")
      .header('x-content-type-options', 'nosniff')
      .send(bytes)
  })

  app.get('/simulator/events', (request, reply) => {
    reply.hijack()
    const out = reply.raw
    out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    out.write(': here\n\n')
    const stop = live.listen((event: LiveEvent) => {
      out.write(`data: ${JSON.stringify(event)}\n\n`)
    })
    const heartbeat = setInterval(() => out.write(': still here\n\n'), HEARTBEAT_MS)
    request.raw.once('close', () => {
      stop()
      clearInterval(heartbeat)
    })
  })
}
