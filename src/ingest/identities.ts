// Settles who is who, one case a transaction: two clients that prove to be one are joined, a recycled phone number
// moves away from whom it belonged to, and a client whom Meta announces under a new number or id moves with all of
// their history. Nobody's number is ever rewritten, and messages never move: the conversation of a joined client is
// the union of both.
import { sql } from 'kysely'
import type { Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import { destination, identify, survivor } from '../domain/identity.ts'
import type { Alias, AliasKind, Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { followBans, keepBans } from '../sessions/bans.ts'
import { type Aftermath, type Ctx, transact } from '../sessions/context.ts'
import { date, recordEvent, ring, updateSession } from '../sessions/write.ts'
import type { IdentityWork } from './people.ts'

const META = { kind: 'meta', id: null } as const

/** `old-news`: Meta repeats an announcement that was carried out before; whoever has the number now is somebody else. */
export type Settled = 'settled' | 'old-news'

export function settleIdentity(ctx: Ctx, channelId: string, work: IdentityWork): Promise<Settled> {
  return transact(ctx, async (trx, after) => {
    const at = ctx.clock.now()
    const named = work.is === 'move' ? [...work.from, ...work.to] : work.aliases
    const owner = await lockOwners(trx, channelId, named)
    const before = named.flatMap((alias) => owner(alias)?.id ?? [])
    const settled = await become(trx, after, channelId, work, at)
    await followBans(trx, after, channelId, { aliases: named, clientIds: before }, at)
    return settled
  })
}

async function become(
  trx: Trx,
  after: Aftermath,
  channelId: string,
  work: IdentityWork,
  at: Instant,
): Promise<Settled> {
  if (work.is === 'move') return move(trx, after, channelId, work, at)
  if (work.is === 'told') await hear(trx, after, channelId, work.aliases, work.clientId, at)
  else await settle(trx, after, channelId, work.aliases, work.name, at)
  return 'settled'
}

/** A recipient may be somebody known, or the client under aliases that are new: never somebody new. */
async function hear(
  trx: Trx,
  after: Aftermath,
  channelId: string,
  aliases: readonly Alias[],
  clientId: string,
  at: Instant,
): Promise<void> {
  const owner = await lockOwners(trx, channelId, aliases)
  if (aliases.some((alias) => owner(alias) !== null)) return settle(trx, after, channelId, aliases, null, at)
  await sql`SELECT 1 FROM client WHERE id = ${clientId} FOR UPDATE`.execute(trx)
  const { rows } = await sql<{ kind: AliasKind }>`
    SELECT kind FROM client_alias WHERE client_id = ${clientId}`.execute(trx)
  const known = new Set(rows.map((row) => row.kind))
  // A client without any alias was joined with another one, or erased.
  if (known.size === 0) return
  for (const alias of aliases) if (!known.has(alias.kind)) await add(trx, channelId, clientId, alias, at)
}

interface Owner {
  readonly id: string
  readonly hasBsuid: boolean
  readonly createdAt: Instant
}

/** Lock order: aliases, then clients, each in ascending order. */
async function lockOwners(
  trx: Trx,
  channelId: string,
  aliases: readonly Alias[],
): Promise<(alias: Alias) => Owner | null> {
  const wanted = [...aliases].sort((a, b) => (a.kind + a.value < b.kind + b.value ? -1 : 1))
  const owners = new Map<string, string>()
  for (const alias of wanted) {
    const { rows } = await sql<{ client_id: string }>`
      SELECT client_id FROM client_alias WHERE channel_id = ${channelId} AND kind = ${alias.kind} AND value = ${alias.value}
         FOR UPDATE`.execute(trx)
    if (rows[0] !== undefined) owners.set(alias.kind + alias.value, rows[0].client_id)
  }
  const ids = [...new Set(owners.values())].sort()
  await sql`SELECT 1 FROM client WHERE id = ANY (${ids}::uuid[]) ORDER BY id FOR UPDATE`.execute(trx)
  const { rows } = await sql<{ id: string; created_at: Date; has_bsuid: boolean }>`
    SELECT c.id, c.created_at, EXISTS (SELECT 1 FROM client_alias a WHERE a.client_id = c.id AND a.kind = 'bsuid') AS has_bsuid
      FROM client c WHERE c.id = ANY (${ids}::uuid[])`.execute(trx)
  const byId = new Map(
    rows.map((row) => [row.id, { id: row.id, hasBsuid: row.has_bsuid, createdAt: row.created_at.getTime() }]),
  )
  return (alias) => byId.get(owners.get(alias.kind + alias.value) ?? '') ?? null
}

async function settle(
  trx: Trx,
  after: Aftermath,
  channelId: string,
  aliases: readonly Alias[],
  name: string | null,
  at: Instant,
): Promise<void> {
  const owner = await lockOwners(trx, channelId, aliases)
  const who = identify(aliases, owner)
  if (who.is === 'same') {
    const a = aliases.map(owner).find((client) => client?.id === who.byBsuid)
    const b = aliases.map(owner).find((client) => client?.id === who.byPhone)
    if (a && b) await join(trx, after, a, b, at)
    return
  }
  const phone = aliases.find((alias) => alias.kind === 'phone')
  if (who.takesPhoneFrom !== null && phone !== undefined) await drop(trx, channelId, phone, 'moved', at)
  if (who.is === 'known') {
    for (const alias of who.learns) await add(trx, channelId, who.clientId, alias, at)
    return
  }
  const id = newId()
  await trx
    .insertInto('client')
    .values({ id, channel_id: channelId, name, created_at: date(at) })
    .execute()
  for (const alias of aliases) await add(trx, channelId, id, alias, at)
}

/** Meta said that one client goes on under other aliases. */
async function move(
  trx: Trx,
  after: Aftermath,
  channelId: string,
  { from, to, wamid }: Extract<IdentityWork, { is: 'move' }>,
  at: Instant,
): Promise<Settled> {
  const owner = await lockOwners(trx, channelId, [...from, ...to])
  const told = await sql`SELECT 1 FROM message WHERE channel_id = ${channelId} AND wamid = ${wamid}`.execute(trx)
  if (told.rows.length > 0) return 'old-news'
  let client = from.map(owner).find((found) => found !== null) ?? null
  if (client === null) return 'settled'
  for (const other of distinct(to.map(owner))) {
    if (other.id !== client.id) client = await join(trx, after, client, other, at)
  }
  // A user id is made anew with each change of number, and a phone that is not told is no longer known: whatever Meta
  // does not repeat belongs to the past.
  const { rows: had } = await sql<{ kind: AliasKind; value: string }>`
    SELECT kind, value FROM client_alias WHERE client_id = ${client.id}`.execute(trx)
  for (const alias of had) {
    if (!to.some((told) => told.kind === alias.kind && told.value === alias.value))
      await drop(trx, channelId, alias, 'changed', at)
  }
  for (const alias of to) {
    const has = had.some((known) => known.kind === alias.kind && known.value === alias.value)
    if (!has) await add(trx, channelId, client.id, alias, at)
  }
  await keepBans(trx, had, to)
  await redirect(trx, after, client.id, to, at)
  return 'settled'
}

/** The open session's answers go to the new address from here on, and its timeline says so. */
async function redirect(
  trx: Trx,
  after: Aftermath,
  clientId: string,
  to: readonly Alias[],
  at: Instant,
): Promise<void> {
  const target = destination(to)
  const { rows } = await sql<{ id: string; rev: number; destination_kind: string; destination: string }>`
    SELECT id, rev, destination_kind, destination FROM session WHERE client_id = ${clientId} AND ended_at IS NULL FOR UPDATE`.execute(
    trx,
  )
  const session = rows[0]
  if (session === undefined || target === null) return
  if (session.destination_kind === target.kind && session.destination === target.value) return
  const rev = await updateSession(trx, after, session, { destination_kind: target.kind, destination: target.value })
  const evidence: JsonObject = { from: session.destination_kind, to: target.kind }
  await recordEvent(trx, session.id, { rev, at, actor: META, kind: 'clientMoved', evidence })
}

/** Two clients are one: who is being talked to goes on, else the older one. */
async function join(trx: Trx, after: Aftermath, a: Owner, b: Owner, at: Instant): Promise<Owner> {
  const open = await openSessions(trx, [a.id, b.id])
  const side = (owner: Owner) => ({ ...owner, hasOperator: open.get(owner.id)?.operator_id != null })
  const { survives, joins } = survivor(side(a), side(b))
  await sql`
    INSERT INTO client_alias_history (id, channel_id, kind, value, client_id, valid_from, valid_to, reason)
    SELECT gen_random_uuid(), channel_id, kind, value, client_id, valid_from, ${date(at)}, 'joined' FROM client_alias
     WHERE client_id = ${joins}`.execute(trx)
  await sql`UPDATE client_alias SET client_id = ${survives}, source = 'joined' WHERE client_id = ${joins}`.execute(trx)
  await sql`
    UPDATE client s SET name = coalesce(s.name, j.name), contact_id = coalesce(s.contact_id, j.contact_id), rev = greatest(s.rev, j.rev) + 1,
           window_message_id = CASE WHEN j.window_expires_at > coalesce(s.window_expires_at, '-infinity') THEN j.window_message_id ELSE s.window_message_id END,
           window_expires_at = greatest(s.window_expires_at, j.window_expires_at)
      FROM client j WHERE s.id = ${survives} AND j.id = ${joins}`.execute(trx)
  await sql`UPDATE client SET joined_into = ${survives} WHERE id = ${joins} OR joined_into = ${joins}`.execute(trx)
  await joinSessions(trx, after, survives, joins, open, at)
  return survives === a.id ? a : b
}

interface Open {
  id: string
  rev: number
  client_id: string
  phase: 'queued' | 'active' | 'wrapUp'
  operator_id: string | null
  group_id: string | null
  offer_operator_id: string | null
  unread: number
  waiting_since: Date | null
}

async function openSessions(trx: Trx, clientIds: readonly string[]): Promise<ReadonlyMap<string, Open>> {
  const { rows } = await sql<Open>`
    SELECT s.id, s.rev, s.client_id, s.phase, s.operator_id, s.group_id, s.unread, s.waiting_since, o.operator_id AS offer_operator_id
      FROM session s LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL
     WHERE s.client_id = ANY (${clientIds}::uuid[]) AND s.ended_at IS NULL
     ORDER BY s.id FOR UPDATE OF s`.execute(trx)
  return new Map(rows.map((row) => [row.client_id, row]))
}

async function joinSessions(
  trx: Trx,
  after: Aftermath,
  survives: string,
  joins: string,
  open: ReadonlyMap<string, Open>,
  at: Instant,
): Promise<void> {
  const kept = open.get(survives)
  const other = open.get(joins)
  if (other === undefined) return
  if (kept === undefined) {
    // Only the joining side is being served or waits: its session goes on under the survivor.
    await sql`UPDATE session SET client_id = ${survives} WHERE id = ${other.id}`.execute(trx)
    const rev = await updateSession(trx, after, other, {})
    await recordEvent(trx, other.id, {
      rev,
      at,
      actor: META,
      kind: 'clientJoined',
      evidence: { clientId: survives, joined: joins },
    })
    // The window of both is the client's now.
    await ring(trx, after, other.id, at)
    return
  }
  await sql`UPDATE offer SET closed_at = ${date(at)}, outcome = 'joined' WHERE session_id = ${other.id} AND closed_at IS NULL`.execute(
    trx,
  )
  const before = {
    phase: other.phase,
    groupId: other.group_id,
    operatorId: other.operator_id,
    offerOperatorId: other.offer_operator_id,
  }
  const patch = { phase: 'ended', ended_at: date(at), end_reason: 'joined' as const, next_id: kept.id, bell_on: false }
  const ended = await updateSession(trx, after, other, patch, before)
  await recordEvent(trx, other.id, {
    rev: ended,
    at,
    actor: META,
    kind: 'ended',
    evidence: { reason: 'joined', into: kept.id },
  })
  await ring(trx, after, other.id, at)
  // Whatever the client still waits for there is waited for here.
  const waiting = [kept.waiting_since, other.waiting_since]
    .filter((since) => since !== null)
    .sort((x, y) => x.getTime() - y.getTime())
  // Nor does it end unanswered: what was not over there makes a wrap-up here an active session again.
  const reactivated = kept.phase === 'wrapUp' && other.phase !== 'wrapUp'
  const rev = await updateSession(trx, after, kept, {
    unread: kept.unread + other.unread,
    waiting_since: waiting[0] ?? null,
    ...(reactivated ? { phase: 'active', wrap_up_at: null, end_reason: null } : {}),
  })
  await recordEvent(trx, kept.id, {
    rev,
    at,
    actor: META,
    kind: 'clientJoined',
    evidence: { joined: joins, sessionId: other.id, reactivated },
  })
  await ring(trx, after, kept.id, at)
}

async function drop(trx: Trx, channelId: string, alias: Alias, reason: string, at: Instant): Promise<void> {
  await sql`
    WITH gone AS (DELETE FROM client_alias WHERE channel_id = ${channelId} AND kind = ${alias.kind} AND value = ${alias.value}
                  RETURNING channel_id, kind, value, client_id, valid_from)
    INSERT INTO client_alias_history (id, channel_id, kind, value, client_id, valid_from, valid_to, reason)
    SELECT gen_random_uuid(), channel_id, kind, value, client_id, valid_from, ${date(at)}, ${reason} FROM gone`.execute(
    trx,
  )
}

async function add(trx: Trx, channelId: string, clientId: string, alias: Alias, at: Instant): Promise<void> {
  const { numAffectedRows } = await sql`
    INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
    VALUES (${channelId}, ${alias.kind}, ${alias.value}, ${clientId}, ${date(at)}, 'webhook') ON CONFLICT DO NOTHING`.execute(
    trx,
  )
  // Somebody else was first with it: who is who has to be asked anew.
  if (numAffectedRows !== 1n) throw new Repeat()
}

const distinct = (owners: readonly (Owner | null)[]): readonly Owner[] => [
  ...new Map(owners.filter((owner) => owner !== null).map((owner) => [owner.id, owner])).values(),
]
