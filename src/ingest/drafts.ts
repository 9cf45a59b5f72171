// Sessions and clients as a batch leaves them: drafts over the locked facts, changed in memory, written once. Each
// touched session's `rev` grows by exactly one, however many items of the batch concern it.

import { holds } from '../domain/ban.ts'
import type { Alias, Instant, JsonObject } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { aliasName, type ClientFacts, destinationOf, type Facts, type SessionFacts } from './facts.ts'
import type { People } from './people.ts'
import type { ClientWrite, EventWrite, SessionWrite, Writes } from './writes.ts'

export interface SessionDraft extends SessionFacts {
  readonly isNew: boolean
  readonly previousId: string | null
  readonly groupId: string | null
  /** Where a new session's answers go. */
  readonly destination: Alias | null
  readonly nextRev: number
  touched: boolean
  ring: { start: boolean; spoke: boolean } | null
}

export interface ClientDraft extends ClientFacts {
  readonly isNew: boolean
  touched: boolean
  /** Something of it belongs to no session, and counts by the client's own rev. */
  alone: boolean
}

export class Drafts {
  readonly now: Instant
  readonly #facts: Facts
  readonly #sessions = new Map<string, SessionDraft>()
  readonly #openOf = new Map<string, SessionDraft>()
  readonly #clients = new Map<string, ClientDraft>()
  readonly #events: Omit<EventWrite, 'k' | 'rev'>[] = []

  constructor(facts: Facts, people: Pick<People, 'newClients' | 'newAliases'>, now: Instant) {
    this.#facts = facts
    this.now = now
    for (const { id, channelId, name } of people.newClients) {
      const newcomer = { id, channelId, name, aliases: [], rev: 0, windowUntil: null, windowMessageId: null }
      this.#clients.set(id, { ...newcomer, isNew: true, touched: false, alone: false })
    }
    const banned = this.#learn(people)
    for (const session of facts.sessions.values()) {
      const draft: SessionDraft = {
        ...session,
        isNew: false,
        previousId: null,
        groupId: null,
        destination: null,
        nextRev: session.rev + 1,
        touched: false,
        ring: null,
      }
      this.#sessions.set(session.id, draft)
      if (!session.ended) this.#openOf.set(session.clientId, draft)
    }
    for (const clientId of banned) {
      const session = this.#openOf.get(clientId)
      if (session === undefined) continue
      this.event(session, 'banned', null, { why: 'aliases' })
      session.ring = { start: false, spoke: false }
    }
  }

  /** Who is on the blacklist by what this batch taught, and was not before. */
  #learn(people: Pick<People, 'newAliases'>): ReadonlySet<string> {
    const banned = new Set<string>()
    for (const { clientId, alias } of people.newAliases) {
      const client = this.client(clientId)
      if (client === null) continue
      const was = this.isBanned(client)
      client.aliases.push(alias)
      if (!was && this.isBanned(client)) banned.add(clientId)
    }
    return banned
  }

  /** Null where another transaction holds the client. */
  client(id: string): ClientDraft | null {
    const draft = this.#clients.get(id)
    if (draft !== undefined) return draft
    const facts = this.#facts.clients.get(id)
    if (facts === undefined) return null
    const fresh = { ...facts, isNew: false, touched: false, alone: false }
    this.#clients.set(id, fresh)
    return fresh
  }

  isBanned(client: ClientFacts): boolean {
    const { bans } = this.#facts
    return (
      bans.size > 0 &&
      client.aliases.some((alias) => {
        const until = bans.get(aliasName(alias))
        return until !== undefined && holds({ until }, this.now)
      })
    )
  }

  session(id: string | null): SessionDraft | null {
    return id === null ? null : (this.#sessions.get(id) ?? null)
  }

  openSession(clientId: string): SessionDraft | null {
    return this.#openOf.get(clientId) ?? null
  }

  /** A new session, offered to the channel's group in the same commit. */
  begin(
    client: ClientFacts,
    channel: { id: string; groupId: string },
    receivedAt: Instant,
    messageId: string,
    to: Alias | null,
  ): SessionDraft {
    const session: SessionDraft = {
      id: newId(),
      clientId: client.id,
      channelId: channel.id,
      phase: 'queued',
      rev: 0,
      lastSeq: 0,
      lastInSeq: 0,
      unread: 0,
      waitingSince: null,
      lastMessageId: null,
      lastMessageAt: receivedAt,
      bellOn: false,
      awaitsClient: false,
      wrapUpAt: null,
      endReason: null,
      ended: false,
      isNew: true,
      previousId: this.#facts.lastSessions.get(client.id) ?? null,
      groupId: channel.groupId,
      destination: to ?? destinationOf(client),
      nextRev: 1,
      touched: true,
      ring: { start: true, spoke: false },
    }
    this.#sessions.set(session.id, session)
    this.#openOf.set(client.id, session)
    const { groupId, previousId } = session
    this.event(session, 'started', client.id, {
      origin: 'inbound',
      messageId,
      groupId,
      offerDueAt: this.#offerDueAt(),
      previousId,
    })
    return session
  }

  /** `clientId` null: Meta itself is the one who acted. */
  event(session: SessionDraft, kind: string, clientId: string | null, evidence: JsonObject): void {
    session.touched = true
    this.#events.push({
      session_id: session.id,
      at: iso(this.now),
      actor_kind: clientId === null ? 'meta' : 'client',
      actor_id: clientId,
      kind,
      evidence,
    })
  }

  ring(session: SessionDraft): void {
    session.ring = { start: session.ring?.start ?? false, spoke: true }
  }

  revOf(row: { readonly session_id: string | null; readonly client_id: string }): number {
    if (row.session_id === null) return this.#clients.get(row.client_id)?.rev ?? 0
    return this.#sessions.get(row.session_id)?.nextRev ?? 0
  }

  /** What becomes of all drafts; the revs of `revOf` hold from here on. */
  writes(): Pick<
    Writes,
    | 'clients'
    | 'newClients'
    | 'newSessions'
    | 'sessions'
    | 'linked'
    | 'offers'
    | 'events'
    | 'rings'
    | 'changes'
    | 'clientChanges'
  > {
    const touched = [...this.#sessions.values()].filter((session) => session.touched)
    const fresh = touched.filter((session) => session.isNew)
    const alone = [...this.#clients.values()].filter((client) => client.alone)
    for (const client of alone) client.rev++
    const linked = fresh.flatMap((session) => {
      const previous = this.session(session.previousId)
      return previous === null ? [] : [{ id: previous.id, next_id: session.id, rev: previous.nextRev }]
    })
    const changes = new Map([
      ...touched.map((session) => [session.id, session.nextRev] as const),
      ...linked.map((link) => [link.id, link.rev] as const),
    ])
    const dueAt = this.#offerDueAt()
    return {
      newClients: [...this.#clients.values()].filter((client) => client.isNew).map((client) => this.#clientRow(client)),
      clients: [...this.#clients.values()]
        .filter((client) => !client.isNew && (client.touched || client.alone))
        .map((client) => this.#clientRow(client)),
      newSessions: fresh.map((session) => this.#row(session)),
      sessions: touched.filter((session) => !session.isNew).map((session) => this.#row(session)),
      linked,
      offers: fresh.map((session) => ({
        session_id: session.id,
        group_id: session.groupId,
        offered_at: iso(this.now),
        due_at: isoOrNull(dueAt),
      })),
      events: this.#numbered(),
      rings: touched.flatMap((session) => (session.ring === null ? [] : [{ session_id: session.id, ...session.ring }])),
      changes: [...changes].map(([sessionId, rev]) => ({ sessionId, rev })),
      clientChanges: alone.map((client) => ({ clientId: client.id, rev: client.rev })),
    }
  }

  #numbered(): EventWrite[] {
    const counts = new Map<string, number>()
    return this.#events.map((event) => {
      const k = (counts.get(event.session_id) ?? 0) + 1
      counts.set(event.session_id, k)
      return { ...event, k, rev: this.session(event.session_id)?.nextRev ?? 0 }
    })
  }

  #offerDueAt(): Instant | null {
    return this.#facts.queueTime > 0 ? this.now + this.#facts.queueTime * 1000 : null
  }

  #clientRow(client: ClientDraft): ClientWrite {
    return {
      id: client.id,
      channel_id: client.channelId,
      name: client.name,
      rev: client.rev,
      window_expires_at: isoOrNull(client.windowUntil),
      window_message_id: client.windowMessageId,
    }
  }

  #row(session: SessionDraft): SessionWrite {
    return {
      id: session.id,
      client_id: session.clientId,
      channel_id: session.channelId,
      destination_kind: session.destination?.kind ?? 'phone',
      destination: session.destination?.value ?? '',
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
      started_at: iso(this.now),
      wrap_up_at: isoOrNull(session.wrapUpAt),
      end_reason: session.endReason,
    }
  }
}

export const iso = (at: Instant): string => new Date(at).toISOString()
const isoOrNull = (at: Instant | null): string | null => (at === null ? null : iso(at))
