// Commands carry an Idempotency-Key, per user: a repeat gets the first answer, the same key with another body is
// refused. Without one a command still works; it gets a key that nobody will repeat.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import type { Keyed } from '../sessions/once.ts'
import { whoOf } from './context.ts'
import { invalid } from './problems.ts'

const KEY = /^[\x21-\x7e]{1,255}$/

export function keyed(request: FastifyRequest): Keyed {
  const told = request.headers['idempotency-key']
  if (told !== undefined && (Array.isArray(told) || !KEY.test(told))) {
    throw invalid([{ pointer: '/Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' }])
  }
  // The body as the schema read it, so that neither spaces nor the order of fields nor what is left out instead of null
  // make another one of it.
  const asked = `${request.method} ${request.routeOptions.url} ${JSON.stringify(request.params)}\n${JSON.stringify(request.body ?? null)}`
  return { actor: whoOf(request).actor, key: told ?? newId(), hash: createHash('sha256').update(asked).digest() }
}
