// Tags as screens and programs see them, and those of many sessions or contacts at once.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { id } from './common.ts'

export const tagSchema = z
  .object({ id, name: z.string(), color: z.string().describe('As #rrggbb') })
  .meta({ id: 'Tag' })
export type TagView = z.infer<typeof tagSchema>

/** By session, in the order of their names. */
export async function loadSessionTags(
  db: Database | Trx,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, TagView[]>> {
  const { rows } = await sql<TagView & { of: string }>`
    SELECT st.session_id AS of, t.id, t.name, t.color FROM session_tag st JOIN tag t ON t.id = st.tag_id
     WHERE st.session_id = ANY (${sessionIds}::uuid[]) ORDER BY lower(t.name)`.execute(db)
  return grouped(rows)
}

/** By contact; those of what was merged into it are its own. */
export async function loadContactTags(
  db: Database | Trx,
  contactIds: readonly string[],
): Promise<ReadonlyMap<string, TagView[]>> {
  const { rows } = await sql<TagView & { of: string }>`
    WITH RECURSIVE one AS (
      SELECT id AS of, id FROM contact WHERE id = ANY (${contactIds}::uuid[])
      UNION
      SELECT one.of, c.id FROM one JOIN contact c ON c.merged_into = one.id
    )
    SELECT DISTINCT one.of, t.id, t.name, t.color, lower(t.name) AS sorted
      FROM one JOIN contact_tag ct ON ct.contact_id = one.id JOIN tag t ON t.id = ct.tag_id
     ORDER BY sorted`.execute(db)
  return grouped(rows)
}

function grouped(rows: readonly (TagView & { of: string })[]): ReadonlyMap<string, TagView[]> {
  const found = new Map<string, TagView[]>()
  for (const { of, id: tagId, name, color } of rows)
    found.set(of, [...(found.get(of) ?? []), { id: tagId, name, color }])
  return found
}
