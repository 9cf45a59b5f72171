// Fills the full-text index: notes in the transaction that writes them, messages by a sweep a few seconds behind, so that
// taking a message in costs nothing for it.
import { sql } from 'kysely'
import { wordsOf } from '../../domain/search.ts'
import type { Instant } from '../../domain/words.ts'
import { type Database, later, type Trx } from '../database.ts'

export interface Entry {
  readonly id: string
  readonly kind: 'message' | 'note' | 'result'
  readonly sessionId: string
  readonly at: Instant
  readonly text: string
}

const upsert = (entries: readonly Entry[]) => sql`
  INSERT INTO search_entry (id, kind, session_id, at, words)
  SELECT r.id, r.kind, r."sessionId", to_timestamp(r.at / 1000.0),
         array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(r.words)))
    FROM jsonb_to_recordset(${JSON.stringify(
      entries.map(({ text, ...entry }) => ({ ...entry, words: wordsOf(text) })),
    )}::jsonb) AS r(id uuid, kind text, "sessionId" uuid, at float8, words jsonb)
  ON CONFLICT (id) DO UPDATE SET words = excluded.words, at = excluded.at`

export async function indexText(trx: Trx, entry: Entry): Promise<void> {
  await later(trx, upsert([entry]))
}

const AT_ONCE = 1_000
/** Ids are made before their transaction commits: what is younger than this is looked for again. */
const OVERLAP_MS = 60_000

interface Row {
  id: string
  session_id: string
  text: string
  received_at: Date
}

/**
 * The next thousand messages of sessions that have words and are not indexed yet; whether there may be more. One service at
 * a time does it.
 */
export async function indexMessages(db: Database): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { rows: mine } = await sql<{ until: string }>`
      SELECT until FROM search_progress WHERE id = 1 FOR UPDATE SKIP LOCKED`.execute(trx)
    const progress = mine[0]
    if (progress === undefined) return false
    const again = await sql<Row>`
      WITH due AS (DELETE FROM search_again RETURNING message_id)
      SELECT m.id, m.session_id, m.text, m.received_at FROM due JOIN message m ON m.id = due.message_id
       WHERE m.session_id IS NOT NULL AND m.text <> ''`.execute(trx)
    const fresh = await sql<Row>`
      SELECT m.id, m.session_id, m.text, m.received_at FROM message m
       WHERE m.id > ${progress.until} AND m.session_id IS NOT NULL AND m.text <> ''
         AND NOT EXISTS (SELECT 1 FROM search_entry e WHERE e.id = m.id)
       ORDER BY m.id LIMIT ${AT_ONCE}`.execute(trx)
    const rows = [...new Map([...again.rows, ...fresh.rows].map((row) => [row.id, row])).values()]
    if (rows.length > 0) {
      await upsert(
        rows.map((row) => ({
          id: row.id,
          kind: 'message',
          sessionId: row.session_id,
          at: row.received_at.getTime(),
          text: row.text,
        })),
      ).execute(trx)
    }
    const full = fresh.rows.length === AT_ONCE
    const last = fresh.rows.at(-1)?.id
    const overlap = idAt(Date.now() - OVERLAP_MS)
    const until = full && last !== undefined && last < overlap ? last : overlap
    if (until > progress.until) await sql`UPDATE search_progress SET until = ${until} WHERE id = 1`.execute(trx)
    return full
  })
}

/** The first id that could be made at this moment: ids begin with their time. */
function idAt(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`
}
