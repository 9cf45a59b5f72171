// Reads the cookie or the bearer token of a request, and refuses what a page of another site may have sent. A bearer
// token is put there by a program on purpose, so its requests need no Origin; a cookie comes by itself.
import cookie from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Who, whoHasCookie, whoHasToken } from '../../auth/identify.ts'
import type { SignedIn } from '../../auth/sign-in.ts'
import type { Config } from '../../config.ts'
import type { Api, App } from '../context.ts'
import { Problem } from '../problems.ts'

declare module 'fastify' {
  interface FastifyRequest {
    who: Who | null
  }
}

const FOREIGN = 'The request comes from a page of another site, or does not say from which.'
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
const BEARER = /^bearer +([\w-]{20,200})$/i

export async function identity(app: App, api: Api): Promise<void> {
  await app.register(cookie)
  app.decorateRequest('who', null)
  app.addHook('onRequest', async (request) => {
    const carriesCookie = cookieOf(api.config, request) !== undefined
    if (bearerOf(request) === undefined) checkOrigin(api.config, request, carriesCookie)
    const right = request.is404 ? 'public' : request.routeOptions.config.access
    if (right === 'public' || right === 'webhook') return
    request.who = await whoAsks(api, request)
    if (request.who === null) throw new Problem('signed-out')
    api.presence.touch(request.who.actor.rights.userId)
  })
}

/** Null where nobody, or nobody who is still welcome, asks. */
async function whoAsks(api: Api, request: FastifyRequest): Promise<Who | null> {
  const at = api.ctx.clock.now()
  // A request with both is the program's: it is never lent the rights of a cookie that came along.
  if (request.headers.authorization !== undefined) {
    const token = bearerOf(request)
    return token === undefined ? null : whoHasToken(api.ctx.byKey, token, at)
  }
  const carried = cookieOf(api.config, request)
  return carried === undefined ? null : whoHasCookie(api.ctx.byKey, carried, at)
}

const bearerOf = (request: FastifyRequest): string | undefined => BEARER.exec(request.headers.authorization ?? '')?.[1]

function checkOrigin(config: Config, request: FastifyRequest, carriesCookie: boolean): void {
  const { origin } = request.headers
  if (origin === undefined) {
    if (carriesCookie && !SAFE.has(request.method)) throw new Problem('not-allowed', { detail: FOREIGN })
    return
  }
  if (!isOurs(config, origin, request.host)) throw new Problem('not-allowed', { detail: FOREIGN })
}

export function isOurs(config: Config, origin: string, host: string): boolean {
  if (origin === config.publicUrl) return true
  if (!URL.canParse(origin)) return false
  const { protocol, host: its } = new URL(origin)
  return (protocol === 'http:' || protocol === 'https:') && its === host.toLowerCase()
}

const isSecure = (config: Config, request: FastifyRequest): boolean =>
  config.publicUrl === null ? request.protocol === 'https' : config.publicUrl.startsWith('https:')

/** The prefix makes browsers insist on Secure and on this very host; it exists over https only. */
const cookieName = (secure: boolean): string => (secure ? '__Host-parley' : 'parley')

export const cookieOf = (config: Config, request: FastifyRequest): string | undefined =>
  request.cookies[cookieName(isSecure(config, request))]

const cookieOptions = (secure: boolean) => ({ path: '/', httpOnly: true, sameSite: 'strict', secure }) as const

export function setSignedIn(config: Config, request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn): void {
  const secure = isSecure(config, request)
  reply.setCookie(cookieName(secure), signedIn.token, {
    ...cookieOptions(secure),
    expires: new Date(signedIn.expiresAt),
  })
}

export function clearSignedIn(config: Config, request: FastifyRequest, reply: FastifyReply): void {
  const secure = isSecure(config, request)
  reply.clearCookie(cookieName(secure), cookieOptions(secure))
}
