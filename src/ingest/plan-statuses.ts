// What the statuses of a batch change: the history of each attempt, and the ladder that it climbs (I5).

import { climb, isMetaStatus } from '../domain/delivery.ts'
import type { InboundStatus } from '../domain/inbound.ts'
import { breaksChannel, errorOfStatus, inWindow } from '../domain/meta-errors.ts'
import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { type Drafts, iso, type SessionDraft } from './drafts.ts'
import type { AttemptFacts, Facts } from './facts.ts'
import { aliasKey, type Unit } from './unit.ts'
import type { AttemptWrite, ParkedWrite, StatusWrite, Writes } from './writes.ts'

export class StatusPlan {
  readonly #facts: Facts
  readonly #drafts: Drafts
  readonly #byId = new Map<string, AttemptFacts>()
  readonly #byWamid = new Map<string, AttemptFacts>()
  readonly #ownerOf = new Map<string, string>()
  readonly #attempts = new Map<string, { facts: AttemptFacts; write: AttemptWrite }>()
  readonly #statuses = new Map<string, StatusWrite>()
  readonly #recount = new Set<string>()
  readonly #parked: ParkedWrite[] = []
  readonly #channelsDown = new Map<string, string>()
  /** What statuses told of their recipients that was not known yet. */
  readonly told: { readonly channelId: string; readonly clientId: string; readonly status: InboundStatus }[] = []

  constructor(facts: Facts, drafts: Drafts) {
    this.#facts = facts
    this.#drafts = drafts
    for (const attempt of facts.attempts) {
      this.#byId.set(attempt.id, attempt)
      if (attempt.wamid !== null) this.#byWamid.set(`${attempt.channelId}\n${attempt.wamid}`, attempt)
    }
    for (const alias of facts.aliases) this.#ownerOf.set(aliasKey(alias.channelId, alias), alias.clientId)
  }

  /** False where another transaction holds the client: the status waits for the next batch. */
  take(unit: Unit, item: InboundStatus, channelId: string): boolean {
    const at = item.metaTime ?? unit.receivedAt
    const facts = this.#find(channelId, item)
    if (facts === undefined) {
      this.#parked.push({
        id: newId(),
        channel_id: channelId,
        wamid: item.wamid,
        opaque: item.opaque,
        status: item.status,
        at: iso(at),
        received_at: iso(unit.receivedAt),
        raw_id: unit.rawId,
        body: item.body,
      })
      return true
    }
    if (!this.#facts.clients.has(facts.clientId)) return false
    if (item.aliases.some((alias) => this.#ownerOf.get(aliasKey(channelId, alias)) !== facts.clientId)) {
      this.told.push({ channelId, clientId: facts.clientId, status: item })
    }
    this.#climb(unit, item, facts, at)
    return true
  }

  writes(): Pick<Writes, 'attempts' | 'statuses' | 'recount' | 'parked' | 'channelsDown'> {
    return {
      attempts: [...this.#attempts.values()].map(({ facts, write }) => ({
        ...write,
        rev: this.#drafts.session(facts.sessionId)?.nextRev ?? 0,
      })),
      statuses: [...this.#statuses.values()],
      recount: [...this.#recount],
      parked: this.#parked,
      channelsDown: [...this.#channelsDown].map(([id, reason]) => ({ id, reason })),
    }
  }

  #find(channelId: string, item: InboundStatus): AttemptFacts | undefined {
    const byOpaque = item.opaque === null ? undefined : this.#byId.get(item.opaque)
    return byOpaque?.channelId === channelId ? byOpaque : this.#byWamid.get(`${channelId}\n${item.wamid}`)
  }

  #climb(unit: Unit, item: InboundStatus, facts: AttemptFacts, at: Instant): void {
    const key = `${facts.id}\n${item.status}\n${at}`
    if (this.#statuses.has(key)) return
    const step = isMetaStatus(item.status) ? climb(facts.state, item.status) : null
    // It may have ended long ago; its rev grows all the same.
    const shows = step?.moves === true || (step?.reachedAnyway === true && !facts.reachedAnyway)
    const session = shows ? this.#drafts.session(facts.sessionId) : null
    this.#statuses.set(key, {
      id: newId(),
      attempt_id: facts.id,
      message_id: facts.messageId,
      session_id: facts.sessionId,
      rev: session?.nextRev ?? null,
      status: item.status,
      at: iso(at),
      received_at: iso(unit.receivedAt),
      raw_id: unit.rawId,
      body: item.body,
    })
    const write = this.#writeOf(facts)
    if (facts.wamid === null) write.wamid = facts.wamid = item.wamid
    if (step?.moves === false && step.reachedAnyway) this.#reachAnyway(facts, write)
    if (step?.moves === true && session !== null) this.#moveTo(step.state, item, facts, write, session)
  }

  #moveTo(
    state: AttemptFacts['state'],
    item: InboundStatus,
    facts: AttemptFacts,
    write: AttemptWrite,
    session: SessionDraft,
  ): void {
    const was = facts.state
    facts.state = state
    write.state = state
    write.error = null
    if (facts.newest) write.message_status = state
    session.touched = true
    if (state === 'failed') {
      const client = this.#drafts.client(facts.clientId)
      const error = inWindow(errorOfStatus(item.body), client?.windowUntil ?? null, this.#drafts.now)
      write.error = error
      const evidence = {
        attemptId: facts.id,
        messageId: facts.messageId,
        code: error.code,
        ...(error.windowUntil === undefined
          ? {}
          : { windowUntil: error.windowUntil, windowMessageId: client?.windowMessageId ?? null }),
      }
      this.#drafts.event(session, 'sendFailed', null, evidence)
      if (typeof error.code === 'number' && breaksChannel(error.code)) {
        this.#channelsDown.set(facts.channelId, String(error.code))
      }
    }
    if (state === 'failed' || was === 'unknown') this.#recount.add(facts.sessionId)
  }

  /** It stays failed, and whoever looks at it sees that it arrived all the same. */
  #reachAnyway(facts: AttemptFacts, write: AttemptWrite): void {
    if (facts.reachedAnyway) return
    facts.reachedAnyway = true
    write.reached_anyway = true
    if (facts.newest) write.message_status = facts.state
    const session = this.#drafts.session(facts.sessionId)
    if (session !== null) session.touched = true
  }

  #writeOf(facts: AttemptFacts): AttemptWrite {
    const known = this.#attempts.get(facts.id)
    if (known !== undefined) return known.write
    const write: AttemptWrite = {
      id: facts.id,
      state: null,
      wamid: null,
      error: null,
      reached_anyway: false,
      message_status: null,
      rev: 0,
    }
    this.#attempts.set(facts.id, { facts, write })
    return write
  }
}
