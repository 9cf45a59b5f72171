// Whether somebody is there. They say so themselves; it holds as long as its lease: for who has no live connection 15
// minutes from the last request, for who had one 60 seconds from the end of the last. The row is shared by all
// services: whichever holds a connection renews the lease, and whichever finds it lapsed says "offline".
import { sql } from 'kysely'
import { isAway } from '../db/errors.ts'
import type { Instant } from '../domain/words.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../sessions/changes.ts'
import type { Ctx } from '../sessions/context.ts'
import { iso } from './views/common.ts'
import type { PresenceState, PresenceView } from './views/presence.ts'

export const REQUEST_LEASE_MS = 15 * 60_000
export const SOCKET_LEASE_MS = 60_000
/** A lease that hangs on a connection is renewed when this much of it is left. */
const RENEW_AT_MS = 40_000
/** Requests are noted at most this often. */
const TOUCH_EVERY_MS = 5_000

interface Row {
  state: PresenceState
  reason: string | null
  since: Date
}

const OFFLINE: PresenceView = { status: 'offline', reason: null, since: null }

export class Presence {
  readonly #ctx: Ctx
  readonly #sockets = new Map<string, number>()
  readonly #touched = new Map<string, Instant>()
  #leasedUntil: Instant = 0

  constructor(ctx: Ctx) {
    this.#ctx = ctx
  }

  async of(userId: string): Promise<PresenceView> {
    const { rows } = await sql<Row>`
      SELECT state, reason, since FROM presence
       WHERE user_id = ${userId} AND lease_until > ${this.#now()}`.execute(this.#ctx.db)
    const row = rows[0]
    return row === undefined ? OFFLINE : { status: row.state, reason: row.reason, since: iso(row.since) }
  }

  /** What somebody says of themselves. Without a lease that still runs it begins a new one, from this request. */
  async set(userId: string, status: PresenceState, reason: string | null): Promise<void> {
    const now = this.#now()
    const why = status === 'away' ? reason : null
    await this.#told(sql`
      INSERT INTO presence AS p (user_id, state, reason, since, lease_until, by_socket)
      VALUES (${userId}, ${status}, ${why}, ${now}, ${this.#in(REQUEST_LEASE_MS)}, false)
      ON CONFLICT (user_id) DO UPDATE SET
        state = excluded.state, reason = excluded.reason,
        since = CASE WHEN p.state = excluded.state AND p.lease_until > ${now} THEN p.since ELSE excluded.since END,
        by_socket = p.by_socket AND p.lease_until > ${now},
        lease_until = CASE WHEN p.by_socket AND p.lease_until > ${now} THEN p.lease_until ELSE excluded.lease_until END
      RETURNING p.user_id`)
  }

  /** Whoever signs in is online, unless they are there already and say otherwise. */
  async signedIn(userId: string): Promise<void> {
    if ((await this.of(userId)).status === 'offline') await this.set(userId, 'online', null)
  }

  /** Somebody asked something: for who has no connection the lease runs anew. */
  touch(userId: string): void {
    const at = this.#ctx.clock.now()
    if (this.#sockets.has(userId) || at - (this.#touched.get(userId) ?? 0) < TOUCH_EVERY_MS) return
    this.#touched.set(userId, at)
    // Best effort: what the database refuses now, the next request asks again.
    sql`
      UPDATE presence SET lease_until = ${this.#in(REQUEST_LEASE_MS)}
       WHERE user_id = ${userId} AND NOT by_socket AND state <> 'offline' AND lease_until > ${this.#now()}`
      .execute(this.#ctx.db)
      .catch(() => this.#touched.delete(userId))
  }

  async opened(userId: string): Promise<void> {
    this.#sockets.set(userId, (this.#sockets.get(userId) ?? 0) + 1)
    const now = this.#now()
    // Whose lease has lapsed is said to be offline first: afterwards no sweep would find it.
    await this.#told(this.#lapsed(sql`AND user_id = ${userId}`))
    await sql`
      INSERT INTO presence AS p (user_id, state, since, lease_until, by_socket)
      VALUES (${userId}, 'offline', ${now}, ${this.#in(SOCKET_LEASE_MS)}, true)
      ON CONFLICT (user_id) DO UPDATE SET lease_until = excluded.lease_until, by_socket = true`.execute(this.#ctx.db)
  }

  /** Another service that holds a connection of theirs renews the lease before it lapses. */
  async closed(userId: string): Promise<void> {
    const left = (this.#sockets.get(userId) ?? 1) - 1
    if (left > 0) {
      this.#sockets.set(userId, left)
      return
    }
    this.#sockets.delete(userId)
    await sql`
      UPDATE presence SET lease_until = ${this.#in(SOCKET_LEASE_MS)}
       WHERE user_id = ${userId} AND by_socket`.execute(this.#ctx.db)
  }

  /** Renews the leases of the connections held here; called every second, writes every twenty. */
  async renew(): Promise<void> {
    const now = this.#ctx.clock.now()
    if (this.#sockets.size === 0 || this.#leasedUntil - now > RENEW_AT_MS) return
    this.#leasedUntil = now + SOCKET_LEASE_MS
    try {
      await sql`
        UPDATE presence SET lease_until = ${new Date(this.#leasedUntil)}, by_socket = true
         WHERE user_id = ANY (${[...this.#sockets.keys()]}::uuid[])`.execute(this.#ctx.db)
    } catch (error) {
      this.#leasedUntil = 0
      if (!isAway(error)) throw error
    }
  }

  /** Says "offline" of everybody whose lease has lapsed. */
  async sweep(): Promise<void> {
    await this.renew()
    await this.#told(this.#lapsed(sql``))
  }

  #lapsed(which: ReturnType<typeof sql>): ReturnType<typeof sql> {
    return sql`
      UPDATE presence SET state = 'offline', reason = NULL, since = lease_until, by_socket = false
       WHERE state <> 'offline' AND lease_until <= ${this.#now()} ${which} RETURNING user_id`
  }

  async #told(change: ReturnType<typeof sql>): Promise<void> {
    const { db, bus } = this.#ctx
    await db.transaction().execute(async (trx) => {
      const { rows } = await (change as ReturnType<typeof sql<{ user_id: string }>>).execute(trx)
      if (rows.length === 0) return
      const notices = rows.map(({ user_id }) =>
        JSON.stringify({ from: bus.processId, presence: user_id } satisfies LiveNotice),
      )
      await sql`SELECT pg_notify(${LIVE_CHANNEL}, notice) FROM unnest(${notices}::text[]) AS notice`.execute(trx)
    })
  }

  #now(): Date {
    return new Date(this.#ctx.clock.now())
  }

  #in(ms: number): Date {
    return new Date(this.#ctx.clock.now() + ms)
  }
}
