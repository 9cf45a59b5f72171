// What is asked for, and when: the lists at each connection, the changes of the conversations that are shown, older
// messages as one scrolls up. Answers go into the facts; nothing here draws.
import { signal } from '@preact/signals'
import { Problem } from '../api/client.ts'
import type { Channel, Me, Message, Page, Phase, Session } from '../api/types.ts'
import type { Facts } from './facts.ts'

export interface Source {
  me(): Promise<Me>
  channels(): Promise<Page<Channel>>
  sessions(filter: { phase?: Phase; limit?: number; cursor?: string; clientId?: string }): Promise<Page<Session>>
  session(id: string): Promise<Session>
  messages(
    id: string,
    range: { before?: number; afterRev?: number; limit?: number; cursor?: string },
  ): Promise<Page<Message>>
  clientMessages(clientId: string, cursor?: string): Promise<Page<Message>>
}

const OPEN_PHASES: readonly Phase[] = ['queued', 'active', 'wrapUp']
const LIST_PAGE = 500
const THREAD_PAGE = 50
/** So many conversations are kept complete; the one opened longest ago is forgotten first. */
const KEPT = 40

export class Loading {
  readonly me = signal<Me | null>(null)
  readonly #facts: Facts
  readonly #source: Source
  readonly #olderUnderWay = new Set<string>()

  constructor(facts: Facts, source: Source) {
    this.#facts = facts
    this.#source = source
  }

  /** After each connection: the lists, and what changed in the opened conversations. */
  async all(): Promise<void> {
    await Promise.all([
      this.rights(),
      this.#channels(),
      this.#openSessions(),
      ...this.#facts.opened().map((id) => this.changes(id)),
    ])
  }

  async rights(): Promise<void> {
    const me = await this.#source.me()
    this.me.value = me
    this.#facts.names.set(me.id, me.name)
    this.#facts.presence.set(me.id, me.presence)
  }

  async #channels(): Promise<void> {
    const { items } = await this.#source.channels()
    for (const channel of items) this.#facts.channels.set(channel.id, channel)
  }

  async #openSessions(): Promise<void> {
    const askedAt = this.#facts.moment()
    const seen = new Set<string>()
    for (const phase of OPEN_PHASES) {
      let cursor: string | undefined
      do {
        const page: Page<Session> = await this.#source.sessions({
          phase,
          limit: LIST_PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        })
        for (const session of page.items) {
          seen.add(session.id)
          this.#facts.putSession(session, askedAt)
        }
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
    }
    // What one knew and the lists do not have any more has ended, moved to another phase meanwhile, or is no longer
    // one's own: each is asked for by itself.
    const missing = this.#facts.sessions.all
      .peek()
      .filter(
        (session) =>
          !seen.has(session.id) && (session.phase !== 'ended' || this.#facts.thread(session.id) !== undefined),
      )
    await Promise.all(missing.map((session) => this.session(session.id)))
  }

  /** The session, or null where it does not exist for this user. */
  async session(id: string): Promise<Session | null> {
    const askedAt = this.#facts.moment()
    try {
      const session = await this.#source.session(id)
      this.#facts.putSession(session, askedAt)
      return session
    } catch (error) {
      if (!(error instanceof Problem) || (error.body.status !== 404 && error.body.status !== 403)) throw error
      if (this.#facts.sessions.peek(id) !== undefined) this.#facts.gone(id)
      return null
    }
  }

  /** Opens a conversation: its newest page now, its changes from now on. */
  async open(id: string): Promise<void> {
    const known = this.#facts.thread(id)
    this.#facts.open(id)
    this.#forgetOldest(id)
    if (known !== undefined && known.floor !== null) return
    const page = await this.#source.messages(id, { limit: THREAD_PAGE })
    this.#facts.putPage(id, page, true)
    this.#facts.lowerFloor(id, page.items[0]?.seq ?? 1)
  }

  /** Everything that changed since the thread was last complete. */
  async changes(id: string): Promise<void> {
    const thread = this.#facts.thread(id)
    if (thread === undefined) return
    if (thread.floor === null) return this.open(id)
    // The rev it got to is asked for once more: a change of several messages is told in several frames, and the
    // connection may have ended between two of them.
    const afterRev = Math.max(0, thread.rev - 1)
    let cursor: string | undefined
    const pages: Page<Message>[] = []
    try {
      do {
        const page: Page<Message> = await this.#source.messages(id, {
          afterRev,
          limit: LIST_PAGE,
          ...(cursor === undefined ? {} : { cursor }),
        })
        pages.push(page)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
    } catch (error) {
      if (error instanceof Problem && error.body.status === 404) return this.#facts.gone(id)
      throw error
    }
    for (const page of pages) this.#facts.putPage(id, page, true)
  }

  /** The page before the oldest message shown; false where there is none. */
  async older(id: string): Promise<boolean> {
    const floor = this.#facts.thread(id)?.floor ?? null
    if (floor === null || floor <= 1 || this.#olderUnderWay.has(id)) return false
    this.#olderUnderWay.add(id)
    try {
      const page = await this.#source.messages(id, { before: floor, limit: THREAD_PAGE })
      this.#facts.putPage(id, page, false)
      this.#facts.lowerFloor(id, page.items[0]?.seq ?? 1)
      return page.items.length > 0
    } finally {
      this.#olderUnderWay.delete(id)
    }
  }

  /** What of a client's conversation belongs to no session: echoes, groups, Meta's own messages. */
  async loose(clientId: string): Promise<void> {
    const page = await this.#source.clientMessages(clientId)
    this.#facts.putLoose(clientId, page.items)
  }

  async moreSessions(cursor: string | null, filter: { readonly tag?: string } = {}): Promise<string | null> {
    const askedAt = this.#facts.moment()
    const page = await this.#source.sessions({ limit: 100, ...filter, ...(cursor === null ? {} : { cursor }) })
    for (const session of page.items) this.#facts.putSession(session, askedAt)
    return page.next
  }

  #forgetOldest(justOpened: string): void {
    const opened = this.#facts.opened().filter((id) => id !== justOpened)
    for (const id of opened.slice(0, Math.max(0, opened.length + 1 - KEPT))) this.#facts.forget(id)
  }
}
