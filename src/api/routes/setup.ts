// The first administrator of an empty installation: a one-time address, printed by the service, leads to a small form.
import { timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import { z } from 'zod'
import { hashPassword } from '../../auth/password.ts'
import { hashToken } from '../../auth/secret-token.ts'
import type { Database, Trx } from '../../db/database.ts'
import { newId } from '../../ids.ts'
import type { Api, App } from '../context.ts'
import { emailAddress, line, newPassword } from '../fields.ts'
import { acceptForms, asPage, escaped, formPage, problemLine } from '../form-page.ts'

const query = z.object({ token: z.string().max(200).default('') })
const form = z.object({ token: z.string().max(200), name: line(100), email: emailAddress, password: newPassword })

export function setupRoutes(app: App, api: Api): void {
  const { ctx } = api
  acceptForms(app)

  app.get(
    '/setup',
    { config: { access: 'public' }, schema: { hide: true, querystring: query } },
    async (request, reply) => {
      const { token } = request.query
      asPage(reply)
      if (!(await isGood(ctx.db, token))) return reply.code(404).send(page(USED))
      return reply.send(page(formFor(token)))
    },
  )

  app.post('/setup', { config: { access: 'public' }, schema: { hide: true } }, async (request, reply) => {
    asPage(reply)
    const given = form.safeParse(request.body)
    const token = String((request.body as { token?: unknown } | null)?.token ?? '')
    if (!(await isGood(ctx.db, token))) return reply.code(404).send(page(USED))
    if (!given.success) {
      const wrong = given.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')
      return reply.code(400).send(page(formFor(token, `${wrong}.`)))
    }
    const made = await makeFirst(api, given.data)
    return made ? reply.send(page(DONE)) : reply.code(404).send(page(USED))
  })
}

async function isGood(db: Database | Trx, token: string): Promise<boolean> {
  const { rows } = await sql<{ hash: Buffer }>`
    SELECT setup_token_hash AS hash FROM installation
     WHERE setup_token_hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM user_account)`.execute(db)
  return rows[0] !== undefined && timingSafeEqual(rows[0].hash, hashToken(token))
}

/** False when somebody else was first: the address works once. */
async function makeFirst({ ctx }: Api, given: z.infer<typeof form>): Promise<boolean> {
  const password_hash = await hashPassword(given.password)
  return ctx.db.transaction().execute(async (trx) => {
    await sql`SELECT 1 FROM installation FOR UPDATE`.execute(trx)
    if (!(await isGood(trx, given.token))) return false
    const { name, email } = given
    const created_at = new Date(ctx.clock.now())
    await trx
      .insertInto('user_account')
      .values({ id: newId(), email, name, role: 'administrator', password_hash, created_at })
      .execute()
    await trx.updateTable('installation').set({ setup_token_hash: null }).execute()
    return true
  })
}

const page = (body: string): string => formPage('first administrator', body)

const USED = '<p>This address is not, or no longer, good. It works once, on an installation without accounts.</p>'
const DONE = '<p>The account has been made. <a href="/">Sign in</a>.</p>'

const formFor = (token: string, wrong = ''): string => `
<p>Make the account of the first administrator.</p>
${problemLine(wrong)}
<form method="post" action="/setup">
<input type="hidden" name="token" value="${escaped(token)}">
<p><label>Name<br><input name="name" required maxlength="100" autocomplete="name"></label></p>
<p><label>E-mail<br><input name="email" type="email" required maxlength="254" autocomplete="username"></label></p>
<p><label>Password (8 characters or more)<br><input name="password" type="password" required minlength="8" maxlength="256" autocomplete="new-password"></label></p>
<p><button>Make the account</button></p>
</form>`
