// The first round trip of a batch: it begins the transaction, keeps the raw bodies, and finds out who and what the items
// name. Nothing is locked yet, so everything is asked again under the locks (lock.ts).
import type { Client as PgClient } from 'pg'
import { type Statement, Trip } from '../db/trip.ts'
import { settingsFrom } from '../domain/settings.ts'
import type { Alias, AliasKind } from '../domain/words.ts'
import { knownMessageOf, type Located, type MessageRow, type RawRow, type WamidKey, wamidKey } from './facts.ts'

export async function locate(
  pg: PgClient,
  raws: readonly RawRow[],
  keys: {
    phoneNumberIds: readonly string[]
    aliases: readonly { phoneNumberId: string; alias: Alias }[]
    messages: readonly WamidKey[]
    statuses: readonly WamidKey[]
    opaques: readonly string[]
  },
): Promise<Located> {
  const trip = new Trip(pg)
  trip.ask(BEGIN)
  if (raws.length > 0) keep(trip, raws)
  const channels = trip.ask<ChannelRow>(CHANNELS, [keys.phoneNumberIds])
  const aliases = trip.ask<AliasRow>(ALIASES, [
    keys.phoneNumberIds,
    keys.aliases.map((key) => key.phoneNumberId),
    keys.aliases.map((key) => key.alias.kind),
    keys.aliases.map((key) => key.alias.value),
  ])
  const attempts =
    keys.statuses.length + keys.opaques.length === 0
      ? null
      : trip.ask<{ id: string; wamid: string | null; channel_id: string; client_id: string }>(ATTEMPTS, [
          keys.statuses.map((key) => key.phoneNumberId),
          keys.statuses.map((key) => key.wamid),
          keys.opaques,
        ])
  const known =
    keys.messages.length === 0
      ? null
      : trip.ask<MessageRow & { phone_number_id: string }>(KNOWN, [
          keys.phoneNumberIds,
          keys.messages.map((key) => key.phoneNumberId),
          keys.messages.map((key) => key.wamid),
        ])
  await trip.send()
  return {
    channels: new Map(
      channels.rows.map((row) => [
        row.phone_number_id,
        { id: row.id, phoneNumberId: row.phone_number_id, groupId: row.group_id },
      ]),
    ),
    messages: new Map(
      (known?.rows ?? []).map((row) => [wamidKey(row.phone_number_id, row.wamid), knownMessageOf(row)]),
    ),
    queueTime: settingsFrom(channels.rows.map((row) => ({ key: 'queueTime', value: row.queue_time }))).queueTime,
    aliases: aliases.rows.map((row) => ({
      channelId: row.channel_id,
      kind: row.kind,
      value: row.value,
      clientId: row.client_id,
      clientHasBsuid: row.has_bsuid,
    })),
    attempts: (attempts?.rows ?? []).map((row) => ({
      id: row.id,
      wamid: row.wamid,
      channelId: row.channel_id,
      clientId: row.client_id,
    })),
  }
}

/** The bodies travel as one, so that they need no hexadecimal and the statement is always the same. */
function keep(trip: Trip, raws: readonly RawRow[]): void {
  let end = 0
  const from = raws.map(({ body }) => {
    const start = end
    end += body.length
    return start + 1
  })
  trip.ask(KEEP, [
    raws.map((raw) => raw.id),
    raws.map((raw) => new Date(raw.receivedAt)),
    from,
    raws.map((raw) => raw.body.length),
    Buffer.concat(raws.map((raw) => raw.body)),
  ])
}

const BEGIN: Statement = { name: 'ingest-begin', text: 'BEGIN' }

const KEEP: Statement = {
  name: 'ingest-keep',
  text: `INSERT INTO webhook_raw (id, received_at, body)
         SELECT r.id, r.at, substr($5::bytea, r.start, r.length)
           FROM unnest($1::uuid[], $2::timestamptz[], $3::int[], $4::int[]) AS r(id, at, start, length)
         ON CONFLICT DO NOTHING`,
}

const CHANNELS: Statement = {
  name: 'ingest-channels',
  text: `SELECT id, phone_number_id, group_id, (SELECT value FROM setting WHERE key = 'queueTime') AS queue_time
           FROM channel WHERE phone_number_id = ANY ($1::text[])`,
}

interface ChannelRow {
  id: string
  phone_number_id: string
  group_id: string
  queue_time: unknown
}

/** Few, and looked up once: each key then finds its own among them. */
const THEIR_CHANNELS = `WITH c AS MATERIALIZED (SELECT id, phone_number_id FROM channel WHERE phone_number_id = ANY ($1::text[]))`

interface AliasRow {
  channel_id: string
  kind: AliasKind
  value: string
  client_id: string
  has_bsuid: boolean
}

const ALIASES: Statement = {
  name: 'ingest-aliases',
  text: `${THEIR_CHANNELS}
         SELECT a.channel_id, a.kind, a.value, a.client_id,
                a.kind = 'bsuid' OR coalesce((SELECT true FROM client_alias b
                                               WHERE b.client_id = a.client_id AND b.kind = 'bsuid' LIMIT 1), false) AS has_bsuid
           FROM unnest($2::text[], $3::text[], $4::text[]) AS k(pnid, kind, value)
           JOIN c ON c.phone_number_id = k.pnid
          CROSS JOIN LATERAL (SELECT * FROM client_alias a
                               WHERE a.channel_id = c.id AND a.kind = k.kind AND a.value = k.value LIMIT 1) a`,
}

const ATTEMPTS: Statement = {
  name: 'ingest-attempts',
  text: `SELECT a.id, a.wamid, a.channel_id, s.client_id
           FROM (SELECT a.id FROM unnest($1::text[], $2::text[]) AS k(pnid, wamid)
                   JOIN channel c ON c.phone_number_id = k.pnid
                  CROSS JOIN LATERAL (SELECT id FROM attempt a
                                       WHERE a.channel_id = c.id AND a.wamid = k.wamid OFFSET 0) a
                  UNION SELECT id FROM attempt WHERE id = ANY ($3::uuid[])) AS found
           JOIN attempt a USING (id)
           JOIN session s ON s.id = a.session_id`,
}

const KNOWN: Statement = {
  name: 'ingest-known',
  text: `${THEIR_CHANNELS}
         SELECT c.phone_number_id, m.id, m.channel_id, m.wamid, m.kind, m.session_id, m.seq
           FROM unnest($2::text[], $3::text[]) AS k(pnid, wamid)
           JOIN c ON c.phone_number_id = k.pnid
          CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.channel_id = c.id AND m.wamid = k.wamid
                                 AND m.superseded_by IS NULL LIMIT 1) m`,
}
