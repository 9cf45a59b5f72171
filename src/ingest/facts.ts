// What a batch of items has to know of the database before anything is decided, in two round trips: who the items are
// about, and then, with those clients locked, how they and their sessions stand.
import type { Client as PgClient } from 'pg'
import type { AttemptState } from '../domain/delivery.ts'
import { destination } from '../domain/identity.ts'
import { settingsFrom } from '../domain/settings.ts'
import type { Alias, AliasKind, Instant, Phase } from '../domain/words.ts'

export interface ChannelFacts {
  readonly id: string
  readonly phoneNumberId: string
  readonly groupId: string
}

export interface AliasFacts {
  readonly channelId: string
  readonly kind: AliasKind
  readonly value: string
  readonly clientId: string
  readonly clientHasBsuid: boolean
}

export interface ClientFacts {
  readonly id: string
  readonly channelId: string
  readonly joinedInto: string | null
  readonly aliases: readonly Alias[]
  name: string | null
  rev: number
  windowUntil: Instant | null
  windowMessageId: string | null
}

export interface SessionFacts {
  readonly id: string
  readonly clientId: string
  readonly channelId: string
  phase: Phase
  rev: number
  lastSeq: number
  lastInSeq: number
  unread: number
  waitingSince: Instant | null
  lastMessageId: string | null
  lastMessageAt: Instant
  bellOn: boolean
  awaitsClient: boolean
  wrapUpAt: Instant | null
  endReason: string | null
  readonly ended: boolean
}

export interface KnownMessage {
  readonly id: string
  readonly channelId: string
  readonly wamid: string
  readonly kind: string
  readonly sessionId: string | null
  readonly sessionOpen: boolean
  readonly seq: number | null
}

export interface AttemptFacts {
  readonly id: string
  readonly channelId: string
  readonly messageId: string
  readonly sessionId: string
  readonly clientId: string
  wamid: string | null
  state: AttemptState
  newest: boolean
  reachedAnyway: boolean
}

export interface Located {
  readonly channels: ReadonlyMap<string, ChannelFacts>
  /** The setting `queueTime`, in seconds. */
  readonly queueTime: number
  readonly aliases: readonly AliasFacts[]
  /** Messages that are there already (`wamidKey`): whatever they say of their client was said before. */
  readonly known: ReadonlySet<string>
  readonly attempts: readonly {
    readonly id: string
    readonly wamid: string | null
    readonly channelId: string
    readonly clientId: string
  }[]
}

export interface RawRow {
  readonly id: string
  readonly receivedAt: Instant
  readonly body: Buffer
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const uuidOf = (text: string | null): string | null => (text !== null && UUID.test(text) ? text : null)

export interface WamidKey {
  readonly phoneNumberId: string
  readonly wamid: string
}
export const wamidKey = (phoneNumberId: string, wamid: string): string => `${phoneNumberId}\n${wamid}`

/** First round trip: begins, keeps the raw bodies, and finds out who and what the items name. */
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
                   JOIN message m ON m.channel_id = c.id AND m.wamid = k.wamid AND m.superseded_by IS NULL AND m.kind <> 'ghost'`,
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

export interface NewClient {
  readonly id: string
  readonly channelId: string
  readonly name: string | null
}

export interface NewAlias {
  readonly channelId: string
  readonly alias: Alias
  readonly clientId: string
}

export interface Locked {
  readonly clients: ReadonlyMap<string, ClientFacts>
  /** By id: the newest session of each client, and those of the attempts. */
  readonly sessions: ReadonlyMap<string, SessionFacts>
  /** By client: its newest session, ended or not. */
  readonly lastSessions: ReadonlyMap<string, string>
  readonly messages: readonly KnownMessage[]
  readonly attempts: ReadonlyMap<string, AttemptFacts>
}

/** A concurrent transaction was first with the same client: look again, and `wait` for the lock where that is why. */
export class LookAgain extends Error {
  readonly wait: boolean

  constructor({ wait = false } = {}) {
    super('a concurrent transaction changed who is who')
    this.wait = wait
  }
}

const at = (date: Date | null): Instant | null => (date === null ? null : date.getTime())

/** Second round trip: adds who is new, locks the clients (the mutexes), and reads how they stand. */
export async function lockAndRead(
  pg: PgClient,
  now: Instant,
  make: { clients: readonly NewClient[]; aliases: readonly NewAlias[] },
  want: {
    clientIds: readonly string[]
    wamids: readonly { channelId: string; wamid: string }[]
    attemptIds: readonly string[]
    wait: boolean
  },
): Promise<Locked> {
  const work: Promise<unknown>[] = []
  let added: Promise<{ rowCount: number | null }> | null = null
  if (make.clients.length > 0) {
    work.push(
      pg.query({
        name: 'ingest-new-clients',
        text: `INSERT INTO client (id, channel_id, name, created_at)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n(id, channel_id, name), (SELECT $4::timestamptz) AS t`,
        values: [
          make.clients.map((c) => c.id),
          make.clients.map((c) => c.channelId),
          make.clients.map((c) => c.name),
          new Date(now),
        ],
      }),
    )
  }
  if (make.aliases.length > 0) {
    // In one order everywhere, so that two batches with the same newcomers cannot deadlock.
    const sorted = [...make.aliases].sort((a, b) => (aliasKey(a) < aliasKey(b) ? -1 : 1))
    added = pg.query({
      name: 'ingest-new-aliases',
      text: `INSERT INTO client_alias (channel_id, kind, value, client_id, valid_from, source)
             SELECT n.*, $5::timestamptz, 'webhook' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS n(channel_id, kind, value, client_id)
             ON CONFLICT DO NOTHING`,
      values: [
        sorted.map((a) => a.channelId),
        sorted.map((a) => a.alias.kind),
        sorted.map((a) => a.alias.value),
        sorted.map((a) => a.clientId),
        new Date(now),
      ],
    })
    work.push(added)
  }
  if (want.wait) work.push(pg.query("SET LOCAL lock_timeout = '1s'"))
  const clients = pg.query<ClientRow>({
    name: want.wait ? 'ingest-lock-wait' : 'ingest-lock',
    text: `WITH locked AS (
             SELECT id, channel_id, name, rev, window_expires_at, window_message_id, joined_into FROM client
              WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE ${want.wait ? '' : 'SKIP LOCKED'})
           SELECT * FROM locked`,
    values: [want.clientIds],
  })
  // Read after the lock, in statements of their own: they must see what the last holder of the lock committed.
  const aliases = pg.query<{ client_id: string; kind: AliasKind; value: string }>({
    name: 'ingest-client-aliases',
    text: 'SELECT client_id, kind, value FROM client_alias WHERE client_id = ANY ($1::uuid[])',
    values: [want.clientIds],
  })
  const sessions = pg.query<SessionRow>({
    name: 'ingest-sessions',
    text: `WITH wanted AS (
             SELECT n.id, true AS newest FROM unnest($1::uuid[]) AS k(client_id)
               JOIN LATERAL (SELECT id FROM session WHERE client_id = k.client_id ORDER BY started_at DESC, id DESC LIMIT 1) n ON true
             UNION ALL SELECT id, false FROM session WHERE client_id = ANY ($1::uuid[]) AND ended_at IS NULL
             UNION ALL SELECT session_id, false FROM attempt WHERE id = ANY ($2::uuid[]))
           SELECT s.id, client_id, channel_id, phase, rev, last_seq, last_in_seq, unread, waiting_since, last_message_id,
                  last_message_at, bell_on, awaits_client, wrap_up_at, end_reason, ended_at, w.newest
             FROM (SELECT id, bool_or(newest) AS newest FROM wanted GROUP BY id) w JOIN session s USING (id)`,
    values: [want.clientIds, want.attemptIds],
  })
  const messages =
    want.wamids.length === 0
      ? null
      : pg.query<{
          id: string
          channel_id: string
          wamid: string
          kind: string
          session_id: string | null
          seq: number | null
          open: boolean
        }>({
          name: 'ingest-wamids',
          text: `SELECT m.id, m.channel_id, m.wamid, m.kind, m.session_id, m.seq,
                        coalesce((SELECT s.ended_at IS NULL FROM session s WHERE s.id = m.session_id), false) AS open
                   FROM unnest($1::uuid[], $2::text[]) AS k(channel_id, wamid)
                  CROSS JOIN LATERAL (SELECT * FROM message m WHERE m.channel_id = k.channel_id AND m.wamid = k.wamid
                                         AND m.superseded_by IS NULL LIMIT 1) m`,
          values: [want.wamids.map((w) => w.channelId), want.wamids.map((w) => w.wamid)],
        })
  const attempts =
    want.attemptIds.length === 0
      ? null
      : pg.query<AttemptRow>({
          name: 'ingest-attempt-states',
          text: `SELECT a.id, a.channel_id, a.message_id, a.session_id, s.client_id, a.wamid, a.state, a.reached_anyway,
                        NOT EXISTS (SELECT 1 FROM attempt n WHERE n.message_id = a.message_id AND n.no > a.no) AS newest
                   FROM attempt a JOIN session s ON s.id = a.session_id WHERE a.id = ANY ($1::uuid[])`,
          values: [want.attemptIds],
        })
  await all([
    ...work,
    clients,
    aliases,
    sessions,
    ...(messages === null ? [] : [messages]),
    ...(attempts === null ? [] : [attempts]),
  ])
  if (added !== null && (await added).rowCount !== make.aliases.length) throw new LookAgain()

  const rows = (await sessions).rows
  const found = (await clients).rows
  const held = new Set(found.map((row) => row.id))
  // An alias may be learned only under its client's lock: two batches would each teach a client another BSUID.
  if (make.aliases.some((alias) => !held.has(alias.clientId))) throw new LookAgain({ wait: true })
  const aliasesOf = Map.groupBy((await aliases).rows, (row) => row.client_id)
  return {
    clients: new Map(
      found.map((row) => {
        const own = aliasesOf.get(row.id) ?? []
        return [
          row.id,
          clientOf(
            row,
            own.map(({ kind, value }) => ({ kind, value })),
          ),
        ]
      }),
    ),
    sessions: new Map(rows.map((row) => [row.id, sessionOf(row)])),
    lastSessions: new Map(rows.filter((row) => row.newest).map((row) => [row.client_id, row.id])),
    messages: ((await messages)?.rows ?? []).map((row) => ({
      id: row.id,
      channelId: row.channel_id,
      wamid: row.wamid,
      kind: row.kind,
      sessionId: row.session_id,
      sessionOpen: row.open,
      seq: row.seq,
    })),
    attempts: new Map(
      ((await attempts)?.rows ?? []).map((row) => [
        row.id,
        {
          id: row.id,
          channelId: row.channel_id,
          messageId: row.message_id,
          sessionId: row.session_id,
          clientId: row.client_id,
          wamid: row.wamid,
          state: row.state,
          newest: row.newest,
          reachedAnyway: row.reached_anyway,
        },
      ]),
    ),
  }
}

/** Waits for all of a round trip, then throws its first error: what follows an error fails only because of it. */
export async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const settled = await Promise.allSettled(work)
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

const aliasKey = (a: NewAlias): string => `${a.channelId}\n${a.alias.kind}\n${a.alias.value}`

interface ClientRow {
  id: string
  channel_id: string
  name: string | null
  rev: number
  window_expires_at: Date | null
  window_message_id: string | null
  joined_into: string | null
}

interface SessionRow {
  id: string
  client_id: string
  channel_id: string
  phase: Phase
  rev: number
  last_seq: number
  last_in_seq: number
  unread: number
  waiting_since: Date | null
  last_message_id: string | null
  last_message_at: Date
  bell_on: boolean
  awaits_client: boolean
  wrap_up_at: Date | null
  end_reason: string | null
  ended_at: Date | null
  newest: boolean
}

interface AttemptRow {
  id: string
  channel_id: string
  message_id: string
  session_id: string
  client_id: string
  wamid: string | null
  state: AttemptState
  newest: boolean
  reached_anyway: boolean
}

const clientOf = (row: ClientRow, aliases: readonly Alias[]): ClientFacts => ({
  id: row.id,
  channelId: row.channel_id,
  joinedInto: row.joined_into,
  aliases,
  name: row.name,
  rev: row.rev,
  windowUntil: at(row.window_expires_at),
  windowMessageId: row.window_message_id,
})

const sessionOf = (row: SessionRow): SessionFacts => ({
  id: row.id,
  clientId: row.client_id,
  channelId: row.channel_id,
  phase: row.phase,
  rev: row.rev,
  lastSeq: row.last_seq,
  lastInSeq: row.last_in_seq,
  unread: row.unread,
  waitingSince: at(row.waiting_since),
  lastMessageId: row.last_message_id,
  lastMessageAt: row.last_message_at.getTime(),
  bellOn: row.bell_on,
  awaitsClient: row.awaits_client,
  wrapUpAt: at(row.wrap_up_at),
  endReason: row.end_reason,
  ended: row.ended_at !== null,
})

export const destinationOf = (client: ClientFacts): Alias | null => destination(client.aliases)
