// What the messages of a batch change: rows, the window, the session that begins or goes on, the bell.

import { waitingAfterClient } from '../domain/commands.ts'
import { type Effects, effects } from '../domain/effects.ts'
import { destination } from '../domain/identity.ts'
import type { InboundMessage } from '../domain/inbound.ts'
import { extended, isOpen, spokenAt } from '../domain/window.ts'
import { newId } from '../ids.ts'
import { type ClientDraft, type Drafts, iso, type SessionDraft } from './drafts.ts'
import type { Facts, KnownMessage } from './facts.ts'
import { aliasesOf, type Unit } from './unit.ts'
import type { MessageWrite, Writes } from './writes.ts'

interface Case {
  readonly unit: Unit
  readonly item: InboundMessage
  readonly channel: { readonly id: string; readonly groupId: string }
  readonly client: ClientDraft
  readonly key: string
  /** Said by somebody who is on the blacklist. */
  readonly banned: boolean
}

interface Place {
  readonly id: string
  readonly seq: number | null
  readonly sessionId: string | null
}

export class MessagePlan {
  readonly #drafts: Drafts
  readonly #rows = new Map<string, MessageWrite>()
  readonly #known = new Map<string, KnownMessage>()
  readonly #replaced = new Map<string, MessageWrite>()
  readonly #superseded: { id: string; by: string }[] = []

  constructor(facts: Facts, drafts: Drafts) {
    this.#drafts = drafts
    for (const message of facts.messages.values()) this.#known.set(`${message.channelId}\n${message.wamid}`, message)
  }

  take(unit: Unit, item: InboundMessage, channel: Case['channel'], client: ClientDraft): void {
    const banned = saidByClient(item) && this.#drafts.isBanned(client)
    const one: Case = { unit, item, channel, client, key: `${channel.id}\n${item.wamid}`, banned }
    const here = this.#rows.get(one.key) ?? this.#replaced.get(one.key)
    const stored = this.#known.get(one.key)
    const there = here?.kind ?? stored?.kind
    // The same message again changes nothing; a ghost's real message takes its place; a late ghost is nobody.
    if (there !== undefined && (there !== 'ghost' || item.kind === 'ghost')) return
    if (here !== undefined) this.#follow(one, here)
    else if (stored !== undefined) this.#takePlaceOf(one, stored)
    else this.#add(one)
  }

  writes(): Pick<Writes, 'messages' | 'replaced' | 'superseded'> {
    const messages = [...this.#rows.values()]
    const replaced = [...this.#replaced.values()]
    for (const row of [...messages, ...replaced]) row.rev = this.#drafts.revOf(row)
    return { messages, replaced, superseded: this.#superseded }
  }

  /** Ghost and real message came together. */
  #follow(one: Case, ghost: MessageWrite): void {
    const session = this.#drafts.session(ghost.session_id)
    if (session !== null) {
      this.#replace(one, { id: ghost.id, seq: ghost.seq }, session)
    } else {
      this.#rows.delete(one.key)
      const id = this.#add(one)
      if (one.client.windowMessageId === ghost.id) one.client.windowMessageId = id
    }
  }

  #takePlaceOf(one: Case, ghost: KnownMessage): void {
    const open = this.#drafts.openSession(one.client.id)
    if (open !== null && ghost.sessionId === open.id) this.#replace(one, ghost, open)
    else this.#superseded.push({ id: ghost.id, by: this.#add(one) })
  }

  #add(one: Case): string {
    const { unit, item, channel, client } = one
    const id = newId()
    const does = effects(item.kind, one.banned)
    let session = this.#drafts.openSession(client.id)
    // Answers go to whom this very message named: an older number of the client's may be somebody else's by now.
    const to = destination(aliasesOf(unit))
    if (session === null && does.startsSession) session = this.#drafts.begin(client, channel, unit.receivedAt, id, to)
    const home = belongsToSession(item) ? session : null
    if (home === null) client.alone = true
    const seq = home === null ? null : ++home.lastSeq
    if (home !== null) {
      home.lastMessageId = id
      home.lastMessageAt = Math.max(home.lastMessageAt, unit.receivedAt)
    }
    this.#rows.set(one.key, rowOf(one, { id, seq, sessionId: home?.id ?? null }))
    this.#affect(one, does, home, id, seq ?? 0)
    return id
  }

  /** A ghost's real message keeps the ghost's id and place. */
  #replace(one: Case, ghost: { readonly id: string; readonly seq: number | null }, session: SessionDraft): void {
    const row = rowOf(one, { id: ghost.id, seq: ghost.seq, sessionId: session.id })
    if (this.#rows.has(one.key)) this.#rows.set(one.key, row)
    else this.#replaced.set(one.key, row)
    this.#known.delete(one.key)
    this.#affect(one, effects(one.item.kind, one.banned), session, ghost.id, ghost.seq ?? 0)
  }

  #affect(one: Case, does: Effects, session: SessionDraft | null, messageId: string, seq: number): void {
    const { unit, item, client, banned } = one
    const { now } = this.#drafts
    if (item.name !== null && item.name !== client.name && item.kind !== 'echo' && item.kind !== 'system') {
      client.name = item.name
      client.touched = true
    }
    const wasOpen = isWindowOpen(client, now)
    if (does.opensWindow) openWindow(client, unit, item, messageId)
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
      this.#drafts.event(session, 'reactivated', client.id, { messageId, seq })
      this.#drafts.ring(session)
    }
    if (!does.opensWindow) return
    session.awaitsClient = false
    const opened = isWindowOpen(client, now)
    if (!wasOpen && opened && !session.isNew) {
      this.#drafts.event(session, 'windowOpened', client.id, { messageId, until: client.windowUntil })
    }
    // Rung exactly when somebody waits, and only when what they wait for came true.
    if (!banned && session.bellOn && session.phase === 'active' && opened) {
      session.bellOn = false
      this.#drafts.ring(session)
    }
  }
}

const belongsToSession = (item: InboundMessage): boolean =>
  item.kind !== 'system' && item.kind !== 'echo' && item.kind !== 'group'

const saidByClient = (item: InboundMessage): boolean => item.kind !== 'echo' && item.kind !== 'system'

const windowOf = (client: ClientDraft) => ({ until: client.windowUntil, messageId: client.windowMessageId })
const isWindowOpen = (client: ClientDraft, now: number): boolean => isOpen(windowOf(client), now)

function openWindow(client: ClientDraft, unit: Unit, item: InboundMessage, messageId: string): void {
  const window = extended(windowOf(client), spokenAt(item.metaTime, unit.receivedAt).at, messageId)
  if (window.until === client.windowUntil) return
  client.windowUntil = window.until
  client.windowMessageId = window.messageId
  client.touched = true
}

function rowOf({ unit, item, channel, client, banned }: Case, place: Place): MessageWrite {
  const spoke = spokenAt(item.metaTime, unit.receivedAt)
  // An echo is what the company itself wrote, with its own phone.
  const author = item.kind === 'echo' ? 'operator' : item.kind === 'system' ? 'system' : 'client'
  return {
    id: place.id,
    channel_id: channel.id,
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
    author_kind: author,
    author_id: author === 'client' ? client.id : null,
    reply_wamid: item.replyTo,
    spoken_at: iso(spoke.at),
    received_at: iso(unit.receivedAt),
    time_doubted: spoke.doubted,
    banned,
    raw_id: unit.rawId,
  }
}
