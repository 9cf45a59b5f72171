// Who is asking: a person with the cookie of a sign-in, or a program with a bearer token, which acts as its user.
// Rights are read with every request, so that a right that was withdrawn a moment ago is gone.
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Rights } from '../domain/policy.ts'
import type { Instant, Role } from '../domain/words.ts'
import type { Actor } from '../sessions/actor.ts'
import { hashToken } from './secret-token.ts'

/** A sign-in that nobody used for this long is over, ... */
export const IDLE_MS = 72 * 3_600_000
/** ... and however much it was used, after this. */
export const SIGN_IN_MS = 30 * 86_400_000
/** Its use is noted at most this often. */
const NOTE_EVERY_MS = 60_000

export interface Who {
  readonly actor: Actor
  readonly email: string
  readonly name: string
  /** What they carry: still good as long as its row is. */
  readonly by: { readonly kind: 'login' | 'token'; readonly id: string }
}

export interface WhoNow extends Who {
  /** What they carry ends then, unless it is used until then; null where no end is set. */
  readonly until: Instant | null
}

interface Row {
  by_id: string
  used_at: Date | null
  id: string
  email: string
  name: string
  role: Role
  slots: number
  see_others: boolean
  groups: string[]
}

const account = sql`
  u.id, u.email, u.name, u.role, u.slots, u.see_others,
  ARRAY(SELECT m.group_id FROM group_member m WHERE m.user_id = u.id)::text[] AS groups`

const goodLogin = (at: Instant) => sql`
  l.expires_at > ${new Date(at)} AND l.last_seen_at > ${new Date(at - IDLE_MS)} AND u.disabled_at IS NULL`

const goodToken = (at: Instant) => sql`
  t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ${new Date(at)}) AND u.disabled_at IS NULL`

const whoIs = (row: Row, kind: Who['by']['kind']): Who => {
  const rights: Rights = {
    userId: row.id,
    role: row.role,
    groupIds: row.groups,
    seeOthers: row.see_others,
    slots: row.slots,
  }
  return {
    actor: { kind: kind === 'login' ? 'operator' : 'program', rights },
    email: row.email,
    name: row.name,
    by: { kind, id: row.by_id },
  }
}

export async function whoHasCookie(db: Database, cookie: string, at: Instant): Promise<Who | null> {
  const { rows } = await sql<Row>`
    SELECT l.id AS by_id, l.last_seen_at AS used_at, ${account}
      FROM login l JOIN user_account u ON u.id = l.user_id
     WHERE l.token_hash = ${hashToken(cookie)} AND ${goodLogin(at)}`.execute(db)
  const row = rows[0]
  if (row === undefined) return null
  if (isOld(row.used_at, at)) {
    await sql`UPDATE login SET last_seen_at = greatest(last_seen_at, ${new Date(at)}) WHERE id = ${row.by_id}`.execute(
      db,
    )
  }
  return whoIs(row, 'login')
}

export async function whoHasToken(db: Database, token: string, at: Instant): Promise<Who | null> {
  const { rows } = await sql<Row>`
    SELECT t.id AS by_id, t.last_used_at AS used_at, ${account}
      FROM token t JOIN user_account u ON u.id = t.user_id
     WHERE t.token_hash = ${hashToken(token)} AND ${goodToken(at)}`.execute(db)
  const row = rows[0]
  if (row === undefined) return null
  if (isOld(row.used_at, at)) {
    await sql`UPDATE token SET last_used_at = ${new Date(at)} WHERE id = ${row.by_id}`.execute(db)
  }
  return whoIs(row, 'token')
}

const isOld = (usedAt: Date | null, at: Instant): boolean => usedAt === null || at - usedAt.getTime() > NOTE_EVERY_MS

/** The same person or program as they stand now; null when sign-in, token or account are no longer good. */
export async function whoNow(db: Database, by: Who['by'], at: Instant): Promise<WhoNow | null> {
  const { rows } =
    by.kind === 'login'
      ? await sql<Row & { until: Date }>`
          SELECT l.id AS by_id, l.last_seen_at AS used_at, ${account},
                 least(l.expires_at, l.last_seen_at + ${IDLE_MS} * interval '1 millisecond') AS until
            FROM login l JOIN user_account u ON u.id = l.user_id WHERE l.id = ${by.id} AND ${goodLogin(at)}`.execute(db)
      : await sql<Row & { until: Date | null }>`
          SELECT t.id AS by_id, t.last_used_at AS used_at, ${account}, t.expires_at AS until
            FROM token t JOIN user_account u ON u.id = t.user_id WHERE t.id = ${by.id} AND ${goodToken(at)}`.execute(db)
  const row = rows[0]
  return row === undefined ? null : { ...whoIs(row, by.kind), until: row.until?.getTime() ?? null }
}
