// Invitations: an address that works once and for a week, shown once to the administrator, who hands it on; whoever opens it
// chooses the password of their account.
import { sql } from 'kysely'
import { z } from 'zod'
import { hashPassword } from '../../auth/password.ts'
import { rightsChanged } from '../../auth/rights.ts'
import { hashToken, newSecretToken } from '../../auth/secret-token.ts'
import { signOutEverywhere } from '../../auth/sign-in.ts'
import type { Database, Trx } from '../../db/database.ts'
import type { Instant } from '../../domain/words.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { idParams, newPassword } from '../fields.ts'
import { acceptForms, asPage, escaped, formPage, problemLine } from '../form-page.ts'
import { invalid, Problem } from '../problems.ts'
import { time } from '../views/common.ts'

const VALID_MS = 7 * 24 * 60 * 60 * 1000

const invitationSchema = z
  .object({ url: z.string().describe('Shown this once'), expiresAt: time })
  .meta({ id: 'Invitation' })
const query = z.object({ token: z.string().max(200).default('') })
const form = z.object({ token: z.string().max(200), password: newPassword })

export function invitationRoutes(app: App, api: Api): void {
  const { ctx, config } = api
  acceptForms(app)

  app.post(
    '/api/v1/users/:id/invitation',
    {
      config: { access: 'administrator' },
      schema: {
        tags: ['catalogue'],
        summary: 'Invite the person of an account to choose its password',
        description:
          'In place of an invitation before. Good once, for seven days; the password before holds until then.',
        params: idParams,
        response: { 201: invitationSchema },
      },
    },
    async (request, reply) => {
      const userId = request.params.id
      const user = await ctx.db
        .selectFrom('user_account')
        .select('disabled_at')
        .where('id', '=', userId)
        .executeTakeFirst()
      if (user === undefined) throw new Problem('not-found')
      if (user.disabled_at !== null) throw invalid([{ pointer: '', detail: 'is switched off: switch it on first' }])
      const token = newSecretToken()
      const at = ctx.clock.now()
      const row = {
        token_hash: hashToken(token),
        by_id: whoOf(request).actor.rights.userId,
        at: new Date(at),
        expires_at: new Date(at + VALID_MS),
      }
      await ctx.db
        .insertInto('invitation')
        .values({ user_id: userId, ...row })
        .onConflict((conflict) => conflict.column('user_id').doUpdateSet(row))
        .execute()
      const origin = config.publicUrl ?? `${request.protocol}://${request.host}`
      return reply
        .code(201)
        .send({ url: `${origin}/invitation?token=${token}`, expiresAt: row.expires_at.toISOString() })
    },
  )

  app.get(
    '/invitation',
    { config: { access: 'public' }, schema: { hide: true, querystring: query } },
    async (request, reply) => {
      const { token } = request.query
      const invited = await invitedBy(ctx.db, token, ctx.clock.now())
      asPage(reply)
      if (invited === null) return reply.code(404).send(page(USED))
      return reply.send(page(formFor(token, invited.email)))
    },
  )

  app.post('/invitation', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
    asPage(reply)
    const token = String((request.body as { token?: unknown } | null)?.token ?? '')
    const invited = await invitedBy(ctx.db, token, ctx.clock.now())
    if (invited === null) return reply.code(404).send(page(USED))
    const given = form.safeParse(request.body)
    if (!given.success) {
      const wrong = given.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')
      return reply.code(400).send(page(formFor(token, invited.email, `${wrong}.`)))
    }
    const taken = await accept(api, given.data)
    return taken ? reply.send(page(DONE)) : reply.code(404).send(page(USED))
  })
}

async function invitedBy(
  db: Database | Trx,
  token: string,
  at: Instant,
): Promise<{ readonly userId: string; readonly email: string } | null> {
  const { rows } = await sql<{ userId: string; email: string }>`
    SELECT u.id AS "userId", u.email FROM invitation i JOIN user_account u ON u.id = i.user_id
     WHERE i.token_hash = ${hashToken(token)} AND i.expires_at > ${new Date(at)} AND u.disabled_at IS NULL`.execute(db)
  return rows[0] ?? null
}

/** False when it was taken, replaced or switched off meanwhile. */
async function accept({ ctx }: Api, given: z.infer<typeof form>): Promise<boolean> {
  const password_hash = await hashPassword(given.password)
  return ctx.db.transaction().execute(async (trx) => {
    const invited = await invitedBy(trx, given.token, ctx.clock.now())
    if (invited === null) return false
    const { numDeletedRows } = await trx
      .deleteFrom('invitation')
      .where('token_hash', '=', hashToken(given.token))
      .executeTakeFirst()
    if (numDeletedRows === 0n) return false
    await trx.updateTable('user_account').set({ password_hash }).where('id', '=', invited.userId).execute()
    await signOutEverywhere(trx, invited.userId, null)
    await rightsChanged(trx, [invited.userId], ctx.bus.processId)
    return true
  })
}

const page = (body: string): string => formPage('invitation', body)

const USED = '<p>This invitation is not, or no longer, good. It works once, for seven days. Ask for a new one.</p>'
const DONE = '<p>The password is set. <a href="/">Sign in</a>.</p>'

const formFor = (token: string, email: string, wrong = ''): string => `
<p>Choose a password for <strong>${escaped(email)}</strong>.</p>
${problemLine(wrong)}
<form method="post" action="/invitation">
<input type="hidden" name="token" value="${escaped(token)}">
<input type="hidden" name="username" value="${escaped(email)}" autocomplete="username">
<p><label>Password (8 characters or more)<br><input name="password" type="password" required minlength="8" maxlength="256" autocomplete="new-password"></label></p>
<p><button>Set the password</button></p>
</form>`
