// The blacklist: who was banned, why, until when, by whom, and who took it back.
import { z } from 'zod'
import { maySeeClient } from '../../db/queries/clients.ts'
import { mayBan, mayLift } from '../../domain/ban.ts'
import type { Alias } from '../../domain/words.ts'
import { ban, liftBan } from '../../sessions/bans.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line, orNull } from '../fields.ts'
import { invalid, orRefuse, Problem } from '../problems.ts'
import { type BanView, banSchema, bansQuery, listBans, loadBan } from '../views/ban.ts'
import { listOf } from '../views/common.ts'
import { loadSettings } from './settings.ts'

const newBody = z.strictObject({
  clientId: orNull(anId).describe('Every alias that the client has is banned'),
  phone: orNull(line(40)).describe('Instead of a client: a number in international form. For administrators'),
  bsuid: orNull(line(200)).describe('Instead of a client: an id that Meta gave. For administrators'),
  reason: line(500),
  until: orNull(z.iso.datetime({ offset: true })).describe('When it ends by itself'),
})

export function banRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  const config = { access: 'signed-in' } as const

  async function oneBan(request: Parameters<typeof whoOf>[0], banId: string): Promise<BanView> {
    const found = await loadBan(ctx.db, whoOf(request).actor.rights, banId, ctx.clock.now())
    if (found === null) throw new Problem('not-found')
    return found
  }

  app.get(
    '/api/v1/bans',
    {
      config,
      schema: {
        tags,
        summary: 'The blacklist, newest first; the active ones by default',
        description: 'Administrators see all of it, others the bans of clients that they may see, and their own.',
        querystring: bansQuery,
        response: { 200: listOf(banSchema) },
      },
    },
    (request) => listBans(ctx.db, whoOf(request).actor.rights, request.query, ctx.clock.now()),
  )

  app.get(
    '/api/v1/bans/:id',
    { config, schema: { tags, summary: 'A ban', params: idParams, response: { 200: banSchema } } },
    (request) => oneBan(request, request.params.id),
  )

  app.post(
    '/api/v1/bans',
    {
      config,
      schema: {
        tags,
        summary: 'Ban a client, on every number',
        description:
          'Exactly one of `clientId`, `phone` and `bsuid`. What the client writes from then on is kept, opens no session and wakes nobody; nothing is sent to them.',
        body: newBody,
        response: { 201: banSchema },
      },
    },
    async (request, reply) => {
      const { actor } = whoOf(request)
      const { clientId, phone, bsuid, reason } = request.body
      if (!mayBan(actor.rights, (await loadSettings(ctx.db)).operatorsMayBan)) throw new Problem('not-allowed')
      const named = [clientId, phone, bsuid].filter((one) => one !== null)
      if (named.length !== 1) throw invalid([{ pointer: '/clientId', detail: 'must name one client, phone or bsuid' }])
      const until = request.body.until === null ? null : Date.parse(request.body.until)
      if (until !== null && until <= ctx.clock.now()) throw invalid([{ pointer: '/until', detail: 'has passed' }])
      if (clientId === null && actor.rights.role !== 'administrator') throw new Problem('not-allowed')
      if (clientId !== null && !(await maySeeClient(ctx.db, actor.rights, clientId))) throw new Problem('not-found')
      const whom = clientId !== null ? { clientId } : aliasOf(phone, bsuid)
      const { banId } = orRefuse(await ban(ctx, { actor, whom, reason, until }))
      return reply.code(201).send(await oneBan(request, banId))
    },
  )

  app.delete(
    '/api/v1/bans/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Lift a ban',
        description: 'It stays on the list as inactive, with who lifted it. A repeat changes nothing.',
        params: idParams,
        response: { 200: banSchema },
      },
    },
    async (request) => {
      const { actor } = whoOf(request)
      const { by } = await oneBan(request, request.params.id)
      const { operatorsMayBan } = await loadSettings(ctx.db)
      if (!mayLift(actor.rights, { byId: by.id }, operatorsMayBan)) throw new Problem('not-allowed')
      await liftBan(ctx, request.params.id, actor)
      return oneBan(request, request.params.id)
    },
  )
}

/** Meta knows phones by their digits alone. */
function aliasOf(phone: string | null, bsuid: string | null): Alias {
  if (phone === null) return { kind: 'bsuid', value: bsuid ?? '' }
  const digits = phone.replace(/[\s()+./-]/g, '').replace(/^00/, '')
  if (!/^\d{5,15}$/.test(digits)) {
    throw invalid([
      { pointer: '/phone', detail: 'must be a phone number in international form, like +420 777 123 456' },
    ])
  }
  return { kind: 'phone', value: digits }
}
