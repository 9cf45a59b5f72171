// Who gives a command, with the rights as they are now: a right that was withdrawn a moment ago counts.
import { sql } from 'kysely'
import type { Database, Trx } from '../db/database.ts'
import type { Rights } from '../domain/policy.ts'
import type { Role } from '../domain/words.ts'

export interface Actor {
  readonly kind: 'operator' | 'program'
  readonly rights: Rights
}

/** Null for a user who does not exist or was disabled. */
export async function loadRights(db: Database | Trx, userId: string): Promise<Rights | null> {
  const { rows } = await sql<{ role: Role; slots: number; see_others: boolean; groups: string[] }>`
    SELECT u.role, u.slots, u.see_others,
           ARRAY(SELECT m.group_id FROM group_member m WHERE m.user_id = u.id)::text[] AS groups
      FROM user_account u
     WHERE u.id = ${userId} AND u.disabled_at IS NULL`.execute(db)
  const row = rows[0]
  if (row === undefined) return null
  return { userId, role: row.role, groupIds: row.groups, seeOthers: row.see_others, slots: row.slots }
}
