// Where Meta delivers. The body is kept as the bytes that came, because those are what is signed; 200 is said only
// after the commit that stored them.
import { createHash, timingSafeEqual } from 'node:crypto'
import { verifySignature } from '../../ingest/signature.ts'
import type { Api, App } from '../context.ts'
import { Problem, sendProblem } from '../problems.ts'

const PATH = '/webhooks/whatsapp'
/** Meta delivers up to 3 MB. */
const BODY_BYTES = 4 * 1024 * 1024
const NONE = Buffer.alloc(0)

export function webhookRoutes(app: App, api: Api): void {
  const { appSecrets, verifyToken } = api.config
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', async (request) => {
    // Whatever it is called, it is bytes: what they mean is judged after their signature.
    if (request.headers['content-type'] !== undefined) request.headers['content-type'] = 'application/octet-stream'
  })
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.get<{ Querystring: Record<string, unknown> }>(
    PATH,
    { config: { access: 'public' }, exposeHeadRoute: false, schema: { hide: true } },
    async (request, reply) => {
      const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = request.query
      if (mode !== 'subscribe' || typeof challenge !== 'string' || !isToken(token, verifyToken)) {
        throw new Problem('not-allowed', { detail: 'This is not the verify token that was agreed.' })
      }
      return reply.header('x-content-type-options', 'nosniff').type('text/plain; charset=utf-8').send(challenge)
    },
  )

  app.post(
    PATH,
    { config: { access: 'webhook' }, bodyLimit: BODY_BYTES, schema: { hide: true } },
    async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : NONE
      const { 'x-hub-signature-256': signature } = request.headers
      if (!verifySignature(body, Array.isArray(signature) ? undefined : signature, appSecrets)) {
        throw new Problem('signed-out', { detail: 'The body is not signed with an app secret that is known here.' })
      }
      await api.ingest.take(body)
      return reply.code(200).send()
    },
  )

  app.route({
    method: ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: PATH,
    config: { access: 'public' },
    schema: { hide: true },
    handler: (_request, reply) => sendProblem(reply.header('allow', 'GET, POST'), new Problem('method-not-allowed')),
  })
}

/** Hashes are of one length, so that comparing them takes the same time for every guess. */
function isToken(told: unknown, token: string): boolean {
  if (typeof told !== 'string' || token === '') return false
  const sha = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(sha(told), sha(token))
}
