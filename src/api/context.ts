// What every route is given: the parts of one running service, made by service.ts and never by a route.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Failures } from '../auth/failures.ts'
import type { Who } from '../auth/identify.ts'
import type { CloudApi } from '../cloud-api/client.ts'
import type { Config } from '../config.ts'
import type { Door } from '../engine/door.ts'
import type { Ingest } from '../ingest/ingest.ts'
import type { Relay } from '../ingest/relay.ts'
import type { Ctx } from '../sessions/context.ts'
import type { LiveHub } from './live/hub.ts'
import type { Metrics } from './metrics.ts'
import type { Presence } from './presence.ts'
import { Problem } from './problems.ts'
import type { Receipts } from './receipts.ts'
import type { HeroCards } from './templates.ts'

export interface Api {
  readonly config: Config
  readonly ctx: Ctx
  readonly log: Logger
  readonly door: Door
  readonly ingest: Ingest
  readonly relay: Relay
  readonly cloudApi: CloudApi
  readonly receipts: Receipts
  readonly heroCards: HeroCards
  readonly presence: Presence
  readonly live: LiveHub
  readonly metrics: Metrics
  readonly failures: Failures
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, ZodTypeProvider>

/** Whoever signed in for this request; a route whose right is not `public` always has one. */
export function whoOf(request: FastifyRequest): Who {
  if (request.who === null) throw new Problem('signed-out')
  return request.who
}
