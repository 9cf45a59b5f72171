// What a session may end with: which results its group may choose, what its operator means to give while it goes on, and
// what a result was before it was changed.
import { sql } from 'kysely'
import { type Database, later, type Trx } from '../db/database.ts'
import type { ResultFacts, ResultGiven } from '../domain/commands.ts'
import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { date } from './write.ts'

/**
 * Null for what cannot be chosen: one that has others below it, is archived, or belongs to another group. Whatever holds
 * for a branch holds for all of it.
 */
export async function resultFacts(
  trx: Trx,
  given: ResultGiven | null,
  groupId: string | null,
): Promise<ResultFacts | null> {
  if (given === null) return null
  const { rows } = await sql<{ note_required: boolean; ok: boolean }>`
    WITH RECURSIVE up AS (
      SELECT r.id, r.parent_id, r.archived_at, r.note_required, 0 AS level FROM result r WHERE r.id::text = ${given.resultId}
      UNION ALL
      SELECT p.id, p.parent_id, p.archived_at, p.note_required, up.level + 1 FROM up JOIN result p ON p.id = up.parent_id
       WHERE up.level < 20
    )
    SELECT bool_or(up.note_required) FILTER (WHERE up.level = 0) AS note_required,
           bool_and(up.archived_at IS NULL
             AND (NOT EXISTS (SELECT 1 FROM result_group g WHERE g.result_id = up.id)
                  OR EXISTS (SELECT 1 FROM result_group g WHERE g.result_id = up.id AND g.group_id = ${groupId})))
           AND NOT EXISTS (SELECT 1 FROM result child
                            WHERE child.parent_id::text = ${given.resultId} AND child.archived_at IS NULL) AS ok
      FROM up HAVING count(*) > 0`.execute(trx)
  const [row] = rows
  return row?.ok === true ? { noteRequired: row.note_required } : null
}

/** What it was, and what it is from now on; the note is content, and stays out of the evidence. */
export async function recordResultChange(
  trx: Trx,
  change: { readonly sessionId: string; readonly given: ResultGiven; readonly by: string; readonly at: Instant },
): Promise<{ readonly previousResultId: string | null; readonly noteChanged: boolean }> {
  const { sessionId, given, by, at } = change
  const was = await trx
    .selectFrom('session')
    .select(['result_id', 'result_note'])
    .where('id', '=', sessionId)
    .executeTakeFirstOrThrow()
  await later(
    trx,
    trx.insertInto('result_change').values({
      id: newId(),
      session_id: sessionId,
      at: date(at),
      by_id: by,
      from_result: was.result_id,
      from_note: was.result_note,
      to_result: given.resultId,
      to_note: given.note,
    }),
  )
  return { previousResultId: was.result_id, noteChanged: (was.result_note ?? '') !== (given.note ?? '') }
}

export interface ResultDraft {
  readonly resultId: string | null
  readonly note: string
}

/** Nothing in it is as good as none. */
export async function saveResultDraft(
  db: Database,
  draft: ResultDraft & { readonly sessionId: string; readonly by: string; readonly at: Instant },
): Promise<void> {
  const { sessionId, resultId, note, by, at } = draft
  if (resultId === null && note.trim() === '') {
    await db.deleteFrom('result_draft').where('session_id', '=', sessionId).execute()
    return
  }
  const row = { result_id: resultId, note, by_id: by, at: date(at) }
  await db
    .insertInto('result_draft')
    .values({ session_id: sessionId, ...row })
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet(row))
    .execute()
}

export async function loadResultDraft(db: Database, sessionId: string): Promise<ResultDraft & { at: Date | null }> {
  const row = await db
    .selectFrom('result_draft')
    .select(['result_id', 'note', 'at'])
    .where('session_id', '=', sessionId)
    .executeTakeFirst()
  return row === undefined
    ? { resultId: null, note: '', at: null }
    : { resultId: row.result_id, note: row.note, at: row.at }
}

/** It has been given: there is nothing left to prepare. */
export const dropResultDraft = (trx: Trx, sessionId: string): Promise<void> =>
  later(trx, trx.deleteFrom('result_draft').where('session_id', '=', sessionId))
