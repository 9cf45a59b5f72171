// What a search finds, newest first, of the sessions that one may see.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Rights } from '../../domain/policy.ts'
import type { Phase } from '../../domain/words.ts'
import type { Database } from '../database.ts'
import { maySeeSql, OPEN_OFFER } from './access.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

export const SEARCH_KINDS = ['message', 'note', 'result'] as const
export type SearchKind = (typeof SEARCH_KINDS)[number]

export interface SearchQuery {
  readonly terms: readonly string[]
  readonly kinds: readonly SearchKind[]
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Hit {
  readonly id: string
  readonly kind: SearchKind
  readonly sessionId: string
  readonly clientId: string
  readonly phase: Phase
  readonly seq: number | null
  readonly at: Date
  readonly text: string
}

const position = z.tuple([z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)*$/), z.uuid()])

/** Words hold letters and digits alone, so that none can be read as an operator. */
export const wordsQuery = (terms: readonly string[]): string => terms.map((term) => `${term}:*`).join(' & ')

export async function search(
  db: Database,
  rights: Rights,
  query: SearchQuery,
): Promise<{ readonly hits: readonly Hit[]; readonly next: string | null }> {
  if (query.terms.length === 0) return { hits: [], next: null }
  const where = [
    sql`e.words @@ ${wordsQuery(query.terms)}::tsquery`,
    sql`e.kind = ANY (${query.kinds}::text[])`,
    maySeeSql(rights),
  ]
  if (query.from !== undefined) where.push(sql`e.at >= ${query.from}::timestamptz`)
  if (query.to !== undefined) where.push(sql`e.at < ${query.to}::timestamptz`)
  if (query.cursor !== undefined) {
    const [at, id] = decodeCursor(position, query.cursor)
    where.push(sql`(e.at, e.id) < (${at}::timestamptz, ${id}::uuid)`)
  }
  const { rows } = await sql<Hit & { told: string }>`
    SELECT f.*, coalesce(m.text, n.text, r.result_note, '') AS text, m.seq
      FROM (SELECT e.id, e.kind, e.session_id AS "sessionId", s.client_id AS "clientId", s.phase, e.at, e.at::text AS told
              FROM search_entry e JOIN session s ON s.id = e.session_id ${OPEN_OFFER}
             WHERE ${sql.join(where, sql` AND `)}
             ORDER BY e.at DESC, e.id DESC LIMIT ${query.limit + 1}) f
      LEFT JOIN message m ON m.id = f.id AND f.kind = 'message'
      LEFT JOIN session_note n ON n.id = f.id AND f.kind = 'note'
      LEFT JOIN session r ON r.id = f.id AND f.kind = 'result'
     ORDER BY f.at DESC, f.id DESC`.execute(db)
  const hits = rows.slice(0, query.limit)
  const last = hits.at(-1)
  return {
    hits,
    next: rows.length > query.limit && last !== undefined ? encodeCursor([last.told, last.id]) : null,
  }
}
