// Bearer tokens of programs. Each acts as the user who made it; it is shown once, and never again.

import { z } from 'zod'
import { rightsChanged } from '../../auth/rights.ts'
import { hashToken, newSecretToken } from '../../auth/secret-token.ts'
import { newId } from '../../ids.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, iso, listOf, page, pageOf, time } from '../views/common.ts'

const tokenSchema = z
  .object({ id, name: z.string(), createdAt: time, expiresAt: time.nullable(), lastUsedAt: time.nullable() })
  .meta({ id: 'Token' })
const newToken = tokenSchema.extend({ token: z.string().describe('Shown only now') }).meta({ id: 'NewToken' })
/** A later one could not be told as a time. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')
const expiry = z.iso.datetime({ offset: true }).refine((text) => Date.parse(text) <= LATEST, 'is too far ahead')
const body = z.strictObject({ name: line(100), expiresAt: expiry.nullable().optional() })

export function tokenRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['sign-in']

  app.get(
    '/api/v1/tokens',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Own tokens', querystring: page, response: { 200: listOf(tokenSchema) } },
    },
    async (request) => {
      const rows = await ctx.db
        .selectFrom('token')
        .select(['id', 'name', 'created_at', 'expires_at', 'last_used_at'])
        .where('user_id', '=', whoOf(request).actor.rights.userId)
        .where('revoked_at', 'is', null)
        .orderBy('id', 'desc')
        .execute()
      const items = rows.map((row) => ({
        id: row.id,
        name: row.name,
        createdAt: iso(row.created_at),
        expiresAt: iso(row.expires_at),
        lastUsedAt: iso(row.last_used_at),
      }))
      return pageOf(items, request.query)
    },
  )

  app.post(
    '/api/v1/tokens',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Make a token; told once', body, response: { 201: newToken } },
    },
    async (request, reply) => {
      const { actor } = whoOf(request)
      // A token that leaked must not be able to make itself successors.
      if (actor.kind === 'program') throw new Problem('not-allowed')
      const token = `parley_${newSecretToken()}`
      const created = new Date(ctx.clock.now())
      const expires = request.body.expiresAt == null ? null : new Date(request.body.expiresAt)
      if (expires !== null && expires <= created) throw invalid([{ pointer: '/expiresAt', detail: 'has passed' }])
      const row = { id: newId(), name: request.body.name, created_at: created, expires_at: expires }
      await ctx.db
        .insertInto('token')
        .values({ ...row, user_id: actor.rights.userId, token_hash: hashToken(token) })
        .execute()
      const view = { id: row.id, name: row.name, createdAt: iso(created), expiresAt: iso(expires), lastUsedAt: null }
      return reply.code(201).send({ ...view, token })
    },
  )

  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Revoke a token', params: idParams, response: { 204: z.null() } },
    },
    async (request, reply) => {
      const { userId } = whoOf(request).actor.rights
      await ctx.db.transaction().execute(async (trx) => {
        const revoked = await trx
          .updateTable('token')
          .set({ revoked_at: new Date(ctx.clock.now()) })
          .where('id', '=', request.params.id)
          .where('user_id', '=', userId)
          .where('revoked_at', 'is', null)
          .executeTakeFirst()
        if (revoked.numUpdatedRows === 0n) throw new Problem('not-found')
        await rightsChanged(trx, [userId], ctx.bus.processId)
      })
      return reply.code(204).send(null)
    },
  )
}
