// The live view: every commit that changes what somebody sees is pushed to all who may see it, by the policy, at the
// moment of writing. This process's own commits come straight from the bus, those of others through one LISTEN.
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { type Who, type WhoNow, whoNow } from '../../auth/identify.ts'
import { isAway } from '../../db/errors.ts'
import { factsOfSession } from '../../db/queries/access.ts'
import { maySee, type Rights } from '../../domain/policy.ts'
import type { Instant } from '../../domain/words.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../../sessions/changes.ts'
import type { Ctx } from '../../sessions/context.ts'
import type { Presence } from '../presence.ts'
import { loadChannels, maySeeChannel } from '../views/channel.ts'
import { isoOf } from '../views/common.ts'
import { Connection } from './connection.ts'
import { CLOSE } from './frames.ts'
import { NoticeListener } from './listener.ts'
import { encode, type Noticed, Pusher, type Pushes, widened } from './push.ts'

const BEAT_MS = 30_000
const RENEW_MS = 1_000
/** Rights and sign-ins are looked at again even where nobody said that they changed. */
const RECHECK_MS = 60_000
const SESSIONS_AT_ONCE = 200
const AGAIN_MS = 200

export interface LiveHubOptions {
  readonly ctx: Ctx
  readonly presence: Presence
  readonly databaseUrl: string
  readonly log: Logger
}

export class LiveHub {
  readonly #ctx: Ctx
  readonly #presence: Presence
  readonly #log: Logger
  readonly #listener: NoticeListener
  readonly #pusher: Pusher
  readonly #connections = new Set<Connection>()
  /** For those whose sign-in or token ends before all are looked at again. */
  readonly #ends = new Map<Connection, NodeJS.Timeout>()
  readonly #dirty = new Map<string, Noticed | null>()
  readonly #dirtyClients = new Map<string, Noticed>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #unsubscribe: (() => void)[] = []
  #pushing: Promise<void> | null = null
  #closed = false

  constructor({ ctx, presence, databaseUrl, log }: LiveHubOptions) {
    this.#ctx = ctx
    this.#presence = presence
    this.#log = log
    this.#pusher = new Pusher(ctx.byKey)
    this.#listener = new NoticeListener(databaseUrl, {
      heard: (notice) => this.#heard(notice),
      lost: () => this.#closeAll(),
    })
  }

  /** Connections are only welcome while nothing can be missed. */
  get ready(): boolean {
    return this.#listener.listens && !this.#closed
  }

  /** Those that are still told something; not those that it parts from. */
  get sockets(): number {
    return [...this.#connections].filter((connection) => connection.open).length
  }

  async start(): Promise<void> {
    const { bus } = this.#ctx
    this.#unsubscribe.push(
      bus.on((changes) => this.#changed(changes.map(({ sessionId, rev }) => [sessionId, rev] as const))),
      bus.onClients((changes) => this.#clientsChanged(changes.map(({ clientId, rev }) => [clientId, rev] as const))),
      bus.onChannel((channelId) => this.#run(this.#channelChanged(channelId))),
      bus.onCards((channelId) => this.#run(this.#tellChannel(channelId))),
    )
    await this.#listener.start()
    this.#every(BEAT_MS, async () => {
      for (const connection of this.#connections) connection.beat()
    })
    this.#every(RENEW_MS, () => this.#presence.renew())
    this.#every(RECHECK_MS, async () => {
      for (const connection of [...this.#connections]) await this.#recheck([connection])
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#closeAll()
    await this.#listener.close()
    await this.#pushing
  }

  /** Takes over a socket whose request has been let in. The rights are read anew, so that none slips through between. */
  async join(ws: WebSocket, who: Who): Promise<void> {
    const connection = new Connection(ws, who)
    const { userId } = connection
    this.#connections.add(connection)
    const opened = this.#presence.opened(userId)
    ws.on('close', () => {
      this.#connections.delete(connection)
      this.#endsAt(connection, null)
      this.#run(opened.catch(() => {}).then(() => this.#presence.closed(userId)))
    })
    this.#run(opened)
    const now = await this.#rightsOf(connection).catch(() => undefined)
    if (now === undefined || !this.ready) connection.close(CLOSE.restart, 'come back')
    else if (now === null) connection.close(CLOSE.signedOut, 'signed out')
    else {
      connection.rights = now.actor.rights
      this.#endsAt(connection, now.until)
      connection.send(encode({ type: 'hello', serverTime: isoOf(this.#ctx.clock.now()) }))
    }
  }

  /** Read again where they were said to change meanwhile: of two answers under way, the older may come last. */
  async #rightsOf(connection: Connection): Promise<WhoNow | null> {
    for (;;) {
      const { asked } = connection
      const now = await whoNow(this.#ctx.byKey, connection.by, this.#ctx.clock.now())
      if (asked === connection.asked) return now
    }
  }

  /** Somebody writes an answer; told to all others who may see the session. */
  async typing(sessionId: string, userId: string): Promise<void> {
    const notice: LiveNotice = { from: this.#ctx.bus.processId, typing: [sessionId, userId] }
    await sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`.execute(this.#ctx.db)
  }

  // --- what is heard ------------------------------------------------------------------------------------------------

  #heard(notice: LiveNotice): void {
    // Told to this process by its own bus already, and sooner.
    const own = notice.from === this.#ctx.bus.processId
    if ('changes' in notice) {
      if (own) return
      this.#changed(notice.changes)
      this.#clientsChanged(notice.clients ?? [])
    } else if ('resync' in notice) {
      if (!own) this.#resync()
    } else if ('channel' in notice) {
      if (!own) this.#run(this.#channelChanged(notice.channel))
    } else if ('templates' in notice) {
      if (!own) this.#run(this.#tellChannel(notice.templates))
    } else if ('rights' in notice) {
      this.#run(this.#recheck([...this.#connections].filter(({ userId }) => userId === notice.rights)))
    } else if ('presence' in notice) {
      this.#run(this.#presenceChanged(notice.presence))
    } else if ('typing' in notice) {
      this.#run(this.#types(...notice.typing))
    }
  }

  #changed(changes: readonly (readonly [string, number])[]): void {
    if (this.#connections.size === 0) {
      this.#nobody()
      return
    }
    for (const [id, rev] of changes) this.#dirty.set(id, widened(this.#dirty.get(id), rev))
    this.#push()
  }

  #clientsChanged(changes: readonly (readonly [string, number])[]): void {
    if (this.#connections.size === 0) {
      this.#nobody()
      return
    }
    for (const [id, rev] of changes) this.#dirtyClients.set(id, widened(this.#dirtyClients.get(id), rev))
    this.#push()
  }

  #nobody(): void {
    this.#dirty.clear()
    this.#dirtyClients.clear()
    this.#pusher.forget()
  }

  /** Whether there is such a channel. */
  async #tellChannel(channelId: string): Promise<boolean> {
    const [channel] = await loadChannels(this.#ctx.db, [channelId])
    if (channel === undefined) return false
    this.#tell(encode({ type: 'channel', channel }), (rights) => maySeeChannel(rights, channel))
    return true
  }

  async #channelChanged(channelId: string): Promise<void> {
    if (!(await this.#tellChannel(channelId))) return
    // The text field of its sessions has changed with it, without a rev of theirs.
    const { rows } = await sql<{ id: string }>`
      SELECT id FROM session WHERE channel_id = ${channelId} AND ended_at IS NULL`.execute(this.#ctx.db)
    for (const { id } of rows) if (!this.#dirty.has(id)) this.#dirty.set(id, null)
    this.#push()
  }

  async #presenceChanged(userId: string): Promise<void> {
    const { status, reason } = await this.#presence.of(userId)
    const { rows } = await sql<{ group_id: string }>`
      SELECT group_id FROM group_member WHERE user_id = ${userId}`.execute(this.#ctx.db)
    const frame = encode({ type: 'presence', userId, status, reason })
    this.#tell(frame, (rights) => {
      if (rights.role === 'administrator' || rights.userId === userId) return true
      return rows.some((row) => rights.groupIds.includes(row.group_id))
    })
  }

  async #types(sessionId: string, userId: string): Promise<void> {
    if (this.#connections.size === 0) return
    const facts = await factsOfSession(this.#ctx.byKey, sessionId)
    if (facts === null) return
    const frame = encode({ type: 'typing', sessionId, userId })
    for (const connection of this.#connections) {
      const { rights } = connection
      if (rights === null || rights.userId === userId || !maySee(rights, facts)) continue
      if (connection.wants(sessionId, [facts])) connection.send(frame, sessionId)
    }
  }

  // --- pushing ------------------------------------------------------------------------------------------------------

  #push(): void {
    if (this.#pushing !== null || this.#closed) return
    this.#pushing = this.#pushAll().finally(() => {
      this.#pushing = null
      if (this.#dirty.size + this.#dirtyClients.size > 0) this.#push()
    })
  }

  async #pushAll(): Promise<void> {
    // Whatever is committed in the same turn is read together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#dirty.size + this.#dirtyClients.size > 0 && !this.#closed) {
      const sessions = new Map([...this.#dirty].slice(0, SESSIONS_AT_ONCE))
      for (const id of sessions.keys()) this.#dirty.delete(id)
      const clients = new Map(this.#dirtyClients)
      this.#dirtyClients.clear()
      try {
        this.#write(await this.#pusher.read(sessions, clients, this.#ctx.clock.now()))
      } catch (error) {
        // What was to be read is not known to anybody now: all come back and load it themselves.
        if (!isAway(error)) this.#log.error({ err: error }, 'live: could not read what changed')
        this.#closeAll()
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
      }
    }
  }

  #write({ sessions, clients, resync }: Pushes): void {
    if (resync) this.#resync()
    for (const { sessionId, now, before, frames } of sessions) {
      const gone = encode({ type: 'gone', sessionId })
      for (const connection of this.#connections) {
        const { rights } = connection
        if (rights === null || !connection.wants(sessionId, [now, ...before])) continue
        if (maySee(rights, now)) for (const frame of frames) connection.send(frame, sessionId)
        else if (before.some((facts) => maySee(rights, facts))) connection.gone(gone, sessionId)
      }
    }
    for (const { seenBy, frames } of clients) {
      for (const frame of frames) {
        this.#tell(frame, (rights) => rights.role === 'administrator' || seenBy.some((facts) => maySee(rights, facts)))
      }
    }
  }

  #tell(frame: Buffer, may: (rights: Rights) => boolean): void {
    for (const connection of this.#connections) {
      if (connection.rights !== null && may(connection.rights)) connection.send(frame)
    }
  }

  #resync(): void {
    this.#tell(encode({ type: 'resync' }), () => true)
  }

  // --- who is still welcome -----------------------------------------------------------------------------------------

  /** Nothing is written to them until it is known what they still may. */
  async #recheck(connections: readonly Connection[]): Promise<void> {
    for (const connection of connections) connection.hold()
    for (const connection of connections) {
      if (!connection.open) continue
      try {
        const now = await whoNow(this.#ctx.byKey, connection.by, this.#ctx.clock.now())
        if (now === null) connection.close(CLOSE.signedOut, 'signed out')
        else if (connection.rights !== null && !isSame(connection.rights, now.actor.rights)) {
          connection.close(CLOSE.rightWithdrawn, 'rights changed')
        } else {
          this.#endsAt(connection, now.until)
          connection.release()
        }
      } catch {
        connection.close(CLOSE.restart, 'come back')
      }
    }
  }

  /** What ends soon is looked at when it ends, and not only when it is their turn: it may have been used meanwhile. */
  #endsAt(connection: Connection, until: Instant | null): void {
    clearTimeout(this.#ends.get(connection))
    this.#ends.delete(connection)
    if (until === null || !connection.open) return
    const left = until - this.#ctx.clock.now()
    if (left > 2 * RECHECK_MS) return
    this.#ends.set(connection, setTimeout(() => this.#run(this.#recheck([connection])), left).unref())
  }

  #closeAll(): void {
    for (const connection of this.#connections) connection.close(CLOSE.restart, 'come back')
    this.#nobody()
  }

  #every(ms: number, what: () => Promise<void>): void {
    this.#timers.push(setInterval(() => this.#run(what()), ms).unref())
  }

  #run(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!isAway(error)) this.#log.error({ err: error }, 'live: failed')
    })
  }
}

const isSame = (a: Rights, b: Rights): boolean =>
  a.role === b.role &&
  a.seeOthers === b.seeOthers &&
  a.slots === b.slots &&
  a.groupIds.length === b.groupIds.length &&
  a.groupIds.every((groupId) => b.groupIds.includes(groupId))
