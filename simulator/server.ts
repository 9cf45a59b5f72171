// The simulator's HTTP side: Meta's Graph API, the controls, and the phone page, on one loopback port.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'
import { ZodError } from 'zod'
import { Refused } from './errors.ts'
import type { Machine } from './machine.ts'
import { NotPossible } from './phones.ts'
import { controlRoutes } from './routes/control.ts'
import { graphRoutes } from './routes/graph.ts'

export const PHONE_PAGE = fileURLToPath(new URL('../dist/phone', import.meta.url))
const BODY_LIMIT = 32 * 1024 * 1024

export async function buildServer(machine: Machine): Promise<FastifyInstance> {
  const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true, routerOptions: { maxParamLength: 500 } })
  // Only JSON and uploads: a form of some web page elsewhere cannot reach the controls.
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser(/^multipart\/form-data/, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof Refused) return reply.code(error.http).send(error.envelope())
    if (error instanceof NotPossible) return reply.code(409).send({ error: error.message })
    const control = request.url.startsWith('/simulator/')
    if (error instanceof ZodError && control) return reply.code(400).send({ error: 'invalid', issues: error.issues })
    if (control) return reply.code(statusOf(error)).send({ error: error instanceof Error ? error.message : 'unknown' })
    const asMeta = new Refused(
      statusOf(error) >= 500 ? 131000 : 100,
      error instanceof Error ? error.message : undefined,
    )
    return reply.code(asMeta.http).send(asMeta.envelope())
  })
  app.setNotFoundHandler((request, reply) => {
    if (request.url.startsWith('/simulator/')) return reply.code(404).send({ error: 'not found' })
    return reply.code(404).send(new Refused(100, `Unknown path components: ${request.url.split('?')[0]}`).envelope())
  })
  graphRoutes(app, machine)
  controlRoutes(app, machine)
  app.get('/', (_request, reply) => reply.redirect('/phone/'))
  if (existsSync(PHONE_PAGE)) await app.register(fastifyStatic, { root: PHONE_PAGE, prefix: '/phone/' })
  return app
}

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
