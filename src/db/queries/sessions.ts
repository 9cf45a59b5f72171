// Which sessions a list shows, and in which order: those one may see, filtered, a page at a time. A page begins after
// the last row of the one before, by the values that ordered it, so that rows never appear twice while others come.
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { fold } from '../../domain/fold.ts'
import type { Rights } from '../../domain/policy.ts'
import { termsOf } from '../../domain/search.ts'
import { END_REASONS, type EndReason, ORIGINS, type Origin, PHASES, type Phase } from '../../domain/words.ts'
import type { Database, Trx } from '../database.ts'
import { maySeeSql, OPEN_OFFER } from './access.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import { wordsQuery } from './search.ts'

export const SESSION_SORTS = ['activity', 'started', 'queue'] as const
export type SessionSort = (typeof SESSION_SORTS)[number]

export interface SessionsFilter {
  readonly phase?: readonly Phase[] | undefined
  readonly operatorId?: string | undefined
  readonly groupId?: string | undefined
  readonly channelId?: string | undefined
  readonly clientId?: string | undefined
  readonly tag?: readonly string[] | undefined
  readonly contactId?: string | undefined
  readonly q?: string | undefined
  readonly origin?: Origin | undefined
  readonly endReason?: EndReason | undefined
  readonly result?: string | undefined
  readonly text?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly endedFrom?: string | undefined
  readonly endedTo?: string | undefined
  readonly sort: SessionSort
  readonly limit: number
  readonly cursor?: string | undefined
}

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',').map((word) => word.trim().toLowerCase())))
  .pipe(z.array(z.string().min(1).max(100)).min(1).max(50))

const phases = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',')))
  .pipe(z.array(z.enum(PHASES)).min(1))

export const sessionsFilter = {
  phase: phases.optional().describe('One or several, separated by commas'),
  operatorId: z.uuid().optional(),
  groupId: z.uuid().optional(),
  channelId: z.uuid().optional(),
  clientId: z.uuid().optional().describe('With all clients that were joined with it'),
  contactId: z.uuid().optional().describe('Of all clients that are linked to this contact'),
  tag: words.optional().describe('Id or name of a tag; several, separated by commas: any of them'),
  q: z
    .string()
    .trim()
    .max(200)
    .optional()
    .describe("A part of the client's name, of what the directory knows of them, phone number or WhatsApp id"),
  origin: z.enum(ORIGINS).optional(),
  endReason: z.enum(END_REASONS).optional(),
  result: z
    .union([z.uuid(), z.literal('none')])
    .optional()
    .describe('This result, or one below it; `none`: it ended without'),
  text: z.string().max(200).optional().describe('Words of a message or note, as in /search'),
  from: z.iso.datetime({ offset: true }).optional().describe('Started at this time or later'),
  to: z.iso.datetime({ offset: true }).optional().describe('Started before this time'),
  endedFrom: z.iso.datetime({ offset: true }).optional().describe('Ended at this time or later'),
  endedTo: z.iso.datetime({ offset: true }).optional().describe('Ended before this time'),
  sort: z
    .enum(SESSION_SORTS)
    .default('activity')
    .describe(
      'activity: newest activity first, that is the last message or the end; started: newest first; queue: overdue offers first, then who waits longest',
    ),
}

/** What orders a list, as it is kept in a cursor; `::text` keeps the microseconds that a Date would lose. */
interface Order {
  readonly key: RawBuilder<unknown>
  readonly told: RawBuilder<string[]>
  readonly after: (position: readonly string[]) => RawBuilder<boolean>
  readonly by: RawBuilder<unknown>
}

interface Found {
  id: string
  told: string[]
}

/** A part of the sessions that one index has in this order; a list is made of the first rows of each part. */
interface Part extends Order {
  readonly which: RawBuilder<boolean>
}

const newestFirst = (column: RawBuilder<unknown>, which: RawBuilder<boolean>): Part => ({
  key: column,
  told: sql<string[]>`ARRAY[${column}::text, s.id::text]`,
  after: ([at, id]) => sql<boolean>`(${column}, s.id) < (${at}::timestamptz, ${id}::uuid)`,
  by: sql`${column} DESC, s.id DESC`,
  which,
})

const ALL = sql<boolean>`true`
const isOverdue = sql`(CASE WHEN o.overdue_at IS NULL THEN 1 ELSE 0 END)`
const waiting = sql`coalesce(s.waiting_since, s.started_at)`

const PARTS: Record<SessionSort, readonly [Part, ...Part[]]> = {
  // The open ones are few and sorted. Those that ended come by an index on their end: one on `last_message_at` would be
  // written anew with every message.
  activity: [
    newestFirst(sql`s.last_message_at`, sql<boolean>`s.ended_at IS NULL`),
    newestFirst(sql`s.ended_at`, sql<boolean>`s.ended_at IS NOT NULL`),
  ],
  started: [newestFirst(sql`s.started_at`, ALL)],
  queue: [
    {
      key: waiting,
      told: sql<string[]>`ARRAY[${isOverdue}::text, ${waiting}::text, s.id::text]`,
      after: ([overdue, at, id]) =>
        sql<boolean>`(${isOverdue}, ${waiting}, s.id) > (${overdue}::int, ${at}::timestamptz, ${id}::uuid)`,
      by: sql`${isOverdue}, ${waiting}, s.id`,
      which: ALL,
    },
  ],
}

const time = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?[+-]\d\d(:\d\d)*$/)
const POSITIONS: Record<SessionSort, z.ZodType<readonly string[]>> = {
  activity: z.tuple([time, z.uuid()]),
  started: z.tuple([time, z.uuid()]),
  queue: z.tuple([z.enum(['0', '1']), time, z.uuid()]),
}

export async function findSessions(
  db: Database | Trx,
  rights: Rights,
  filter: SessionsFilter,
): Promise<{ readonly ids: readonly string[]; readonly next: string | null }> {
  const at = filter.cursor === undefined ? null : positionOf(filter.cursor, filter.sort)
  const parts = PARTS[filter.sort].map((part) => {
    const where = [part.which, maySeeSql(rights), ...conditions(filter), ...(at === null ? [] : [part.after(at)])]
    return sql<Found>`(
      SELECT s.id, ${part.told} AS told, ${part.key} AS key FROM session s ${OPEN_OFFER}
       WHERE ${sql.join(where, sql` AND `)}
       ORDER BY ${part.by} LIMIT ${filter.limit + 1})`
  })
  const query =
    parts.length === 1
      ? sql<Found>`${sql.join(parts)}`
      : sql<Found>`SELECT id, told FROM (${sql.join(parts, sql` UNION ALL `)}) p
                    ORDER BY key DESC, id DESC LIMIT ${filter.limit + 1}`
  const { rows } = await query.execute(db)
  const page = rows.slice(0, filter.limit)
  const last = page.at(-1)
  const next =
    rows.length > filter.limit && last !== undefined ? encodeCursor({ sort: filter.sort, at: last.told }) : null
  return { ids: page.map((row) => row.id), next }
}

function positionOf(cursor: string, sort: SessionSort): readonly string[] {
  return decodeCursor(z.object({ sort: z.literal(sort), at: POSITIONS[sort] }), cursor).at
}

function conditions(filter: SessionsFilter): RawBuilder<boolean>[] {
  const found: RawBuilder<boolean>[] = []
  const add = (condition: RawBuilder<boolean>) => void found.push(condition)
  if (filter.phase !== undefined) add(sql`s.phase = ANY (${filter.phase}::text[])`)
  if (filter.operatorId !== undefined) add(sql`s.operator_id = ${filter.operatorId}`)
  if (filter.groupId !== undefined) add(sql`s.group_id = ${filter.groupId}`)
  if (filter.channelId !== undefined) add(sql`s.channel_id = ${filter.channelId}`)
  if (filter.from !== undefined) add(sql`s.started_at >= ${filter.from}::timestamptz`)
  if (filter.to !== undefined) add(sql`s.started_at < ${filter.to}::timestamptz`)
  if (filter.endedFrom !== undefined) add(sql`s.ended_at >= ${filter.endedFrom}::timestamptz`)
  if (filter.endedTo !== undefined) add(sql`s.ended_at < ${filter.endedTo}::timestamptz`)
  if (filter.origin !== undefined) add(sql`s.origin = ${filter.origin}`)
  if (filter.endReason !== undefined) add(sql`s.end_reason = ${filter.endReason}`)
  if (filter.result === 'none') add(sql`s.phase = 'ended' AND s.result_id IS NULL`)
  else if (filter.result !== undefined) add(sql`s.result_id IN (${everyResultBelow(filter.result)})`)
  if (filter.text !== undefined && filter.text.trim() !== '') add(says(filter.text))
  if (filter.clientId !== undefined) add(sql`s.client_id IN (${everyClientOf(filter.clientId)})`)
  if (filter.contactId !== undefined) add(sql`s.client_id IN (${everyClientOfContact(filter.contactId)})`)
  if (filter.tag !== undefined) {
    add(sql`EXISTS (SELECT 1 FROM session_tag st JOIN tag t ON t.id = st.tag_id
                     WHERE st.session_id = s.id AND (t.id::text = ANY (${filter.tag}::text[]) OR lower(t.name) = ANY (${filter.tag}::text[])))`)
  }
  if (filter.q !== undefined && filter.q !== '') add(matches(filter.q))
  return found
}

const everyResultBelow = (resultId: string): RawBuilder<string> => sql<string>`
  WITH RECURSIVE below AS (
    SELECT id FROM result WHERE id = ${resultId}
    UNION
    SELECT r.id FROM result r JOIN below ON r.parent_id = below.id
  ) SELECT id FROM below`

function says(text: string): RawBuilder<boolean> {
  const terms = termsOf(text)
  if (terms.length === 0) return sql<boolean>`false`
  return sql<boolean>`s.id IN (SELECT e.session_id FROM search_entry e WHERE e.words @@ ${wordsQuery(terms)}::tsquery)`
}

/** The client, what it was joined into, and all that were joined with it. */
export const everyClientOf = (clientId: string): RawBuilder<string> => sql<string>`
  WITH RECURSIVE one AS (
    SELECT id, joined_into FROM client WHERE id = ${clientId}
    UNION
    SELECT c.id, c.joined_into FROM client c JOIN one ON c.joined_into = one.id OR c.id = one.joined_into
  ) SELECT id FROM one`

/** The clients that are linked to the contact now, and all that were joined with them. */
const everyClientOfContact = (contactId: string): RawBuilder<string> => sql<string>`
  SELECT id FROM client WHERE contact_id = ${contactId} AND joined_into IS NULL
  UNION
  SELECT j.id FROM client j JOIN client c ON j.joined_into = c.id WHERE c.contact_id = ${contactId} AND c.joined_into IS NULL`

function matches(q: string): RawBuilder<boolean> {
  const like = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
  // A number is found however it was written: "+420 777 123", "00420777…".
  const digits = q.replace(/[\s()+./-]/g, '').replace(/^00/, '')
  const number = /^\d{3,}$/.test(digits) ? sql`(a.kind = 'phone' AND a.value LIKE ${like(digits)})` : sql`false`
  // Aliases are the survivor's alone, and a joined client's sessions are shown as the survivor's.
  return sql<boolean>`s.client_id IN (
    WITH found AS (
      SELECT coalesce(c.joined_into, c.id) AS id FROM client c WHERE c.name ILIKE ${like(q)}
      UNION
      SELECT coalesce(c.joined_into, c.id) FROM contact k JOIN client c ON c.contact_id = k.id
       WHERE k.search_key LIKE ${like(fold(q))} AND k.merged_into IS NULL AND k.deleted_at IS NULL
      UNION
      SELECT a.client_id FROM client_alias a WHERE ${number} OR (a.kind = 'bsuid' AND a.value ILIKE ${like(q)})
    )
    SELECT id FROM found UNION SELECT j.id FROM client j JOIN found ON j.joined_into = found.id)`
}
