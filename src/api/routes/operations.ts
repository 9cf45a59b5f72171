// What machines ask: is it alive, is it ready, how is it doing; and what the codes of problems mean.
import { sql } from 'kysely'
import { z } from 'zod'
import { isMigrated } from '../../db/migrate.ts'
import type { Api, App } from '../context.ts'
import { isProblemCode, meaningOf, Problem } from '../problems.ts'

const status = z.object({ status: z.literal('ok') })

export function operationsRoutes(app: App, api: Api): void {
  const { db } = api.ctx
  const tags = ['operations']
  let migrated = false

  app.get(
    '/healthz',
    { config: { access: 'public' }, schema: { tags, summary: 'The process lives', response: { 200: status } } },
    async () => ({ status: 'ok' as const }),
  )

  app.get(
    '/readyz',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'It can serve: migrated, and PostgreSQL answers; Temporal may be away',
        response: { 200: status },
      },
    },
    async () => {
      migrated ||= await isMigrated(db)
      const { rows } = await sql`SELECT 1 FROM installation`.execute(db)
      if (!migrated || rows.length === 0) throw new Problem('unavailable')
      return { status: 'ok' as const }
    },
  )

  app.get(
    '/metrics',
    { config: { access: 'public' }, schema: { tags, summary: 'For Prometheus', produces: ['text/plain'] } },
    async (_request, reply) => reply.type(api.metrics.contentType).send(await api.metrics.text()),
  )

  app.get(
    '/problems/:code',
    { config: { access: 'public' }, schema: { hide: true, params: z.object({ code: z.string() }) } },
    async (request, reply) => {
      const { code } = request.params
      if (!isProblemCode(code)) throw new Problem('not-found')
      const { status: answered, title, sentence } = meaningOf(code)
      return reply.type('text/plain; charset=utf-8').send(`${code} (${answered})\n${title}\n${sentence}\n`)
    },
  )
}
