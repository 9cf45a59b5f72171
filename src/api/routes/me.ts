// One's own account: who one is, whether one is there, one's password.
import { z } from 'zod'
import { accountName } from '../../auth/failures.ts'
import { hashPassword, verifyPassword } from '../../auth/password.ts'
import { rightsChanged } from '../../auth/rights.ts'
import { signOutEverywhere } from '../../auth/sign-in.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anyText, line, newPassword } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { loadMe, meSchema } from '../views/me.ts'
import { presenceSchema } from '../views/presence.ts'

const presenceBody = z.strictObject({ status: z.enum(['online', 'away']), reason: line(100).nullable().optional() })
const passwordBody = z.strictObject({ current: anyText(256), password: newPassword })

export function meRoutes(app: App, api: Api): void {
  const { ctx, failures } = api
  const tags = ['sign-in']

  app.get(
    '/api/v1/me',
    { config: { access: 'signed-in' }, schema: { tags, summary: 'Who is signed in', response: { 200: meSchema } } },
    (request) => loadMe(api, whoOf(request).actor.rights.userId),
  )

  app.put(
    '/api/v1/me/presence',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Say whether one is there', body: presenceBody, response: { 200: presenceSchema } },
    },
    async (request) => {
      const { userId } = whoOf(request).actor.rights
      await api.presence.set(userId, request.body.status, request.body.reason ?? null)
      return api.presence.of(userId)
    },
  )

  app.post(
    '/api/v1/me/password',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Change the password; signs out everywhere else',
        body: passwordBody,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { actor, email, by } = whoOf(request)
      const { userId } = actor.rights
      const wait = failures.begin([accountName(email)])
      if (wait > 0) throw new Problem('too-many-requests', { retryAfter: Math.ceil(wait / 1000) })
      const { password_hash } = await ctx.db
        .selectFrom('user_account')
        .select('password_hash')
        .where('id', '=', userId)
        .executeTakeFirstOrThrow()
      if (!(await verifyPassword(password_hash, request.body.current))) {
        throw invalid([{ pointer: '/current', detail: 'is not the password' }])
      }
      failures.forgive([accountName(email)])
      const hashed = await hashPassword(request.body.password)
      await ctx.db.transaction().execute(async (trx) => {
        await trx.updateTable('user_account').set({ password_hash: hashed }).where('id', '=', userId).execute()
        await signOutEverywhere(trx, userId, by.kind === 'login' ? by.id : null)
        await rightsChanged(trx, [userId], ctx.bus.processId)
      })
      return reply.code(204).send(null)
    },
  )
}
