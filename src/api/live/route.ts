// GET /api/v1/live: the websocket. Cookie or bearer, origin and sign-in are judged before, as for every request.
import websocket from '@fastify/websocket'
import { type Api, type App, whoOf } from '../context.ts'
import { invalid, Problem } from '../problems.ts'

/** Enough for a `watch` of a thousand ids. */
const SAID_BYTES = 64 * 1024

export async function liveRoutes(app: App, api: Api): Promise<void> {
  await app.register(websocket, { options: { maxPayload: SAID_BYTES, perMessageDeflate: false } })
  app.route({
    method: 'GET',
    url: '/api/v1/live',
    config: { access: 'signed-in' },
    schema: { hide: true },
    preValidation: async () => {
      if (!api.live.ready) throw new Problem('unavailable')
    },
    handler: async () => {
      throw invalid([{ pointer: '/Upgrade', detail: 'must be websocket: this address is read through one' }])
    },
    wsHandler: (socket, request) => api.live.join(socket, whoOf(request)),
  })
}
