// The first round trip of a batch: it begins the transaction, keeps the raw bodies, and finds out who and what the items
// name. Nothing is locked yet, so everything is asked again under the locks (lock.ts).
import type { Client as PgClient } from 'pg'
import { settingsFrom } from '../domain/settings.ts'
import type { Alias, AliasKind } from '../domain/words.ts'
import { type Located, type RawRow, type WamidKey, wamidKey } from './facts.ts'
import { all } from './pipeline.ts'

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
  const work: Promise<unknown>[] = [pg.query('BEGIN')]
  if (raws.length > 0) {
    const values = raws
      .map((_, n) => `($${n * 3 + 1}::uuid, $${n * 3 + 2}::timestamptz, $${n * 3 + 3}::bytea)`)
      .join(', ')
    const text = `INSERT INTO webhook_raw (id, received_at, body) VALUES ${values} ON CONFLICT DO NOTHING`
    work.push(
      pg.query(
        text,
        raws.flatMap((raw) => [raw.id, new Date(raw.receivedAt), raw.body]),
      ),
    )
  }
  const channels = pg.query<{ id: string; phone_number_id: string; group_id: string }>({
    name: 'ingest-channels',
    text: 'SELECT id, phone_number_id, group_id FROM channel WHERE phone_number_id = ANY ($1::text[])',
    values: [keys.phoneNumberIds],
  })
  const aliases = pg.query<{
    channel_id: string
    kind: AliasKind
    value: string
    client_id: string
    has_bsuid: boolean
  }>({
    name: 'ingest-aliases',
    text: `SELECT a.channel_id, a.kind, a.value, a.client_id,
                  a.kind = 'bsuid' OR coalesce((SELECT true FROM client_alias b
                                                 WHERE b.client_id = a.client_id AND b.kind = 'bsuid' LIMIT 1), false) AS has_bsuid
             FROM unnest($1::text[], $2::text[], $3::text[]) AS k(pnid, kind, value)
             JOIN channel c ON c.phone_number_id = k.pnid
            CROSS JOIN LATERAL (SELECT * FROM client_alias a
                                 WHERE a.channel_id = c.id AND a.kind = k.kind AND a.value = k.value LIMIT 1) a`,
    values: [
      keys.aliases.map((key) => key.phoneNumberId),
      keys.aliases.map((key) => key.alias.kind),
      keys.aliases.map((key) => key.alias.value),
    ],
  })
  const attempts =
    keys.statuses.length + keys.opaques.length === 0
      ? null
      : pg.query<{ id: string; wamid: string | null; channel_id: string; client_id: string }>({
          name: 'ingest-attempts',
          text: `SELECT a.id, a.wamid, a.channel_id, s.client_id
                   FROM (SELECT a.id FROM unnest($1::text[], $2::text[]) AS k(pnid, wamid)
                           JOIN channel c ON c.phone_number_id = k.pnid
                          CROSS JOIN LATERAL (SELECT id FROM attempt a
                                               WHERE a.channel_id = c.id AND a.wamid = k.wamid OFFSET 0) a
                          UNION SELECT id FROM attempt WHERE id = ANY ($3::uuid[])) AS found
                   JOIN attempt a USING (id)
                   JOIN session s ON s.id = a.session_id`,
          values: [keys.statuses.map((key) => key.phoneNumberId), keys.statuses.map((key) => key.wamid), keys.opaques],
        })
  const known =
    keys.messages.length === 0
      ? null
      : pg.query<{ phone_number_id: string; wamid: string }>({
          name: 'ingest-known',
          text: `SELECT c.phone_number_id, m.wamid FROM unnest($1::text[], $2::text[]) AS k(pnid, wamid)
                   JOIN channel c ON c.phone_number_id = k.pnid
                  CROSS JOIN LATERAL (SELECT m.wamid, m.kind FROM message m WHERE m.channel_id = c.id AND m.wamid = k.wamid
                                         AND m.superseded_by IS NULL LIMIT 1) m
                  WHERE m.kind <> 'ghost'`,
          values: [keys.messages.map((key) => key.phoneNumberId), keys.messages.map((key) => key.wamid)],
        })
  const settings = pg.query<{ key: string; value: unknown }>({
    name: 'ingest-settings',
    text: `SELECT key, value FROM setting WHERE key = 'queueTime'`,
  })
  await all([
    ...work,
    channels,
    aliases,
    ...(attempts === null ? [] : [attempts]),
    ...(known === null ? [] : [known]),
    settings,
  ])
  return {
    channels: new Map(
      (await channels).rows.map((row) => [
        row.phone_number_id,
        { id: row.id, phoneNumberId: row.phone_number_id, groupId: row.group_id },
      ]),
    ),
    known: new Set(((await known)?.rows ?? []).map((row) => wamidKey(row.phone_number_id, row.wamid))),
    queueTime: settingsFrom((await settings).rows).queueTime,
    aliases: (await aliases).rows.map((row) => ({
      channelId: row.channel_id,
      kind: row.kind,
      value: row.value,
      clientId: row.client_id,
      clientHasBsuid: row.has_bsuid,
    })),
    attempts: ((await attempts)?.rows ?? []).map((row) => ({
      id: row.id,
      wamid: row.wamid,
      channelId: row.channel_id,
      clientId: row.client_id,
    })),
  }
}
