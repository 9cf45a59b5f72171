// Signing in and out of a browser.
import { z } from 'zod'
import { accountName, addressName } from '../../auth/failures.ts'
import { rightsChanged } from '../../auth/rights.ts'
import { hashToken } from '../../auth/secret-token.ts'
import { signIn, signOut } from '../../auth/sign-in.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anyText, noBody } from '../fields.ts'
import { clearSignedIn, cookieOf, setSignedIn } from '../plugins/identity.ts'
import { Problem } from '../problems.ts'
import { loadMe, meSchema } from '../views/me.ts'

const credentials = z.strictObject({
  email: anyText(254).transform((text) => text.trim().toLowerCase()),
  password: anyText(256),
})

export function authRoutes(app: App, api: Api): void {
  const { ctx, config, failures } = api

  app.post(
    '/api/v1/auth/login',
    {
      config: { access: 'public' },
      schema: {
        tags: ['sign-in'],
        summary: 'Sign in; sets the cookie',
        body: credentials,
        response: { 200: meSchema },
      },
    },
    async (request, reply) => {
      const { email, password } = request.body
      const names = [accountName(email), addressName(request.ip)]
      const wait = failures.begin(names)
      if (wait > 0) throw new Problem('too-many-requests', { retryAfter: Math.ceil(wait / 1000) })
      const userAgent = request.headers['user-agent'] ?? null
      const signedIn = await signIn(ctx.db, { email, password, userAgent, at: ctx.clock.now() }).catch(
        (error: unknown) => {
          failures.forgive(names)
          throw error
        },
      )
      if (signedIn === null) throw new Problem('signed-out', { detail: 'E-mail address or password is wrong.' })
      failures.forgive(names)
      // Whatever sign-in this browser had before is over: a token from before the password was told is worth nothing.
      const old = cookieOf(config, request)
      if (old !== undefined) await replaceSignIn(api, old)
      setSignedIn(config, request, reply, signedIn)
      await api.presence.signedIn(signedIn.userId)
      return loadMe(api, signedIn.userId)
    },
  )

  app.post(
    '/api/v1/auth/logout',
    {
      config: { access: 'signed-in' },
      schema: {
        tags: ['sign-in'],
        summary: 'Sign out; ends its websockets, too',
        body: noBody,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { by, actor } = whoOf(request)
      const { userId } = actor.rights
      if (by.kind === 'login') {
        await ctx.db.transaction().execute(async (trx) => {
          await signOut(trx, by.id)
          await rightsChanged(trx, [userId], ctx.bus.processId)
        })
      }
      await goneWithTheLast(api, userId)
      clearSignedIn(config, request, reply)
      return reply.code(204).send(null)
    },
  )
}

async function replaceSignIn({ ctx }: Api, cookie: string): Promise<void> {
  await ctx.db.transaction().execute(async (trx) => {
    const replaced = await trx
      .deleteFrom('login')
      .where('token_hash', '=', hashToken(cookie))
      .returning('user_id')
      .executeTakeFirst()
    if (replaced !== undefined) await rightsChanged(trx, [replaced.user_id], ctx.bus.processId)
  })
}

/** Whoever signs out of the last place they were in is no longer there. */
async function goneWithTheLast({ ctx, presence }: Api, userId: string): Promise<void> {
  const other = await ctx.db.selectFrom('login').select('id').where('user_id', '=', userId).limit(1).executeTakeFirst()
  if (other === undefined) await presence.set(userId, 'offline', null)
}
