// The service's web application: webhooks in a room of their own, without the checks that browsers need; everything
// else behind them. Each plugin and each resource is registered here by name, in the order in which they act.
import { readFileSync } from 'node:fs'
import Fastify, { LogController } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Api, App } from './context.ts'
import { liveRoutes } from './live/route.ts'
import { askAhead, judge, nameRights } from './plugins/access.ts'
import { bodies } from './plugins/bodies.ts'
import { consoleFiles, consoleOrNotFound } from './plugins/console.ts'
import { errors, problemOf, refuseConnection } from './plugins/errors.ts'
import { identity } from './plugins/identity.ts'
import { docs, openapi } from './plugins/openapi.ts'
import { knownParametersOnly } from './plugins/queries.ts'
import { limits, security } from './plugins/security.ts'
import { sendProblem } from './problems.ts'
import { authRoutes } from './routes/auth.ts'
import { banRoutes } from './routes/bans.ts'
import { cannedFolderRoutes } from './routes/canned-folders.ts'
import { cannedTextRoutes } from './routes/canned-texts.ts'

import { channelRoutes } from './routes/channels.ts'
import { clientContactRoutes } from './routes/client-contact.ts'
import { clientRoutes } from './routes/clients.ts'
import { commandRoutes } from './routes/commands.ts'
import { contactFieldRoutes } from './routes/contact-fields.ts'
import { contactFileRoutes } from './routes/contact-files.ts'
import { contactRoutes } from './routes/contacts.ts'
import { groupRoutes } from './routes/groups.ts'
import { invitationRoutes } from './routes/invitations.ts'
import { meRoutes } from './routes/me.ts'
import { messageTemplateRoutes } from './routes/message-templates.ts'
import { messageRoutes } from './routes/messages.ts'
import { operationsRoutes } from './routes/operations.ts'
import { quarantineRoutes } from './routes/quarantine.ts'
import { resultRoutes } from './routes/results.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionFileRoutes } from './routes/session-files.ts'
import { sessionNoteRoutes } from './routes/session-notes.ts'
import { sessionResultRoutes } from './routes/session-results.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { settingRoutes } from './routes/settings.ts'
import { setupRoutes } from './routes/setup.ts'
import { startRoutes } from './routes/starts.ts'
import { tagRoutes } from './routes/tags.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { userRoutes } from './routes/users.ts'
import { webhookRoutes } from './routes/webhooks.ts'

const BODY_BYTES = 256 * 1024
/** For a request to arrive completely: nobody holds a socket by sending a byte at a time. */
const REQUEST_TIMEOUT_MS = 30_000
/** For what is still being answered when the service stops. */
const LAST_ANSWERS_MS = 1_000

export async function buildApp(api: Api): Promise<App> {
  const app: App = Fastify({
    loggerInstance: api.log,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trusted(api.config.trustProxy),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, problemOf(error))
    },
  }).withTypeProvider<ZodTypeProvider>()

  // A browser opens connections before it asks anything: such a one is not idle to Node, and would be waited for.
  app.addHook('preClose', async () => {
    setTimeout(() => app.server.closeAllConnections(), LAST_ANSWERS_MS).unref()
  })
  errors(app)
  nameRights(app)
  knownParametersOnly(app)
  await openapi(app, version)
  app.addHook('onResponse', async (request, reply) => {
    api.metrics.answered(request.method, request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime)
  })
  await app.register(async (meta: App) => webhookRoutes(meta, api))
  await app.register(async (guarded: App) => {
    bodies(guarded)
    await security(guarded, api)
    askAhead(guarded, api)
    await identity(guarded, api)
    judge(guarded, api)
    guarded.setNotFoundHandler(consoleOrNotFound)
    await limits(guarded)
    for (const routes of ROUTES) await guarded.register(async (room: App) => routes(room, api))
    await guarded.register(docs)
    await guarded.register(consoleFiles)
  })
  return app
}

const ROUTES = [
  operationsRoutes,
  setupRoutes,
  invitationRoutes,
  authRoutes,
  meRoutes,
  tokenRoutes,
  sessionRoutes,
  searchRoutes,
  sessionFileRoutes,
  sessionNoteRoutes,
  sessionResultRoutes,
  startRoutes,
  commandRoutes,
  messageRoutes,
  messageTemplateRoutes,
  clientRoutes,
  clientContactRoutes,
  contactRoutes,
  contactFileRoutes,
  contactFieldRoutes,
  cannedTextRoutes,
  cannedFolderRoutes,
  banRoutes,
  channelRoutes,
  resultRoutes,
  tagRoutes,
  groupRoutes,
  userRoutes,
  settingRoutes,
  quarantineRoutes,
  liveRoutes,
]

/** A number is how many proxies stand before the service; each adds the address it was asked from. */
const trusted = (proxies: boolean | number | string) =>
  typeof proxies === 'number' ? (_address: string, hop: number) => hop < proxies : proxies

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}
