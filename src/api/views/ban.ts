// A ban as screens and programs see it, and the bans that one may see: of clients that one may see, and one's own.
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { maySeeSql, OPEN_OFFER } from '../../db/queries/access.ts'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import { holds } from '../../domain/ban.ts'
import type { Rights } from '../../domain/policy.ts'
import type { Instant } from '../../domain/words.ts'
import { phoneOf } from './client.ts'
import { id, iso, type Page, pageQuery, time } from './common.ts'

export const banSchema = z
  .object({
    id,
    active: z.boolean().describe('Neither lifted nor over'),
    reason: z.string(),
    until: time.nullable().describe('When it ends by itself; null: when somebody lifts it'),
    at: time,
    by: z.object({ id, name: z.string().nullable() }),
    liftedAt: time.nullable(),
    liftedBy: z.object({ id, name: z.string().nullable() }).nullable(),
    clientId: id.nullable().describe('The client it was made for, where there was one'),
    name: z.string().nullable().describe("That client's name on WhatsApp"),
    aliases: z
      .array(z.object({ kind: z.enum(['phone', 'bsuid']), value: z.string() }))
      .describe('Banned on every number'),
  })
  .meta({ id: 'Ban', description: 'An entry on the blacklist' })
export type BanView = z.infer<typeof banSchema>

/** What of a ban stands beside the session of whom it is about. */
export const sessionBanSchema = z
  .object({ id, reason: z.string(), until: time.nullable(), at: time, byId: id, byName: z.string().nullable() })
  .nullable()
  .describe('The ban that holds for the client now')

export const bansQuery = z.object({
  ...pageQuery,
  state: z.enum(['active', 'inactive', 'all']).default('active'),
  q: z.string().trim().max(200).optional().describe('A part of name, phone number, WhatsApp id or reason'),
})

interface Row {
  id: string
  reason: string
  until: Date | null
  at: Date
  by_id: string
  by_name: string | null
  lifted_at: Date | null
  lifted_by: string | null
  lifted_by_name: string | null
  client_id: string | null
  name: string | null
  aliases: { kind: 'phone' | 'bsuid'; value: string }[] | null
}

const COLUMNS = sql`
  SELECT b.id, b.reason, b.until, b.at, b.by_id, u.name AS by_name, b.lifted_at, b.lifted_by, l.name AS lifted_by_name,
         b.client_id, c.name,
         (SELECT json_agg(json_build_object('kind', a.kind, 'value', a.value) ORDER BY a.kind DESC, a.value)
            FROM ban_alias a WHERE a.ban_id = b.id) AS aliases
    FROM ban b
    LEFT JOIN user_account u ON u.id = b.by_id
    LEFT JOIN user_account l ON l.id = b.lifted_by
    LEFT JOIN client c ON c.id = b.client_id`

const mayBeSeenBy = (rights: Rights): RawBuilder<boolean> =>
  rights.role === 'administrator'
    ? sql<boolean>`true`
    : sql<boolean>`(b.by_id = ${rights.userId} OR EXISTS (
        SELECT 1 FROM ban_alias ba
          JOIN channel ch ON true
          JOIN client_alias ca ON ca.channel_id = ch.id AND ca.kind = ba.kind AND ca.value = ba.value
          JOIN session s ON s.client_id = ca.client_id ${OPEN_OFFER}
         WHERE ba.ban_id = b.id AND ${maySeeSql(rights)}))`

/** Null for one that does not exist, or that is not one's to see. */
export async function loadBan(db: Database | Trx, rights: Rights, banId: string, at: Instant): Promise<BanView | null> {
  const { rows } = await sql<Row>`${COLUMNS} WHERE b.id = ${banId} AND ${mayBeSeenBy(rights)}`.execute(db)
  return rows[0] === undefined ? null : viewOf(rows[0], at)
}

/** Newest first. */
export async function listBans(
  db: Database,
  rights: Rights,
  query: z.infer<typeof bansQuery>,
  at: Instant,
): Promise<Page<BanView>> {
  const before = query.cursor === undefined ? null : decodeCursor(z.uuid(), query.cursor)
  const active = sql`(b.lifted_at IS NULL AND (b.until IS NULL OR b.until > ${new Date(at)}))`
  const state = { active, inactive: sql`NOT ${active}`, all: sql`true` }[query.state]
  const { rows } = await sql<Row>`
    ${COLUMNS}
     WHERE ${mayBeSeenBy(rights)} AND ${state} AND ${matches(query.q)}
       AND (${before}::uuid IS NULL OR b.id < ${before})
     ORDER BY b.id DESC LIMIT ${query.limit + 1}`.execute(db)
  const items = rows.slice(0, query.limit).map((row) => viewOf(row, at))
  const last = items.at(-1)
  return { items, next: rows.length > query.limit && last !== undefined ? encodeCursor(last.id) : null }
}

function matches(q: string | undefined): RawBuilder<boolean> {
  if (q === undefined || q === '') return sql<boolean>`true`
  const like = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`
  const digits = q.replace(/[\s()+./-]/g, '').replace(/^00/, '')
  const alias = /^\d{3,}$/.test(digits) ? digits : q
  return sql<boolean>`(b.reason ILIKE ${like(q)} OR c.name ILIKE ${like(q)}
    OR EXISTS (SELECT 1 FROM ban_alias a WHERE a.ban_id = b.id AND a.value ILIKE ${like(alias)}))`
}

function viewOf(row: Row, at: Instant): BanView {
  const until = row.until?.getTime() ?? null
  return {
    id: row.id,
    active: row.lifted_at === null && holds({ until }, at),
    reason: row.reason,
    until: iso(row.until),
    at: iso(row.at),
    by: { id: row.by_id, name: row.by_name },
    liftedAt: iso(row.lifted_at),
    liftedBy: row.lifted_by === null ? null : { id: row.lifted_by, name: row.lifted_by_name },
    clientId: row.client_id,
    name: row.name,
    aliases: (row.aliases ?? []).map(({ kind, value }) => ({
      kind,
      value: kind === 'phone' ? (phoneOf(value) ?? value) : value,
    })),
  }
}

/** By id, for the sessions that show them. */
export async function loadSessionBans(
  db: Database | Trx,
  banIds: readonly string[],
): Promise<ReadonlyMap<string, NonNullable<z.infer<typeof sessionBanSchema>>>> {
  if (banIds.length === 0) return new Map()
  const { rows } = await sql<Row>`
    SELECT b.id, b.reason, b.until, b.at, b.by_id, u.name AS by_name
      FROM ban b LEFT JOIN user_account u ON u.id = b.by_id WHERE b.id = ANY (${banIds}::uuid[])`.execute(db)
  return new Map(
    rows.map((row) => [
      row.id,
      { id: row.id, reason: row.reason, until: iso(row.until), at: iso(row.at), byId: row.by_id, byName: row.by_name },
    ]),
  )
}
