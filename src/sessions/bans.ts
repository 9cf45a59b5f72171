// The blacklist on the tables: a ban names every alias that a client has when it is made, and holds for whoever has one of
// them. Each transaction locks all clients it concerns, so that no message of theirs is being sent or taken in meanwhile.
import { sql } from 'kysely'
import { type Database, later, type Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import type { Ban } from '../domain/ban.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import type { Alias, AliasKind, Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from './actor.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { date, type EventActor, recordEvent, ring, SYSTEM, updateSession } from './write.ts'

/** The ban that holds for one of these aliases at that time, the longest where there are several. */
export async function banOf(db: Database | Trx, aliases: readonly Alias[], at: Instant): Promise<Ban | null> {
  const { rows } = await sql<{ id: string; until: Date | null }>`
    SELECT b.id, b.until
      FROM unnest(${aliases.map(({ kind }) => kind)}::text[], ${aliases.map(({ value }) => value)}::text[]) AS k(kind, value)
      JOIN ban_alias ba ON ba.kind = k.kind AND ba.value = k.value
      JOIN ban b ON b.id = ba.ban_id
     WHERE b.lifted_at IS NULL AND (b.until IS NULL OR b.until > ${date(at)})
     ORDER BY b.until DESC NULLS FIRST, b.id LIMIT 1`.execute(db)
  const [row] = rows
  return row === undefined ? null : { id: row.id, until: row.until?.getTime() ?? null }
}

/** The same, of a client by id; after a join, of the one that both have become. */
export const banOfClient = async (db: Database | Trx, clientId: string, at: Instant): Promise<Ban | null> =>
  banOf(db, await aliasesOfClient(db, clientId), at)

export interface BanToMake {
  readonly actor: Actor
  readonly whom: { readonly clientId: string } | Alias
  readonly reason: string
  readonly until: Instant | null
}

/** One ban at a time: whoever is second is told of the first. */
export function ban(ctx: Ctx, told: BanToMake): Promise<Verdict<{ readonly banId: string }>> {
  return transact(ctx, async (trx, after) => {
    const named = await aliasesNamed(trx, told.whom)
    if (named.length === 0) return refused({ code: 'not-found' })
    const clients = await lockHolders(trx, named)
    // They may have changed before the lock was held.
    if (!same(named, await aliasesNamed(trx, told.whom))) throw new Repeat()
    const at = ctx.clock.now()
    const holds = await banOf(trx, named, at)
    if (holds !== null) return refused({ code: 'client-banned', banId: holds.id })
    const banId = newId()
    await later(
      trx,
      trx.insertInto('ban').values({
        id: banId,
        client_id: 'clientId' in told.whom ? told.whom.clientId : (clients[0] ?? null),
        reason: told.reason,
        until: told.until === null ? null : date(told.until),
        at: date(at),
        by_id: told.actor.rights.userId,
      }),
    )
    await addAliases(trx, banId, named)
    const by = { kind: told.actor.kind, id: told.actor.rights.userId }
    await tellSessions(trx, after, clients, by, 'banned', { banId, banUntil: told.until }, at)
    return allowed({ banId })
  })
}

/** Lifted once; a repeat changes nothing. */
export function liftBan(ctx: Ctx, banId: string, actor: Actor): Promise<void> {
  const by = { kind: actor.kind, id: actor.rights.userId }
  return over(ctx, banId, by, 'lifted', (trx, at) =>
    trx
      .updateTable('ban')
      .set({ lifted_at: date(at), lifted_by: by.id })
      .where('id', '=', banId),
  )
}

/** Bans that have run out since the last look: nothing holds on to them any more, and screens and workflows learn of it. */
export async function tellExpiredBans(ctx: Ctx): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM ban
     WHERE lifted_at IS NULL AND expired_at IS NULL AND until IS NOT NULL AND until <= ${date(ctx.clock.now())}
     ORDER BY id LIMIT 500`.execute(ctx.db)
  for (const { id } of rows) {
    await over(ctx, id, SYSTEM, 'expired', (trx, at) =>
      trx
        .updateTable('ban')
        .set({ expired_at: date(at) })
        .where('id', '=', id),
    )
  }
}

async function over(
  ctx: Ctx,
  banId: string,
  by: EventActor,
  why: 'lifted' | 'expired',
  write: (trx: Trx, at: Instant) => Parameters<typeof later>[1],
): Promise<void> {
  await transact(ctx, async (trx, after) => {
    const named = await aliasesOfBan(trx, banId)
    const clients = await lockHolders(trx, named)
    const { rows } = await sql<{ over: boolean }>`
      SELECT (lifted_at IS NOT NULL OR expired_at IS NOT NULL) AS over FROM ban WHERE id = ${banId} FOR UPDATE`.execute(
      trx,
    )
    if (rows[0]?.over !== false) return
    // A client whom Meta announced under another alias meanwhile took the ban along.
    if (!same(named, await aliasesOfBan(trx, banId))) throw new Repeat()
    const at = ctx.clock.now()
    await later(trx, write(trx, at))
    await tellSessions(trx, after, clients, by, 'unbanned', { banId, why }, at)
  })
}

/** Meta says that these people are the same ones under other aliases: whoever is banned stays so. */
export async function keepBans(trx: Trx, from: readonly Alias[], to: readonly Alias[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    SELECT DISTINCT b.id
      FROM unnest(${from.map(({ kind }) => kind)}::text[], ${from.map(({ value }) => value)}::text[]) AS k(kind, value)
      JOIN ban_alias ba ON ba.kind = k.kind AND ba.value = k.value
      JOIN ban b ON b.id = ba.ban_id
     WHERE b.lifted_at IS NULL AND b.expired_at IS NULL`.execute(trx)
  for (const { id } of rows) await addAliases(trx, id, to)
}

/** Who is who has changed: an open session whose client is banned by now, or no longer, is told. */
export async function followBans(
  trx: Trx,
  after: Aftermath,
  channelId: string,
  of: { readonly aliases: readonly Alias[]; readonly clientIds: readonly string[] },
  at: Instant,
): Promise<void> {
  const { rows } = await sql<{ client_id: string; was: boolean }>`
    SELECT s.client_id,
           coalesce((SELECT e.kind = 'banned' FROM session_event e
                      WHERE e.session_id = s.id AND e.kind IN ('banned', 'unbanned') ORDER BY e.n DESC LIMIT 1), false) AS was
      FROM session s
     WHERE s.ended_at IS NULL AND s.client_id IN (
       SELECT unnest(${of.clientIds}::uuid[])
       UNION
       SELECT a.client_id
         FROM unnest(${of.aliases.map(({ kind }) => kind)}::text[], ${of.aliases.map(({ value }) => value)}::text[]) AS k(kind, value)
         JOIN client_alias a ON a.channel_id = ${channelId} AND a.kind = k.kind AND a.value = k.value)`.execute(trx)
  for (const { client_id, was } of rows) {
    const ban = await banOfClient(trx, client_id, at)
    if ((ban !== null) === was) continue
    const evidence: JsonObject =
      ban === null ? { why: 'aliases' } : { banId: ban.id, banUntil: ban.until, why: 'aliases' }
    await tellSessions(trx, after, [client_id], SYSTEM, ban === null ? 'unbanned' : 'banned', evidence, at)
  }
}

async function addAliases(trx: Trx, banId: string, aliases: readonly Alias[]): Promise<void> {
  await later(
    trx,
    sql`
    INSERT INTO ban_alias (kind, value, ban_id)
    SELECT k.kind, k.value, ${banId}
      FROM unnest(${aliases.map(({ kind }) => kind)}::text[], ${aliases.map(({ value }) => value)}::text[]) AS k(kind, value)
    ON CONFLICT DO NOTHING`,
  )
}

/** Of each client the open session, or the one that ended last: its field is another one now, or what may follow it is. */
async function tellSessions(
  trx: Trx,
  after: Aftermath,
  clientIds: readonly string[],
  actor: EventActor,
  kind: 'banned' | 'unbanned',
  evidence: JsonObject,
  at: Instant,
): Promise<void> {
  const { rows } = await sql<{ id: string; rev: number; ended: boolean }>`
    SELECT s.id, s.rev, s.ended_at IS NOT NULL AS ended FROM unnest(${clientIds}::uuid[]) AS k(client_id)
     CROSS JOIN LATERAL (SELECT id, rev, ended_at FROM session WHERE client_id = k.client_id
                          ORDER BY ended_at DESC NULLS FIRST LIMIT 1) s
     ORDER BY s.id`.execute(trx)
  for (const session of rows) {
    const rev = await updateSession(trx, after, session, {})
    await recordEvent(trx, session.id, { rev, at, actor, kind, evidence })
    if (!session.ended) await ring(trx, after, session.id, at)
  }
}

async function aliasesNamed(trx: Trx, whom: BanToMake['whom']): Promise<readonly Alias[]> {
  return 'clientId' in whom ? aliasesOfClient(trx, whom.clientId) : [whom]
}

async function aliasesOfClient(db: Database | Trx, clientId: string): Promise<readonly Alias[]> {
  const { rows } = await sql<{ kind: AliasKind; value: string }>`
    SELECT a.kind, a.value FROM client c JOIN client_alias a ON a.client_id = coalesce(c.joined_into, c.id)
     WHERE c.id = ${clientId} ORDER BY a.kind, a.value`.execute(db)
  return rows
}

async function aliasesOfBan(trx: Trx, banId: string): Promise<readonly Alias[]> {
  const { rows } = await sql<{ kind: AliasKind; value: string }>`
    SELECT kind, value FROM ban_alias WHERE ban_id = ${banId} ORDER BY kind, value`.execute(trx)
  return rows
}

const same = (a: readonly Alias[], b: readonly Alias[]): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Everybody who has one of these aliases, on whatever channel, locked. */
async function lockHolders(trx: Trx, aliases: readonly Alias[]): Promise<readonly string[]> {
  const before = await holdersOf(trx, aliases)
  await sql`SELECT 1 FROM client WHERE id = ANY (${before}::uuid[]) ORDER BY id FOR UPDATE`.execute(trx)
  const now = await holdersOf(trx, aliases)
  if (before.join() !== now.join()) throw new Repeat()
  return now
}

async function holdersOf(trx: Trx, aliases: readonly Alias[]): Promise<readonly string[]> {
  const { rows } = await sql<{ client_id: string }>`
    SELECT DISTINCT a.client_id
      FROM unnest(${aliases.map(({ kind }) => kind)}::text[], ${aliases.map(({ value }) => value)}::text[]) AS k(kind, value)
      CROSS JOIN channel ch
      JOIN client_alias a ON a.channel_id = ch.id AND a.kind = k.kind AND a.value = k.value
     ORDER BY a.client_id`.execute(trx)
  return rows.map((row) => row.client_id)
}
