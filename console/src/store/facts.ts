// What the console knows: sessions, the threads of those it has opened, channels, who is there. Everything that arrives,
// by answer or by push, goes through here and keeps what is newer; views only read.
import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Channel, LiveFrame, Message, Page, Presence, Session } from '../api/types.ts'
import { Table } from './table.ts'
import { Thread } from './thread.ts'

export interface Typing {
  readonly userId: string
  readonly at: number
}

export interface Present {
  readonly status: Presence
  readonly reason: string | null
}

interface ThreadCell {
  readonly thread: Thread
  readonly version: Signal<number>
  readonly messages: ReadonlySignal<readonly Message[]>
}

export class Facts {
  readonly sessions = new Table<Session>()
  readonly channels = new Table<Channel>()
  readonly presence = new Table<Present>()
  readonly typing = new Table<Typing>()
  /** Names of users, learned from wherever they appear. */
  readonly names = new Table<string>()
  /** By client: what belongs to the conversation, but to no session. */
  readonly loose = new Table<readonly Message[]>()
  /** Server time minus this machine's. */
  readonly clockOffset = signal(0)
  readonly #threads = new Map<string, ThreadCell>()
  readonly #goneAt = new Map<string, number>()
  #moment = 0
  readonly #wallClock: () => number
  /** Told of every message that comes, by push or by answer. */
  onMessage: (message: Message) => void = () => {}

  constructor(wallClock: () => number = Date.now) {
    this.#wallClock = wallClock
  }

  /** Taken before asking for sessions: an answer that was under way cannot bring back what went meanwhile. */
  moment(): number {
    return this.#moment
  }

  putSession(session: Session, askedAt: number = this.#moment): void {
    if ((this.#goneAt.get(session.id) ?? 0) > askedAt) return
    const known = this.sessions.peek(session.id)
    if (known !== undefined && known.rev > session.rev) return
    batch(() => {
      this.sessions.set(session.id, session)
      if (session.operatorId !== null && session.operatorName !== null)
        this.names.set(session.operatorId, session.operatorName)
    })
  }

  /** No longer one's own to see. */
  gone(sessionId: string): void {
    this.#moment += 1
    this.#goneAt.set(sessionId, this.#moment)
    batch(() => {
      this.sessions.delete(sessionId)
      const cell = this.#threads.get(sessionId)
      this.#threads.delete(sessionId)
      if (cell !== undefined) cell.version.value += 1
    })
  }

  /** The conversations that are kept complete, newest opened last. */
  opened(): readonly string[] {
    return [...this.#threads.keys()]
  }

  thread(sessionId: string): Thread | undefined {
    return this.#threads.get(sessionId)?.thread
  }

  /** From here on everything that is told of this session's messages is kept. */
  open(sessionId: string): Thread {
    const cell = this.#cell(sessionId)
    this.#threads.delete(sessionId)
    this.#threads.set(sessionId, cell)
    return cell.thread
  }

  forget(sessionId: string): void {
    this.#threads.delete(sessionId)
  }

  messages(sessionId: string): ReadonlySignal<readonly Message[]> {
    return this.#cell(sessionId).messages
  }

  /** A page that was asked for; `whole` when nothing between it and the newest message can be missing. */
  putPage(sessionId: string, page: Page<Message>, whole: boolean): void {
    const cell = this.#threads.get(sessionId)
    if (cell === undefined) return
    batch(() => {
      for (const message of page.items) {
        this.#put(cell, message)
        if (whole) cell.thread.upTo(message.rev)
      }
      cell.version.value += 1
    })
  }

  lowerFloor(sessionId: string, seq: number): void {
    const cell = this.#threads.get(sessionId)
    if (cell === undefined) return
    cell.thread.lowerFloor(seq)
    cell.version.value += 1
  }

  putLoose(clientId: string, messages: readonly Message[]): void {
    const byId = new Map((this.loose.peek(clientId) ?? []).map((message) => [message.id, message]))
    for (const message of messages) {
      if (message.sessionId !== null) continue
      const known = byId.get(message.id)
      if (known === undefined || known.rev <= message.rev) byId.set(message.id, message)
    }
    const sorted = [...byId.values()].sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))
    this.loose.set(clientId, sorted)
  }

  apply(frame: LiveFrame): void {
    batch(() => this.#apply(frame))
  }

  #apply(frame: LiveFrame): void {
    switch (frame.type) {
      case 'hello':
        this.clockOffset.value = Date.parse(frame.serverTime) - this.#wallClock()
        return
      case 'session':
        this.putSession(frame.session)
        return
      case 'message':
        this.#applyMessage(frame)
        return
      case 'status': {
        const cell = this.#threads.get(frame.sessionId)
        if (cell === undefined) return
        cell.thread.tell(frame)
        cell.thread.upTo(frame.rev)
        cell.version.value += 1
        return
      }
      case 'gone':
        this.gone(frame.sessionId)
        return
      case 'presence':
        this.presence.set(frame.userId, { status: frame.status, reason: frame.reason })
        return
      case 'channel':
        this.channels.set(frame.channel.id, frame.channel)
        return
      case 'typing':
        this.typing.set(frame.sessionId, { userId: frame.userId, at: this.#wallClock() })
        return
      case 'resync':
        return
    }
  }

  #applyMessage(frame: Extract<LiveFrame, { type: 'message' }>): void {
    const { message } = frame
    const sessionId = message.sessionId
    if (sessionId === null) {
      if (this.loose.peek(message.clientId) !== undefined) this.putLoose(message.clientId, [message])
      return
    }
    const cell = this.#threads.get(sessionId)
    if (cell === undefined) return
    this.#put(cell, message)
    cell.thread.upTo(message.rev)
    cell.version.value += 1
  }

  /** The answer to a command of one's own: it does not prove that nothing before it is missing. */
  putMessage(message: Message): void {
    const cell = message.sessionId === null ? undefined : this.#threads.get(message.sessionId)
    if (cell === undefined) return
    batch(() => {
      this.#put(cell, message)
      cell.version.value += 1
    })
  }

  #put(cell: ThreadCell, message: Message): void {
    cell.thread.put(message)
    this.#learn(message.author)
    this.onMessage(message)
  }

  #learn(author: Message['author']): void {
    const user = author.kind === 'operator' || author.kind === 'program'
    if (user && author.id !== null && author.name !== null) this.names.set(author.id, author.name)
  }

  #cell(sessionId: string): ThreadCell {
    const known = this.#threads.get(sessionId)
    if (known !== undefined) return known
    const thread = new Thread()
    const version = signal(0)
    const messages = computed(() => {
      void version.value
      return thread.messages()
    })
    const cell = { thread, version, messages }
    this.#threads.set(sessionId, cell)
    return cell
  }
}
