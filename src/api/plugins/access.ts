// Who may ask what. Every route names its right in `config.access`, and the service does not start with one that names
// none. Rights of a role are judged before anything of the request is read; rights on a session, message or client by
// the one policy, on the facts of now. What somebody may not see is answered exactly as what does not exist.
import type { FastifyRequest } from 'fastify'
import type { Database } from '../../db/database.ts'
import { factsOfSession } from '../../db/queries/access.ts'
import { maySeeClient } from '../../db/queries/clients.ts'
import { type AccessFacts, mayDo, maySee, type Rights, type SessionAction } from '../../domain/policy.ts'
import { isId } from '../../ids.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { Problem } from '../problems.ts'

export type Access =
  | 'public'
  /** Signed by Meta. */
  | 'webhook'
  | 'signed-in'
  | 'supervisor'
  | 'administrator'
  /** The path's id names a session, message or client, and this is what one means to do with it. */
  | 'session:see'
  | `session:${SessionAction}`
  | 'message:see'
  | 'message:write'
  | 'client:see'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
}

export interface NamedRoute {
  readonly method: string
  readonly url: string
  readonly access: Access
}

/** Every route of the service with its right, for the policy test and for nobody else. */
export const routeTable = new WeakMap<object, readonly NamedRoute[]>()

export function nameRights(app: App): void {
  const routes: { method: string; url: string; config: { access?: Access } | undefined }[] = []
  app.addHook('onRoute', (route) => {
    // The config is looked at when all hooks of plugins further in have run, too.
    for (const method of [route.method].flat()) {
      routes.push({
        method,
        url: route.url,
        get config() {
          return route.config
        },
      })
    }
  })
  app.addHook('onReady', async () => {
    const unnamed = routes.filter((route) => route.config?.access === undefined)
    if (unnamed.length > 0) {
      throw new Error(`No right is named for ${unnamed.map((route) => `${route.method} ${route.url}`).join(', ')}.`)
    }
    routeTable.set(
      app.server,
      routes.map(({ method, url, config }) => ({ method, url, access: config?.access ?? 'administrator' })),
    )
  })
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What decides about the session that the path names, asked for before anybody knows who asks. */
    facts: Promise<AccessFacts | null> | null
  }
}

/** Before the identity is asked for: the two questions need not wait for each other. */
export function askAhead(app: App, api: Api): void {
  app.decorateRequest('facts', null)
  app.addHook('onRequest', async (request) => {
    const { authorization, cookie } = request.headers
    if (request.is404 || (authorization === undefined && cookie === undefined)) return
    const { id } = request.params as { id?: string }
    if (!request.routeOptions.config.access?.startsWith('session:') || id === undefined || !isId(id)) return
    request.facts = factsOfSession(api.ctx.byKey, id)
    // Whoever is refused before the facts are looked at leaves them alone.
    request.facts.catch(() => {})
  })
}

/** After the identity is known. */
export function judge(app: App, api: Api): void {
  app.addHook('onRequest', async (request) => {
    if (request.is404) return
    judgeRole(request)
  })
  app.addHook('preHandler', async (request) => {
    if (request.is404) return
    await judgeObject(api, request)
  })
}

function judgeRole(request: FastifyRequest): void {
  const right = request.routeOptions.config.access
  if (right === undefined) throw new Problem('not-allowed')
  if (right === 'public' || right === 'webhook') return
  const { role } = whoOf(request).actor.rights
  if (right === 'administrator' && role !== 'administrator') throw new Problem('not-allowed')
  if (right === 'supervisor' && role === 'operator') throw new Problem('not-allowed')
}

async function judgeObject(api: Api, request: FastifyRequest): Promise<void> {
  const [kind, action] = (request.routeOptions.config.access ?? '').split(':')
  if (action === undefined) return
  const { rights } = whoOf(request).actor
  const { id } = request.params as { id: string }
  const { byKey } = api.ctx
  if (kind === 'client') {
    if (!(await maySeeClient(byKey, rights, id))) throw new Problem('not-found')
    return
  }
  const facts =
    kind === 'session' ? await (request.facts ?? factsOfSession(byKey, id)) : await messageFacts(byKey, rights, id)
  if (facts === null) throw new Problem('not-found')
  if (facts === 'seen') {
    if (action !== 'see') throw new Problem('not-allowed')
    return
  }
  const verdict =
    action === 'see' ? (maySee(rights, facts) ? 'allowed' : 'not-found') : mayDo(rights, facts, action as SessionAction)
  if (verdict !== 'allowed') throw new Problem(verdict)
}

/** The facts of its session; `seen` for a message of no session, where its client may be seen. */
async function messageFacts(db: Database, rights: Rights, messageId: string): Promise<AccessFacts | 'seen' | null> {
  const message = await db
    .selectFrom('message')
    .select(['session_id', 'client_id'])
    .where('id', '=', messageId)
    .executeTakeFirst()
  if (message === undefined) return null
  if (message.session_id !== null) return factsOfSession(db, message.session_id)
  return (await maySeeClient(db, rights, message.client_id)) ? 'seen' : null
}
