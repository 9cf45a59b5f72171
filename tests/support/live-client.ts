// A client of the live view as one should be written: it holds frames while it loads its lists and what changed since
// it was last complete, then applies them, and keeps of everything what is newer. It writes down what it saw, so that
// tests can judge each frame.
import { WebSocket } from 'ws'
import type { Frame } from '../../src/api/live/frames.ts'
import type { MessageView } from '../../src/api/views/message-schema.ts'
import type { SessionView } from '../../src/api/views/session.ts'
import { eventually } from './eventually.ts'
import type { Caller } from './service.ts'

export interface Seen {
  readonly frame: Frame
  /** When it came, and through which connection. */
  readonly at: number
  readonly connection: number
}

export class LiveClient {
  readonly sessions = new Map<string, SessionView>()
  readonly messages = new Map<string, Map<string, MessageView>>()
  /** Every frame as it came, oldest first. */
  readonly frames: Frame[] = []
  readonly seen: Seen[] = []
  /** Every state that a message was ever shown in, oldest first. */
  readonly shown = new Map<string, MessageView[]>()
  closedWith: number | null = null
  /** Which sessions it keeps the messages of. */
  shows: (session: SessionView) => boolean = () => true
  #caller: Caller
  #ws: WebSocket | null = null
  #connection = 0
  #held: Frame[] | null = null
  #again = false
  /** Sessions whose messages are being loaded, with what was pushed of them meanwhile. */
  readonly #opening = new Map<string, Frame[]>()
  #framesLeft = Number.POSITIVE_INFINITY

  constructor(caller: Caller) {
    this.#caller = caller
  }

  get connected(): boolean {
    return this.#ws?.readyState === WebSocket.OPEN && this.closedWith === null
  }

  /** Everything that was pushed so far is in the store. */
  get settled(): boolean {
    return this.#held === null && this.#opening.size === 0
  }

  async connect(caller: Caller = this.#caller): Promise<void> {
    this.#caller = caller
    const ws = new WebSocket(`${caller.url.replace('http', 'ws')}/api/v1/live`, { headers: caller.carries })
    const connection = ++this.#connection
    this.#ws = ws
    this.#held = []
    this.#opening.clear()
    this.#framesLeft = Number.POSITIVE_INFINITY
    this.closedWith = null
    let hello = false
    const current = () => this.#connection === connection
    ws.on('message', (data) => {
      if (!current()) return
      if (this.#framesLeft-- <= 0) return this.disconnect()
      const frame = JSON.parse(String(data)) as Frame
      this.frames.push(frame)
      this.seen.push({ frame, at: Date.now(), connection })
      if (frame.type === 'hello') hello = true
      else this.#take(frame)
    })
    ws.on('close', (code) => {
      if (current()) this.closedWith = code
    })
    ws.on('error', () => {})
    await eventually(() => hello || !current() || this.closedWith !== null, 'hello')
    await this.#catchUp(current)
  }

  say(words: object): void {
    this.#ws?.send(JSON.stringify(words))
  }

  /** What was said has been heard: an own ping is answered after it. */
  async heard(): Promise<void> {
    const ws = this.#ws
    if (ws === null) throw new Error('not connected')
    const answered = new Promise((resolve) => ws.once('pong', resolve))
    ws.ping()
    await answered
  }

  /** Takes nothing from the network any more, ... */
  pause(): void {
    this.#ws?.pause()
  }

  /** ... and does again. */
  resume(): void {
    this.#ws?.resume()
  }

  /** As when the network is lost. */
  disconnect(): void {
    this.#ws?.terminate()
    this.#ws = null
    this.#connection += 1
  }

  /** As when the network is lost in the middle of what is pushed. */
  disconnectAfter(frames: number): void {
    this.#framesLeft = frames
  }

  texts(sessionId: string): (string | null)[] {
    const own = [...(this.messages.get(sessionId)?.values() ?? [])]
    return own.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0)).map((message) => message.text)
  }

  #take(frame: Frame): void {
    if (frame.type === 'resync') {
      if (this.#held !== null) {
        this.#again = true
        return
      }
      this.#held = []
      const connection = this.#connection
      void this.#catchUp(() => this.#connection === connection)
    } else if (this.#held !== null) this.#held.push(frame)
    else this.#apply(frame)
  }

  async #catchUp(current: () => boolean): Promise<void> {
    do {
      this.#again = false
      await this.#load(current)
      if (!current()) return
    } while (this.#again)
    const held = this.#held ?? []
    this.#held = null
    for (const frame of held) this.#apply(frame)
  }

  async #load(current: () => boolean): Promise<void> {
    const listed = await this.#pages<SessionView>('/api/v1/sessions?limit=1000')
    if (!current() || listed === null) return
    for (const id of [...this.sessions.keys()]) if (!listed.some((session) => session.id === id)) this.#gone(id)
    for (const session of listed) {
      this.#keep(session)
      if (!this.shows(session)) continue
      const messages = await this.#changes(session.id)
      if (!current()) return
      for (const message of messages) this.#keepMessage(session.id, message)
    }
  }

  /**
   * What changed since it was last complete. The rev that it has got to is asked for once more: a change of several
   * messages is told in several frames, and the connection may have ended between two of them.
   */
  async #changes(sessionId: string): Promise<readonly MessageView[]> {
    const known = [...(this.messages.get(sessionId)?.values() ?? [])].map((message) => message.rev)
    const afterRev = Math.max(0, ...known.map((rev) => rev - 1))
    return (await this.#pages(`/api/v1/sessions/${sessionId}/messages?limit=1000&afterRev=${afterRev}`)) ?? []
  }

  /** One that it may see only now. */
  async #open(sessionId: string): Promise<void> {
    const held: Frame[] = []
    this.#opening.set(sessionId, held)
    const messages = await this.#changes(sessionId)
    if (this.#opening.get(sessionId) !== held) return
    this.#opening.delete(sessionId)
    for (const message of messages) this.#keepMessage(sessionId, message)
    for (const frame of held) this.#apply(frame)
  }

  /** Null where it may not be asked. */
  async #pages<T>(path: string): Promise<T[] | null> {
    const items: T[] = []
    let next: string | null = null
    do {
      const { status, body } = await this.#caller.get(next === null ? path : `${path}&cursor=${next}`)
      if (status !== 200) return null
      items.push(...body.items)
      next = body.next
    } while (next !== null)
    return items
  }

  #apply(frame: Frame): void {
    if (frame.type === 'session') {
      const isNew = !this.sessions.has(frame.session.id)
      this.#keep(frame.session)
      if (isNew && this.shows(frame.session)) void this.#open(frame.session.id)
    }
    if (frame.type === 'gone') this.#gone(frame.sessionId)
    if ((frame.type === 'message' || frame.type === 'status') && frame.sessionId !== null) {
      const held = this.#opening.get(frame.sessionId)
      if (held !== undefined) held.push(frame)
      else if (frame.type === 'message') this.#keepMessage(frame.sessionId, frame.message)
      else this.#tell(frame)
    }
  }

  #tell({ sessionId, messageId, rev, status, error }: Frame & { type: 'status' }): void {
    const known = this.messages.get(sessionId)?.get(messageId)
    if (known !== undefined && known.rev < rev) this.#keepMessage(sessionId, { ...known, rev, status, error })
  }

  #keep(session: SessionView): void {
    const known = this.sessions.get(session.id)
    if (known === undefined || session.rev >= known.rev) this.sessions.set(session.id, session)
  }

  #keepMessage(sessionId: string, message: MessageView): void {
    const own = this.messages.get(sessionId) ?? new Map<string, MessageView>()
    this.messages.set(sessionId, own)
    const known = own.get(message.id)
    if (known !== undefined && message.rev < known.rev) return
    own.set(message.id, message)
    this.shown.set(message.id, [...(this.shown.get(message.id) ?? []), message])
  }

  #gone(sessionId: string): void {
    this.sessions.delete(sessionId)
    this.messages.delete(sessionId)
    this.#opening.delete(sessionId)
  }
}
