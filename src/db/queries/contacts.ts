// Which contacts a list shows: all by name, or what a search finds. Every word that was typed has to be found, as a part of
// a word or a number; behind those come the ones that differ from a word by one typing error.
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { changedOver, searchTerms, type Term } from '../../domain/contact.ts'
import type { Database } from '../database.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

export interface ContactsFilter {
  readonly q?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

const place = z.strictObject({ sort: z.string(), id: z.uuid() })

/** One letter of four may be wrong: what is told as near then is measured letter by letter. */
const NEAR = 0.25
const MOST_NEAR = 50

const like = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** Shorter than a trigram, a word can only be found by how it begins. */
const pattern = (term: Term): string => {
  if (term.is === 'phone') return `%${term.digits}%`
  return [...term.word].length < 3 ? `% ${like(term.word)}%` : `%${like(term.word)}%`
}

export const CURRENT = sql`c.merged_into IS NULL AND c.deleted_at IS NULL`

const exactly = (term: Term): RawBuilder<boolean> => sql<boolean>`c.search_key LIKE ${pattern(term)}`

function nearly(term: Term): RawBuilder<boolean> {
  if (term.is === 'phone' || !term.mayBeMistyped) return exactly(term)
  const variants = changedOver(term.word).map((word) => `% ${word} %`)
  return sql<boolean>`(
    ${exactly(term)} OR c.search_key LIKE ANY (${variants}::text[])
    OR (c.search_key %> ${term.word} AND EXISTS (
      SELECT 1 FROM string_to_table(c.search_key, ' ') word
       WHERE length(word) < 60 AND levenshtein_less_equal(word, ${term.word}, 1) <= 1)))`
}

export async function findContacts(
  db: Database,
  filter: ContactsFilter,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
  const terms = searchTerms(filter.q ?? '')
  const from = filter.cursor === undefined ? null : decodeCursor(place, filter.cursor)
  // Never the whole page: the next one begins behind a row that is sorted.
  const known = (await byAddress(db, filter.q ?? '', terms)).slice(0, filter.limit - 1)
  const where = [CURRENT, sql<boolean>`c.id <> ALL (${known}::uuid[])`, ...terms.map(exactly)]
  if (from !== null) where.push(sql`(c.sort_key, c.id) > (${from.sort}, ${from.id}::uuid)`)
  const { rows } = await sql<{ id: string; sort_key: string }>`
    SELECT c.id, c.sort_key FROM contact c WHERE ${sql.join(where, sql` AND `)}
     ORDER BY c.sort_key, c.id LIMIT ${filter.limit + 1}`.execute(db)
  // Whose address it is stands first; they are few, and on the first page alone.
  const first = from === null ? known : []
  const page = rows.slice(0, Math.max(0, filter.limit - first.length))
  const last = page.at(-1)
  if (rows.length > page.length && last !== undefined)
    return { ids: [...first, ...page.map((row) => row.id)], next: encodeCursor({ sort: last.sort_key, id: last.id }) }
  const near = await findNear(db, terms, known, Math.min(MOST_NEAR, filter.limit - page.length - first.length))
  return { ids: [...first, ...page.map((row) => row.id), ...near], next: null }
}

/**
 * Contacts with a client who has this very number or id on WhatsApp now: what Meta has told since they were linked is found,
 * too. By key, number by number of the company's.
 */
async function byAddress(db: Database, q: string, terms: readonly Term[]): Promise<readonly string[]> {
  const [term] = terms
  if (term === undefined || terms.length > 1) return []
  const [kind, value] = term.is === 'phone' ? ['phone', term.digits] : ['bsuid', q.trim()]
  const { rows } = await sql<{ id: string }>`
    SELECT DISTINCT k.id FROM channel ch
      JOIN client_alias a ON a.channel_id = ch.id AND a.kind = ${kind} AND a.value = ${value}
      JOIN client cl ON cl.id = a.client_id
      JOIN contact k ON k.id = cl.contact_id
     WHERE k.merged_into IS NULL AND k.deleted_at IS NULL ORDER BY k.id LIMIT 20`.execute(db)
  return rows.map((row) => row.id)
}

async function findNear(
  db: Database,
  terms: readonly Term[],
  without: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  if (limit <= 0 || !terms.some((term) => term.is === 'word' && term.mayBeMistyped)) return []
  return db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('pg_trgm.word_similarity_threshold', ${String(NEAR)}, true)`.execute(trx)
    const { rows } = await sql<{ id: string }>`
      SELECT c.id FROM contact c
       WHERE ${CURRENT} AND c.id <> ALL (${without}::uuid[]) AND ${sql.join(terms.map(nearly), sql` AND `)}
         AND NOT (${sql.join(terms.map(exactly), sql` AND `)})
       ORDER BY c.sort_key, c.id LIMIT ${limit}`.execute(trx)
    return rows.map((row) => row.id)
  })
}

export interface Match {
  readonly contactId: string
  readonly reasons: readonly ('phone' | 'name')[]
}

const BEST_MATCHES = 5

/** Contacts that might be this client: by the number, and by the name; those by both come first. */
export async function suggestContacts(
  db: Database,
  client: { readonly phone: string | null; readonly nameKey: string | null },
): Promise<readonly Match[]> {
  const { rows } = await sql<{ id: string; kinds: ('phone' | 'name')[] }>`
    SELECT c.id, array_agg(DISTINCT v.kind ORDER BY v.kind DESC) AS kinds
      FROM contact_value v JOIN contact c ON c.id = v.contact_id
     WHERE ${CURRENT}
       AND ((v.kind = 'phone' AND v.key = ${client.phone}) OR (v.kind = 'name' AND v.key = ${client.nameKey}))
     GROUP BY c.id, c.sort_key
     ORDER BY count(DISTINCT v.kind) DESC, bool_or(v.kind = 'phone') DESC, c.sort_key, c.id
     LIMIT ${BEST_MATCHES}`.execute(db)
  return rows.map((row) => ({ contactId: row.id, reasons: row.kinds }))
}

export interface Duplicate {
  readonly contactId: string
  readonly reasons: readonly ('phone' | 'email' | 'name')[]
}

/** Contacts with a number, an address or a name of this one; those that share most come first. */
export async function findDuplicates(db: Database, contactId: string): Promise<readonly Duplicate[]> {
  const { rows } = await sql<{ id: string; kinds: Duplicate['reasons'] }>`
    SELECT c.id, array_agg(DISTINCT o.kind ORDER BY o.kind DESC) AS kinds
      FROM contact_value v
      JOIN contact_value o ON o.kind = v.kind AND o.key = v.key AND o.contact_id <> v.contact_id
      JOIN contact c ON c.id = o.contact_id
     WHERE v.contact_id = ${contactId} AND v.kind IN ('phone', 'email', 'name') AND ${CURRENT}
     GROUP BY c.id, c.sort_key
     ORDER BY count(DISTINCT o.kind) DESC, c.sort_key, c.id
     LIMIT ${BEST_MATCHES}`.execute(db)
  return rows.map((row) => ({ contactId: row.id, reasons: row.kinds }))
}
