// The list of sessions as a table for spreadsheets: a page at a time, so that its size costs no memory.
import { z } from 'zod'
import { sessionsFilter } from '../../db/queries/sessions.ts'
import type { Rights } from '../../domain/policy.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { cellOf, sendCsv } from '../csv.ts'
import { MAX_LIMIT, type Page } from '../views/common.ts'
import type { SessionView } from '../views/session.ts'
import { listSessions } from '../views/session-list.ts'

const exportQuery = z.object(sessionsFilter)

interface Names {
  readonly channels: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, string>
  readonly results: ReadonlyMap<string, string>
}

const COLUMNS: readonly (readonly [string, (session: SessionView, names: Names) => string | number | null])[] = [
  ['id', ({ id }) => id],
  ['phase', ({ phase }) => phase],
  ['origin', ({ origin }) => origin],
  ['number', ({ channelId }, { channels }) => channels.get(channelId) ?? channelId],
  ['group', ({ groupId }, { groups }) => (groupId === null ? null : (groups.get(groupId) ?? groupId))],
  ['operator', ({ operatorName }) => operatorName],
  ['client', ({ client }) => client.contactName ?? client.name],
  ['phone', ({ client }) => client.phone],
  ['whatsapp id', ({ client }) => client.bsuid],
  ['started', ({ startedAt }) => startedAt],
  ['accepted', ({ acceptedAt }) => acceptedAt],
  ['ended', ({ endedAt }) => endedAt],
  ['end reason', ({ endReason }) => endReason],
  ['seconds until accepted', ({ startedAt, acceptedAt }) => secondsBetween(startedAt, acceptedAt)],
  ['seconds in all', ({ startedAt, endedAt }) => secondsBetween(startedAt, endedAt)],
  ['messages', ({ lastSeq }) => lastSeq],
  ['result', ({ result }, { results }) => (result === null ? null : (results.get(result.resultId) ?? result.resultId))],
  ['note', ({ result }) => result?.note ?? null],
  ['tags', ({ tags }) => cellOf(tags.map((tag) => tag.name))],
]

const secondsBetween = (from: string, to: string | null): number | null =>
  to === null ? null : Math.round((Date.parse(to) - Date.parse(from)) / 1000)

export function sessionFileRoutes(app: App, api: Api): void {
  app.get(
    '/api/v1/sessions/export',
    {
      config: { access: 'supervisor' },
      schema: {
        tags: ['sessions'],
        summary: 'The list of sessions as CSV, in UTF-8, with its filters and its order; several tags stand one a line',
        querystring: exportQuery,
        response: { 200: z.string().describe('text/csv') },
      },
    },
    async (request, reply) => {
      const names = await loadNames(api)
      const headings = COLUMNS.map(([heading]) => heading)
      return sendCsv(reply, 'sessions.csv', headings, exported(api, whoOf(request).actor.rights, request.query, names))
    },
  )
}

async function* exported({ ctx }: Api, rights: Rights, filter: z.infer<typeof exportQuery>, names: Names) {
  let cursor: string | undefined
  do {
    const page: Page<SessionView> = await listSessions(
      ctx.db,
      rights,
      { ...filter, cursor, limit: MAX_LIMIT },
      ctx.clock.now(),
    )
    yield page.items.map((session) => COLUMNS.map(([, cell]) => String(cell(session, names) ?? '')))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

async function loadNames({ ctx }: Api): Promise<Names> {
  const named = async (table: 'channel' | 'group_' | 'result') =>
    new Map((await ctx.db.selectFrom(table).select(['id', 'name']).execute()).map((row) => [row.id, row.name]))
  return { channels: await named('channel'), groups: await named('group_'), results: await named('result') }
}
