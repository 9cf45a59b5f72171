// A client and the whole conversation with them: all sessions and messages, also those of clients that were joined with
// this one, as far as one may see them.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { maySeeSql, OPEN_OFFER } from '../../db/queries/access.ts'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import { everyClientOf } from '../../db/queries/sessions.ts'
import type { Rights } from '../../domain/policy.ts'
import { isOpen } from '../../domain/window.ts'
import type { Instant } from '../../domain/words.ts'
import { Problem } from '../problems.ts'
import { loadPeople } from './client.ts'
import { id, iso, type Page, time } from './common.ts'
import { readMessages } from './message-rows.ts'
import type { MessageView } from './message-schema.ts'

export const clientSchema = z
  .object({
    id: id.describe('After a join, that of the client both have become'),
    channelId: id,
    name: z.string().nullable(),
    phone: z.string().nullable(),
    bsuid: z.string().nullable(),
    contactId: id.nullable(),
    contactName: z.string().nullable(),
    window: z.object({ open: z.boolean(), until: time.nullable(), messageId: id.nullable() }),
    openSessionId: id.nullable().describe('The session that is not ended, where there is one'),
    createdAt: time,
  })
  .meta({ id: 'Client' })

export async function loadClient(db: Database, clientId: string, at: Instant): Promise<z.infer<typeof clientSchema>> {
  const person = (await loadPeople(db, [clientId])).get(clientId)
  if (person === undefined) throw new Problem('not-found')
  const row = await db
    .selectFrom('client as c')
    .leftJoin('session as s', (join) => join.onRef('s.client_id', '=', 'c.id').on('s.ended_at', 'is', null))
    .select(['c.channel_id', 'c.window_expires_at', 'c.window_message_id', 'c.created_at', 's.id as open_session_id'])
    .where('c.id', '=', person.id)
    .executeTakeFirstOrThrow()
  const until = row.window_expires_at?.getTime() ?? null
  return {
    ...person,
    channelId: row.channel_id,
    window: {
      open: isOpen({ until, messageId: row.window_message_id }, at),
      until: iso(row.window_expires_at),
      messageId: row.window_message_id,
    },
    openSessionId: row.open_session_id,
    createdAt: iso(row.created_at),
  }
}

export interface ConversationQuery {
  readonly clientId: string
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Ids are made in the order of arrival; `next` leads to older messages. */
export async function loadConversation(
  db: Database,
  rights: Rights,
  query: ConversationQuery,
): Promise<Page<MessageView>> {
  const before = query.cursor === undefined ? null : decodeCursor(z.uuid(), query.cursor)
  const where = sql`
    m.client_id IN (${everyClientOf(query.clientId)})
    AND m.superseded_by IS NULL
    AND (${before}::uuid IS NULL OR m.id < ${before})
    AND (m.session_id IS NULL OR EXISTS (SELECT 1 FROM session s ${OPEN_OFFER} WHERE s.id = m.session_id AND ${maySeeSql(rights)}))`
  const read = await readMessages(db, where, sql`m.id DESC`, query.limit + 1)
  const items = read.slice(0, query.limit).map(({ message }) => message)
  const last = items.at(-1)
  const next = read.length > query.limit && last !== undefined ? encodeCursor(last.id) : null
  return { items: items.reverse(), next }
}
