// A page of the sessions that one may see.
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { findSessions, sessionsFilter } from '../../db/queries/sessions.ts'
import { maySee, type Rights } from '../../domain/policy.ts'
import type { Instant } from '../../domain/words.ts'
import { type Page, pageQuery } from './common.ts'
import { readSessions, type SessionView } from './session.ts'

export const sessionsQuery = z.object({ ...sessionsFilter, ...pageQuery })

export async function listSessions(
  db: Database,
  rights: Rights,
  query: z.infer<typeof sessionsQuery>,
  at: Instant,
): Promise<Page<SessionView>> {
  const { ids, next } = await findSessions(db, rights, query)
  const read = await readSessions(db, ids, at)
  const items: SessionView[] = []
  for (const id of ids) {
    const found = read.get(id)
    // It may have been accepted by somebody else since it was found.
    if (found !== undefined && maySee(rights, found.state)) items.push(found.session)
  }
  return { items, next }
}
