// What browsers are told about every answer, and how often one may ask. Nothing of the API is kept by caches; no page
// of ours runs a script, loads a style or frames anything that does not come from here.
import { randomBytes } from 'node:crypto'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { addressName } from '../../auth/failures.ts'
import type { Api, App } from '../context.ts'
import { Problem } from '../problems.ts'

const POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'media-src': ["'self'", 'blob:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'manifest-src': ["'self'"],
  'worker-src': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
  'object-src': ["'none'"],
}

const YEAR_S = 31_536_000

/** Somebody signed in may ask 500 times a second on average; an address without a sign-in 100 times. */
const MOST_A_MINUTE = { signedIn: 30_000, address: 6_000 }

export async function security(app: App, api: Api): Promise<void> {
  const https = api.config.publicUrl?.startsWith('https:') === true
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: POLICY },
    strictTransportSecurity: https ? { maxAge: YEAR_S, includeSubDomains: false } : false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
}

/** After the identity is known. */
export async function limits(app: App): Promise<void> {
  await app.register(rateLimit, {
    hook: 'preValidation',
    timeWindow: 60_000,
    cache: 20_000,
    keyGenerator: (request) => request.who?.actor.rights.userId ?? addressName(request.ip),
    max: (request) => (request.who === null ? MOST_A_MINUTE.address : MOST_A_MINUTE.signedIn),
    allowList: (request) => UNLIMITED.has(request.routeOptions.url ?? ''),
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) =>
      new Problem('too-many-requests', { retryAfter: Math.ceil(ttl / 1000) }),
  })
}

const UNLIMITED = new Set(['/healthz', '/readyz', '/metrics'])

/** The reference's page starts with a script of its own; it is let in by name, in this process only. */
export const docsNonce = randomBytes(16).toString('base64')

/** Its styles are made by the script at run time. */
export const docsPolicy = Object.entries({
  ...POLICY,
  'script-src': ["'self'", `'nonce-${docsNonce}'`],
  'style-src': ["'self'", "'unsafe-inline'"],
  'font-src': ["'self'", 'data:'],
})
  .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
  .join('; ')
