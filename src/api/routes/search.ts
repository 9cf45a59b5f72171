// Full text over what clients and operators wrote: messages, notes, notes of results, in the sessions that one may see.
import { z } from 'zod'
import { SEARCH_KINDS, search } from '../../db/queries/search.ts'
import { excerpt, termsOf } from '../../domain/search.ts'
import { PHASES } from '../../domain/words.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { invalid } from '../problems.ts'
import { loadPeople, nameOfPerson } from '../views/client.ts'
import { id, iso, listOf, pageQuery, time } from '../views/common.ts'

const kinds = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(SEARCH_KINDS)).min(1))

const searchQuery = z.object({
  q: z.string().max(200).describe('Words, all of which must be there: without case and accents, each by its beginning'),
  in: kinds.optional().describe('message, note, result; several, separated by commas'),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  ...pageQuery,
})

const hitSchema = z
  .object({
    kind: z.enum(SEARCH_KINDS),
    id: id.describe('Of the message or note; of a result, its session'),
    sessionId: id,
    seq: z.int().nullable().describe('Of a message, in its session'),
    client: z.object({ id, name: z.string().nullable() }),
    phase: z.enum(PHASES),
    at: time,
    text: z.string().describe('The part of it that was found'),
    matches: z.array(z.object({ start: z.int(), end: z.int() })).describe('Where in `text`, end exclusive'),
  })
  .meta({ id: 'SearchHit' })

export function searchRoutes(app: App, api: Api): void {
  const { ctx } = api

  app.get(
    '/api/v1/search',
    {
      config: { access: 'signed-in' },
      schema: {
        tags: ['sessions'],
        summary: 'Full text, the newest first; a few seconds behind what is written',
        querystring: searchQuery,
        response: { 200: listOf(hitSchema) },
      },
    },
    async (request) => {
      const { q, in: asked, ...range } = request.query
      const terms = termsOf(q)
      if (terms.length === 0) throw invalid([{ pointer: '/q', detail: 'has no word to search for' }])
      const { hits, next } = await search(ctx.db, whoOf(request).actor.rights, {
        ...range,
        terms,
        kinds: asked ?? SEARCH_KINDS,
      })
      const people = await loadPeople(
        ctx.db,
        hits.map(({ clientId }) => clientId),
      )
      const items = hits.map((hit) => {
        const { text, matches } = excerpt(hit.text, terms)
        const person = people.get(hit.clientId)
        return {
          kind: hit.kind,
          id: hit.id,
          sessionId: hit.sessionId,
          seq: hit.seq,
          client: { id: person?.id ?? hit.clientId, name: person === undefined ? null : nameOfPerson(person) },
          phase: hit.phase,
          at: iso(hit.at),
          text,
          matches: [...matches],
        }
      })
      return { items, next }
    },
  )
}
