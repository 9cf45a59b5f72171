// What somebody has begun to write and not sent: one text a session and user, so that it follows them to another
// browser.
import type { Database } from '../db/database.ts'
import type { Instant } from '../domain/words.ts'

export async function loadDraft(
  db: Database,
  sessionId: string,
  userId: string,
): Promise<{ text: string; at: string | null }> {
  const row = await db
    .selectFrom('draft')
    .select(['text', 'at'])
    .where('session_id', '=', sessionId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return { text: row?.text ?? '', at: row?.at.toISOString() ?? null }
}

export async function saveDraft(
  db: Database,
  draft: { readonly sessionId: string; readonly userId: string; readonly text: string; readonly at: Instant },
): Promise<void> {
  const { text, at } = { text: draft.text, at: new Date(draft.at) }
  if (text === '') {
    await db.deleteFrom('draft').where('session_id', '=', draft.sessionId).where('user_id', '=', draft.userId).execute()
    return
  }
  await db
    .insertInto('draft')
    .values({ session_id: draft.sessionId, user_id: draft.userId, text, at })
    .onConflict((conflict) => conflict.columns(['session_id', 'user_id']).doUpdateSet({ text, at }))
    .execute()
}
