// Who is written to: found by any spelling of their number, by the client or by the contact, and locked, because the
// client is the mutex of whatever begins with them. Who is new is made only once nothing stands against it.
import { sql } from 'kysely'
import { type Database, later, type Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import type { AccessFacts } from '../domain/policy.ts'
import { type Recipient, readRecipient } from '../domain/recipient.ts'
import type { Alias, AliasKind, Instant, Phase } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from './actor.ts'
import { date } from './write.ts'

export interface Whom {
  /** Locked; null for somebody whom nobody knows yet. */
  readonly clientId: string | null
  /** Where everything of the new session goes: fixed now. */
  readonly destination: Alias
  /** Of the directory, for somebody new. */
  readonly contactId: string | null
}

/** The source of an alias that somebody typed and Meta has not told yet. */
export const TYPED = 'typed'

/** Of a joined client, whom it has become. Null: none of this number, or nobody that could be reached. */
export async function clientById(trx: Trx, channelId: string, clientId: string): Promise<Whom | null> {
  const { rows } = await sql<{ id: string }>`
    SELECT coalesce(joined_into, id) AS id FROM client WHERE id = ${clientId} AND channel_id = ${channelId}`.execute(
    trx,
  )
  const survivor = rows[0]?.id
  if (survivor === undefined) return null
  await lock(trx, survivor)
  const destination = await destinationOf(trx, survivor)
  return destination === null ? null : { clientId: survivor, destination, contactId: null }
}

export async function clientByAlias(
  trx: Trx,
  channelId: string,
  recipient: Recipient,
  contactId: string | null = null,
): Promise<Whom> {
  const known = await ownerOf(trx, channelId, recipient.candidates)
  if (known === null) return { clientId: null, destination: recipient.alias, contactId }
  await lock(trx, known)
  // Whoever held the lock may have joined or split it.
  if ((await ownerOf(trx, channelId, recipient.candidates)) !== known) throw new Repeat()
  return { clientId: known, destination: (await destinationOf(trx, known)) ?? recipient.alias, contactId: null }
}

/** The contact's client on this number who spoke last, else their first phone. Null: no such contact, or no phone. */
export async function clientOfContact(
  trx: Trx,
  channelId: string,
  contactId: string,
  country: string | null,
): Promise<Whom | null> {
  const { rows } = await sql<{ contact_id: string; client_id: string | null; phone: string | null }>`
    WITH RECURSIVE path AS (
      SELECT id, merged_into, deleted_at FROM contact WHERE id = ${contactId}
      UNION ALL
      SELECT k.id, k.merged_into, k.deleted_at FROM path p JOIN contact k ON k.id = p.merged_into
    )
    SELECT p.id AS contact_id,
           (SELECT c.id FROM client c WHERE c.contact_id = p.id AND c.channel_id = ${channelId} AND c.joined_into IS NULL
             ORDER BY c.window_expires_at DESC NULLS LAST, c.created_at DESC LIMIT 1) AS client_id,
           (SELECT v.value FROM contact_value v WHERE v.contact_id = p.id AND v.kind = 'phone'
             ORDER BY v.position LIMIT 1) AS phone
      FROM path p WHERE p.merged_into IS NULL AND p.deleted_at IS NULL`.execute(trx)
  const row = rows[0]
  if (row === undefined) return null
  if (row.client_id !== null) return clientById(trx, channelId, row.client_id)
  const recipient = row.phone === null ? null : readRecipient(row.phone, country)
  return recipient === null ? null : clientByAlias(trx, channelId, recipient, row.contact_id)
}

/** Somebody new, with the address that was typed. Where another was first with it, everything is asked anew. */
export async function makeClient(trx: Trx, channelId: string, whom: Whom, by: Actor, at: Instant): Promise<string> {
  const clientId = newId()
  const { destination, contactId } = whom
  const { numAffectedRows } = await sql`
    INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
    VALUES (${channelId}, ${destination.kind}, ${destination.value}, ${clientId}, ${date(at)}, ${TYPED})
    ON CONFLICT DO NOTHING`.execute(trx)
  if (numAffectedRows !== 1n) throw new Repeat()
  await later(
    trx,
    trx
      .insertInto('client')
      .values({ id: clientId, channel_id: channelId, contact_id: contactId, created_at: date(at) }),
  )
  if (contactId !== null) {
    await later(
      trx,
      trx.insertInto('contact_change').values({
        id: newId(),
        contact_id: contactId,
        at: date(at),
        actor_kind: by.kind,
        actor_id: by.rights.userId,
        kind: 'linked',
        detail: JSON.stringify({ clientId }),
      }),
    )
  }
  return clientId
}

async function lock(trx: Trx, clientId: string): Promise<void> {
  await sql`SELECT 1 FROM client WHERE id = ${clientId} FOR UPDATE`.execute(trx)
}

/** What Meta told comes before what somebody typed; the likelier spelling before the other. */
export async function ownerOf(
  db: Database | Trx,
  channelId: string,
  candidates: readonly Alias[],
): Promise<string | null> {
  const kind = candidates[0]?.kind ?? 'phone'
  const values = candidates.map((alias) => alias.value)
  const { rows } = await sql<{ client_id: string }>`
    SELECT a.client_id
      FROM unnest(${values}::text[]) WITH ORDINALITY AS k(value, place)
     CROSS JOIN LATERAL (SELECT client_id, source FROM client_alias a
                          WHERE a.channel_id = ${channelId} AND a.kind = ${kind} AND a.value = k.value OFFSET 0) a
     ORDER BY a.source = ${TYPED}, k.place LIMIT 1`.execute(db)
  return rows[0]?.client_id ?? null
}

/** The phone where one is known, else the BSUID; of several the one that Meta told last. */
async function destinationOf(trx: Trx, clientId: string): Promise<Alias | null> {
  const { rows } = await sql<{ kind: AliasKind; value: string }>`
    SELECT kind, value FROM client_alias WHERE client_id = ${clientId}
     ORDER BY kind DESC, source = ${TYPED}, valid_from DESC LIMIT 1`.execute(trx)
  return rows[0] ?? null
}

export interface InProgress extends AccessFacts {
  readonly id: string
  readonly rev: number
}

export interface ClientStands {
  readonly inProgress: InProgress | null
  /** The session that ended last. */
  readonly lastSessionId: string | null
  readonly channelUp: boolean
  readonly channelReason: string | null
  readonly windowUntil: Instant | null
  readonly windowMessageId: string | null
}

interface Row {
  window_expires_at: Date | null
  window_message_id: string | null
  channel_state: string
  channel_reason: string | null
  last_session_id: string | null
  id: string | null
  rev: number
  phase: Phase
  group_id: string | null
  operator_id: string | null
  offer_operator_id: string | null
}

/** How the client stands: to decide by only with its lock held. */
export async function howClientStands(
  db: Database | Trx,
  channelId: string,
  clientId: string | null,
): Promise<ClientStands> {
  const { rows } = await sql<Row>`
    SELECT c.window_expires_at, c.window_message_id, ch.state AS channel_state, ch.state_reason AS channel_reason,
           (SELECT l.id FROM session l WHERE l.client_id = c.id AND l.ended_at IS NOT NULL
             ORDER BY l.ended_at DESC, l.id DESC LIMIT 1) AS last_session_id,
           s.id, s.rev, s.phase, s.group_id, s.operator_id, o.operator_id AS offer_operator_id
      FROM channel ch
      LEFT JOIN client c ON c.id = ${clientId}::uuid
      LEFT JOIN session s ON s.client_id = c.id AND s.ended_at IS NULL
      LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL
     WHERE ch.id = ${channelId}`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('the channel is gone')
  return {
    inProgress:
      row.id === null
        ? null
        : {
            id: row.id,
            rev: row.rev,
            phase: row.phase,
            groupId: row.group_id,
            operatorId: row.operator_id,
            offerOperatorId: row.offer_operator_id,
          },
    lastSessionId: row.last_session_id,
    channelUp: row.channel_state === 'up',
    channelReason: row.channel_reason,
    windowUntil: row.window_expires_at?.getTime() ?? null,
    windowMessageId: row.window_message_id,
  }
}
