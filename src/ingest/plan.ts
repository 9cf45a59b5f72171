// What a batch of items changes, worked out in memory on facts that are locked: no I/O, no clock. Items of one client
// are taken in the order of their arrival; each session's `rev` grows by one, however many of its items are here.
import { v7 } from 'uuid'
import { waitingAfterClient } from '../domain/commands.ts'
import { climb, isMetaStatus } from '../domain/delivery.ts'
import { type Effects, effects } from '../domain/effects.ts'
import type { InboundMessage, InboundStatus } from '../domain/inbound.ts'
import { breaksChannel, errorOfStatus, type SendError } from '../domain/meta-errors.ts'
import { extended, isOpen, spokenAt } from '../domain/window.ts'
import type { Instant, JsonObject } from '../domain/words.ts'
import {
  type AttemptFacts,
  type ClientFacts,
  destinationOf,
  type KnownMessage,
  type Located,
  type Locked,
  type SessionFacts,
} from './facts.ts'
import type { People } from './people.ts'
import { aliasKey, type Unit } from './unit.ts'
import type {
  AttemptWrite,
  EventWrite,
  MessageWrite,
  NoticeWrite,
  ParkedWrite,
  QuarantineWrite,
  SessionWrite,
  StatusWrite,
  Writes,
} from './writes.ts'

export interface Planned {
  readonly writes: Writes
  /** Units whose client another transaction holds: for the next batch. */
  readonly left: readonly Unit[]
  /** Aliases of recipients that statuses told, to be settled after the commit. */
  readonly told: readonly { readonly channelId: string; readonly status: InboundStatus }[]
}

export function planBatch(
  units: readonly Unit[],
  located: Located,
  people: People,
  locked: Locked,
  queueTime: number,
  now: Instant,
): Planned {
  return new Plan(located, people, locked, queueTime, now).take(units)
}

interface SessionDraft extends SessionFacts {
  readonly isNew: boolean
  readonly previousId: string | null
  nextRev: number
  touched: boolean
  ring: { start: boolean; spoke: boolean } | null
  groupId: string | null
}

class Plan {
  readonly #located: Located
  readonly #people: People
  readonly #locked: Locked
  readonly #queueTime: number
  readonly #now: Instant

  readonly #sessions = new Map<string, SessionDraft>()
  readonly #openOf = new Map<string, SessionDraft>()
  readonly #clients = new Map<string, ClientFacts & { touched: boolean; alone: boolean }>()
  readonly #messages = new Map<string, MessageWrite>()
  readonly #known = new Map<string, KnownMessage>()
  readonly #replaced = new Map<string, MessageWrite>()
  readonly #superseded: { id: string; by: string }[] = []
  readonly #events: (EventWrite & { session: SessionDraft })[] = []
  readonly #attempts = new Map<string, AttemptWrite & { facts: AttemptFacts }>()
  readonly #statuses = new Map<string, StatusWrite & { session: SessionDraft | null }>()
  readonly #recount = new Set<string>()
  readonly #parked: ParkedWrite[] = []
  readonly #notices: NoticeWrite[] = []
  readonly #quarantined: QuarantineWrite[] = []
  readonly #redriven: { rawId: string; path: string }[] = []
  readonly #channelsDown = new Map<string, string>()
  readonly #attemptById = new Map<string, Located['attempts'][number]>()
  readonly #attemptByWamid = new Map<string, Located['attempts'][number]>()
  readonly #aliasOwner = new Map<string, string>()
  readonly #left: Unit[] = []
  readonly #told: { channelId: string; status: InboundStatus }[] = []

  constructor(located: Located, people: People, locked: Locked, queueTime: number, now: Instant) {
    this.#located = located
    this.#people = people
    this.#locked = locked
    this.#queueTime = queueTime
    this.#now = now
    for (const attempt of located.attempts) {
      this.#attemptById.set(attempt.id, attempt)
      if (attempt.wamid !== null) this.#attemptByWamid.set(`${attempt.channelId}\n${attempt.wamid}`, attempt)
    }
    for (const alias of located.aliases) this.#aliasOwner.set(aliasKey(alias.channelId, alias), alias.clientId)
    for (const message of locked.messages) this.#known.set(`${message.channelId}\n${message.wamid}`, message)
    for (const session of locked.sessions.values()) {
      const draft = draftOf(session)
      this.#sessions.set(session.id, draft)
      if (!session.ended) this.#openOf.set(session.clientId, draft)
    }
  }

  take(units: readonly Unit[]): Planned {
    // Messages before statuses: what concerns a client is never held up by what concerns a delivery.
    for (const unit of units) if (unit.item.item !== 'status') this.#takeOne(unit)
    for (const unit of units) if (unit.item.item === 'status') this.#takeOne(unit)
    return { writes: this.#writes(), left: this.#left, told: this.#told }
  }

  #takeOne(unit: Unit): void {
    const { item } = unit
    if (unit.sqlstate !== null) return this.#quarantine(unit, 'refused-by-database', null)
    switch (item.item) {
      case 'invalid':
        return this.#quarantine(unit, item.reason, item.detail)
      case 'notice':
        this.#notices.push({
          id: v7(),
          raw_id: unit.rawId,
          path: item.path,
          waba_id: item.wabaId,
          phone_number_id: item.phoneNumberId,
          field: item.field,
          value: item.value,
          at: iso(unit.receivedAt),
        })
        return this.#done(unit)
      case 'message': {
        const channel = this.#located.channels.get(item.phoneNumberId)
        if (channel === undefined) return this.#quarantine(unit, 'unknown-channel', null)
        const clientId = this.#people.clientOf.get(unit)
        const client = clientId === undefined ? null : this.#client(clientId)
        if (client === null) return void this.#left.push(unit)
        this.#message(unit, item, channel.id, channel.groupId, client)
        return this.#done(unit)
      }
      case 'status':
        return this.#status(unit, item)
    }
  }

  #done(unit: Unit): void {
    if (unit.redriven) this.#redriven.push({ rawId: unit.rawId, path: unit.item.path })
  }

  #quarantine(unit: Unit, reason: string, detail: string | null): void {
    const { item } = unit
    this.#quarantined.push({
      id: v7(),
      raw_id: unit.rawId,
      path: item.path,
      reason,
      detail,
      sqlstate: unit.sqlstate,
      phone_number_id: item.phoneNumberId,
      at: iso(unit.receivedAt),
    })
  }

  #client(id: string): (ClientFacts & { touched: boolean; alone: boolean }) | null {
    const draft = this.#clients.get(id)
    if (draft !== undefined) return draft
    const facts = this.#locked.clients.get(id)
    if (facts === undefined) return null
    const fresh = { ...facts, touched: false, alone: false }
    this.#clients.set(id, fresh)
    return fresh
  }

  // --- messages -----------------------------------------------------------------------------------------------------

  #message(
    unit: Unit,
    item: InboundMessage,
    channelId: string,
    groupId: string,
    client: ClientFacts & { touched: boolean; alone: boolean },
  ): void {
    const key = `${channelId}\n${item.wamid}`
    const inBatch = this.#messages.get(key)
    const stored = this.#known.get(key)
    const kindThere = inBatch?.kind ?? stored?.kind
    if (kindThere !== undefined) {
      // The same message again changes nothing; a ghost's real message takes its place; a late ghost is nobody.
      if (kindThere !== 'ghost' || item.kind === 'ghost') return
      if (inBatch !== undefined) {
        const session = inBatch.session_id === null ? null : (this.#sessions.get(inBatch.session_id) ?? null)
        if (session !== null)
          return this.#replace(unit, item, channelId, client, { id: inBatch.id, seq: inBatch.seq ?? 0 }, session, key)
        this.#messages.delete(key)
      } else if (stored !== undefined) {
        const open = this.#openOf.get(client.id)
        if (stored.sessionId !== null && stored.sessionOpen && open?.id === stored.sessionId) {
          return this.#replace(unit, item, channelId, client, { id: stored.id, seq: stored.seq ?? 0 }, open, key)
        }
        const id = this.#add(unit, item, channelId, groupId, client, key)
        this.#superseded.push({ id: stored.id, by: id })
        return
      }
    }
    this.#add(unit, item, channelId, groupId, client, key)
  }

  #add(
    unit: Unit,
    item: InboundMessage,
    channelId: string,
    groupId: string,
    client: ClientFacts & { touched: boolean; alone: boolean },
    key: string,
  ): string {
    const id = v7()
    const does = effects(item.kind)
    const belongs = item.kind !== 'system' && item.kind !== 'echo' && item.kind !== 'group'
    let session = this.#openOf.get(client.id) ?? null
    if (session === null && does.startsSession) session = this.#begin(client, channelId, groupId, unit.receivedAt, id)
    const home = belongs ? session : null
    if (home === null) client.alone = true
    const seq = home === null ? null : ++home.lastSeq
    if (home !== null) {
      home.lastMessageId = id
      home.lastMessageAt = Math.max(home.lastMessageAt, unit.receivedAt)
    }
    this.#messages.set(key, this.#row(unit, item, channelId, client, { id, seq, sessionId: home?.id ?? null }))
    this.#affect(unit, item, does, client, home, id, seq ?? 0)
    return id
  }

  /** A ghost's real message keeps the ghost's id and place. */
  #replace(
    unit: Unit,
    item: InboundMessage,
    channelId: string,
    client: ClientFacts & { touched: boolean; alone: boolean },
    ghost: { id: string; seq: number },
    session: SessionDraft,
    key: string,
  ): void {
    const row = this.#row(unit, item, channelId, client, { id: ghost.id, seq: ghost.seq, sessionId: session.id })
    if (this.#messages.has(key)) this.#messages.set(key, row)
    else this.#replaced.set(key, row)
    this.#known.delete(key)
    this.#affect(unit, item, effects(item.kind), client, session, ghost.id, ghost.seq)
  }

  #begin(client: ClientFacts, channelId: string, groupId: string, at: Instant, messageId: string): SessionDraft {
    const id = v7()
    const session: SessionDraft = {
      id,
      clientId: client.id,
      channelId,
      phase: 'queued',
      rev: 0,
      lastSeq: 0,
      lastInSeq: 0,
      unread: 0,
      waitingSince: null,
      lastMessageId: null,
      lastMessageAt: at,
      bellOn: false,
      awaitsClient: false,
      wrapUpAt: null,
      endReason: null,
      ended: false,
      isNew: true,
      previousId: this.#locked.lastSessions.get(client.id) ?? null,
      nextRev: 1,
      touched: true,
      ring: { start: true, spoke: false },
      groupId,
    }
    this.#sessions.set(id, session)
    this.#openOf.set(client.id, session)
    const dueAt = this.#queueTime > 0 ? this.#now + this.#queueTime * 1000 : null
    this.#event(session, 'started', 'client', client.id, {
      origin: 'inbound',
      messageId,
      groupId,
      offerDueAt: dueAt,
      previousId: session.previousId,
    })
    return session
  }

  #affect(
    unit: Unit,
    item: InboundMessage,
    does: Effects,
    client: ClientFacts & { touched: boolean },
    session: SessionDraft | null,
    messageId: string,
    seq: number,
  ): void {
    if (item.name !== null && item.name !== client.name && item.kind !== 'echo' && item.kind !== 'system') {
      client.name = item.name
      client.touched = true
    }
    const wasOpen = isOpen({ until: client.windowUntil, messageId: client.windowMessageId }, this.#now)
    if (does.opensWindow) {
      const spoke = spokenAt(item.metaTime, unit.receivedAt)
      const window = extended({ until: client.windowUntil, messageId: client.windowMessageId }, spoke.at, messageId)
      if (window.until !== client.windowUntil) {
        client.windowUntil = window.until
        client.windowMessageId = window.messageId
        client.touched = true
      }
    }
    if (session === null) return
    session.touched = true
    if (does.countsForEnd) session.lastInSeq = Math.max(session.lastInSeq, seq)
    if (does.countsUnread) {
      session.unread++
      session.waitingSince = waitingAfterClient(session.waitingSince, unit.receivedAt)
    }
    if (does.countsForEnd && session.phase === 'wrapUp') {
      session.phase = 'active'
      session.wrapUpAt = null
      session.endReason = null
      this.#event(session, 'reactivated', 'client', client.id, { messageId, seq })
      this.#ring(session, true)
    }
    if (does.opensWindow) {
      session.awaitsClient = false
      const isNowOpen = isOpen({ until: client.windowUntil, messageId: client.windowMessageId }, this.#now)
      if (!wasOpen && isNowOpen && !session.isNew) {
        this.#event(session, 'windowOpened', 'client', client.id, { messageId, until: client.windowUntil })
      }
      // Rung exactly when somebody waits, and only when what they wait for came true.
      if (session.bellOn && session.phase === 'active' && isNowOpen) {
        session.bellOn = false
        this.#ring(session, true)
      }
    }
  }

  #ring(session: SessionDraft, spoke: boolean): void {
    session.ring = { start: session.ring?.start ?? false, spoke: spoke || (session.ring?.spoke ?? false) }
  }

  #row(
    unit: Unit,
    item: InboundMessage,
    channelId: string,
    client: ClientFacts,
    place: { id: string; seq: number | null; sessionId: string | null },
  ): MessageWrite {
    const spoke = spokenAt(item.metaTime, unit.receivedAt)
    return {
      id: place.id,
      channel_id: channelId,
      client_id: client.id,
      session_id: place.sessionId,
      seq: place.seq,
      rev: 0,
      direction: item.kind === 'echo' ? 'out' : 'in',
      kind: item.kind,
      type: item.type,
      text: item.text,
      content: item.content,
      wamid: item.wamid,
      author_kind: item.kind === 'echo' ? 'operator' : item.kind === 'system' ? 'system' : 'client',
      author_id: item.kind === 'echo' || item.kind === 'system' ? null : client.id,
      reply_wamid: item.replyTo,
      spoken_at: iso(spoke.at),
      received_at: iso(unit.receivedAt),
      time_doubted: spoke.doubted,
      raw_id: unit.rawId,
    }
  }

  #event(
    session: SessionDraft,
    kind: string,
    actorKind: EventWrite['actor_kind'],
    actorId: string | null,
    evidence: JsonObject,
  ): void {
    session.touched = true
    this.#events.push({
      session,
      session_id: session.id,
      k: 0,
      rev: 0,
      at: iso(this.#now),
      actor_kind: actorKind,
      actor_id: actorId,
      kind,
      evidence,
    })
  }

  // --- statuses -----------------------------------------------------------------------------------------------------

  #status(unit: Unit, item: InboundStatus): void {
    const channel = this.#located.channels.get(item.phoneNumberId)
    if (channel === undefined) return this.#quarantine(unit, 'unknown-channel', null)
    const there = this.#attemptOf(channel.id, item)
    const at = item.metaTime ?? unit.receivedAt
    if (there === undefined) {
      this.#parked.push({
        id: v7(),
        channel_id: channel.id,
        wamid: item.wamid,
        opaque: item.opaque,
        status: item.status,
        at: iso(at),
        received_at: iso(unit.receivedAt),
        raw_id: unit.rawId,
        body: item.body,
      })
      return this.#done(unit)
    }
    const facts = this.#locked.attempts.get(there.id)
    if (facts === undefined || !this.#locked.clients.has(facts.clientId)) return void this.#left.push(unit)
    if (item.aliases.some((alias) => this.#aliasOwner.get(aliasKey(channel.id, alias)) !== facts.clientId)) {
      this.#told.push({ channelId: channel.id, status: item })
    }
    this.#climb(unit, item, facts, at)
    this.#done(unit)
  }

  #attemptOf(channelId: string, item: InboundStatus): { readonly id: string } | undefined {
    const byOpaque = item.opaque === null ? undefined : this.#attemptById.get(item.opaque)
    return byOpaque?.channelId === channelId ? byOpaque : this.#attemptByWamid.get(`${channelId}\n${item.wamid}`)
  }

  #climb(unit: Unit, item: InboundStatus, facts: AttemptFacts, at: Instant): void {
    const key = `${facts.id}\n${item.status}\n${at}`
    if (this.#statuses.has(key)) return
    const step = isMetaStatus(item.status) ? climb(facts.state, item.status) : null
    // It may have ended long ago; its rev grows all the same.
    const session = step?.moves === true ? (this.#sessions.get(facts.sessionId) ?? null) : null
    this.#statuses.set(key, {
      session,
      id: v7(),
      attempt_id: facts.id,
      message_id: facts.messageId,
      session_id: facts.sessionId,
      rev: null,
      status: item.status,
      at: iso(at),
      received_at: iso(unit.receivedAt),
      raw_id: unit.rawId,
      body: item.body,
    })
    const write = this.#attempts.get(facts.id) ?? {
      facts,
      id: facts.id,
      state: null,
      wamid: null,
      error: null,
      reached_anyway: false,
      message_status: null,
      rev: 0,
    }
    if (facts.wamid === null) write.wamid = facts.wamid = item.wamid
    if (step !== null && !step.moves && step.reachedAnyway) write.reached_anyway = true
    this.#attempts.set(facts.id, write)
    if (step?.moves !== true || session === null) return
    const was = facts.state
    facts.state = step.state
    write.state = step.state
    session.touched = true
    if (facts.newest) write.message_status = step.state
    const error: SendError | null = step.state === 'failed' ? errorOfStatus(item.body) : null
    write.error = error
    if (error !== null) {
      this.#event(session, 'sendFailed', 'meta', null, {
        attemptId: facts.id,
        messageId: facts.messageId,
        code: error.code,
      })
      if (typeof error.code === 'number' && breaksChannel(error.code))
        this.#channelsDown.set(facts.channelId, String(error.code))
    }
    if (error !== null || was === 'unknown') this.#recount.add(facts.sessionId)
  }

  // --- the outcome --------------------------------------------------------------------------------------------------

  #writes(): Writes {
    const touched = [...this.#sessions.values()].filter((session) => session.touched)
    const order = new Map<string, number>()
    for (const client of this.#clients.values()) if (client.alone) client.rev++
    const rows = [...this.#messages.values(), ...this.#replaced.values()]
    for (const row of rows) {
      row.rev =
        row.session_id === null
          ? (this.#clients.get(row.client_id)?.rev ?? 0)
          : (this.#sessions.get(row.session_id)?.nextRev ?? 0)
    }
    const linked = touched.flatMap((session) => {
      const previous = session.isNew && session.previousId !== null ? this.#sessions.get(session.previousId) : undefined
      return previous === undefined ? [] : [{ id: previous.id, next_id: session.id, rev: previous.nextRev }]
    })
    const changes = new Map([
      ...touched.map((session) => [session.id, session.nextRev] as const),
      ...linked.map((link) => [link.id, link.rev] as const),
    ])
    return {
      clients: [...this.#clients.values()]
        .filter((client) => client.touched || client.alone)
        .map((client) => ({
          id: client.id,
          name: client.name,
          rev: client.rev,
          window_expires_at: isoOrNull(client.windowUntil),
          window_message_id: client.windowMessageId,
        })),
      newSessions: touched.filter((session) => session.isNew).map((session) => this.#sessionRow(session)),
      sessions: touched.filter((session) => !session.isNew).map((session) => this.#sessionRow(session)),
      linked,
      offers: touched
        .filter((session) => session.isNew)
        .map((session) => ({
          session_id: session.id,
          group_id: session.groupId,
          offered_at: iso(this.#now),
          due_at: this.#queueTime > 0 ? iso(this.#now + this.#queueTime * 1000) : null,
        })),
      messages: [...this.#messages.values()],
      replaced: [...this.#replaced.values()],
      superseded: this.#superseded,
      events: this.#events.map(({ session, ...event }) => {
        const k = (order.get(session.id) ?? 0) + 1
        order.set(session.id, k)
        return { ...event, k, rev: session.nextRev }
      }),
      attempts: [...this.#attempts.values()].map(({ facts, ...write }) => ({
        ...write,
        rev: this.#sessions.get(facts.sessionId)?.nextRev ?? 0,
      })),
      statuses: [...this.#statuses.values()].map(({ session, ...status }) => ({
        ...status,
        rev: session?.nextRev ?? null,
      })),
      recount: [...this.#recount],
      parked: this.#parked,
      notices: this.#notices,
      quarantined: this.#quarantined,
      redriven: this.#redriven,
      rings: touched
        .filter((session) => session.ring !== null)
        .map((session) => ({
          session_id: session.id,
          start: session.ring?.start ?? false,
          spoke: session.ring?.spoke ?? false,
        })),
      changes: [...changes].map(([sessionId, rev]) => ({ sessionId, rev })),
      clientChanges: [...this.#clients.values()]
        .filter((client) => client.alone)
        .map((client) => ({ clientId: client.id, rev: client.rev })),
      channelsDown: [...this.#channelsDown].map(([id, reason]) => ({ id, reason })),
    }
  }

  #sessionRow(session: SessionDraft): SessionWrite {
    const client = this.#clients.get(session.clientId)
    const to = client === undefined ? null : destinationOf(client)
    return {
      id: session.id,
      client_id: session.clientId,
      channel_id: session.channelId,
      destination_kind: to?.kind ?? 'phone',
      destination: to?.value ?? '',
      phase: session.phase,
      group_id: session.groupId,
      previous_id: session.previousId,
      rev: session.nextRev,
      bell_on: session.bellOn,
      awaits_client: session.awaitsClient,
      last_seq: session.lastSeq,
      last_in_seq: session.lastInSeq,
      unread: session.unread,
      waiting_since: isoOrNull(session.waitingSince),
      last_message_id: session.lastMessageId,
      last_message_at: iso(session.lastMessageAt),
      started_at: iso(this.#now),
      wrap_up_at: isoOrNull(session.wrapUpAt),
      end_reason: session.endReason,
    }
  }
}

const draftOf = (session: SessionFacts): SessionDraft => ({
  ...session,
  isNew: false,
  previousId: null,
  nextRev: session.rev + 1,
  touched: false,
  ring: null,
  groupId: null,
})

const iso = (at: Instant): string => new Date(at).toISOString()
const isoOrNull = (at: Instant | null): string | null => (at === null ? null : iso(at))
