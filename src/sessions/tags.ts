// Tags of a session: set before, during and after it, in one transaction that leaves its evidence.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { mayDo } from '../domain/policy.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/words.ts'
import type { Actor } from './actor.ts'
import { type Ctx, transact } from './context.ts'
import { lockSession } from './state.ts'
import { date, recordEvent, updateSession } from './write.ts'

/** All of them, or what is added and what is taken away. */
export interface TagChange {
  readonly tagIds: readonly string[] | null
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

export interface TagDiff {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export function tagSession(
  ctx: Ctx,
  told: { readonly actor: Actor; readonly sessionId: string; readonly change: TagChange },
): Promise<Verdict<TagDiff>> {
  return transact(ctx, async (trx, after) => {
    const state = await lockSession(trx, told.sessionId)
    if (state === null) return refused({ code: 'not-found' })
    const access = mayDo(told.actor.rights, state, 'tag')
    if (access !== 'allowed') return refused({ code: access })
    const had = await sql<{ tag_id: string }>`
      SELECT tag_id FROM session_tag WHERE session_id = ${state.id}`.execute(trx)
    const diff = diffOf(
      had.rows.map((row) => row.tag_id),
      told.change,
    )
    if (!(await allExist(trx, diff.added))) return refused({ code: 'unknown-tag' })
    if (diff.added.length === 0 && diff.removed.length === 0) return allowed(diff)
    const at = ctx.clock.now()
    const by = told.actor.rights.userId
    await later(
      trx,
      sql`DELETE FROM session_tag WHERE session_id = ${state.id} AND tag_id = ANY (${diff.removed}::uuid[])`,
    )
    await later(
      trx,
      sql`INSERT INTO session_tag (session_id, tag_id, at, by_id)
          SELECT ${state.id}, id, ${date(at)}, ${by} FROM unnest(${diff.added}::uuid[]) AS id ON CONFLICT DO NOTHING`,
    )
    const rev = await updateSession(trx, after, state, {})
    const evidence: JsonObject = { added: [...diff.added], removed: [...diff.removed] }
    const actor = { kind: told.actor.kind, id: by }
    await recordEvent(trx, state.id, { rev, at, actor, kind: 'tagged', evidence })
    return allowed(diff)
  })
}

export function diffOf(had: readonly string[], { tagIds, add, remove }: TagChange): TagDiff {
  const wanted = new Set(tagIds ?? had)
  for (const id of add) wanted.add(id)
  for (const id of remove) wanted.delete(id)
  return {
    added: [...wanted].filter((id) => !had.includes(id)),
    removed: had.filter((id) => !wanted.has(id)),
  }
}

export async function allExist(trx: Trx, tagIds: readonly string[]): Promise<boolean> {
  if (tagIds.length === 0) return true
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::int AS n FROM (SELECT 1 FROM tag WHERE id = ANY (${tagIds}::uuid[]) FOR KEY SHARE) AS t`.execute(
    trx,
  )
  return rows[0]?.n === new Set(tagIds).size
}
