// A client of the live view as one should be written: it holds frames while it loads its lists and what changed since
// the last rev it has, then applies them, and keeps of everything what is newer.
import { WebSocket } from 'ws'
import type { Frame } from '../../src/api/live/frames.ts'
import type { MessageView } from '../../src/api/views/message-schema.ts'
import type { SessionView } from '../../src/api/views/session.ts'
import { eventually } from './eventually.ts'
import type { Caller } from './service.ts'

export class LiveClient {
  readonly sessions = new Map<string, SessionView>()
  readonly messages = new Map<string, Map<string, MessageView>>()
  /** Every frame as it came, oldest first. */
  readonly frames: Frame[] = []
  closedWith: number | null = null
  readonly #caller: Caller
  #ws: WebSocket | null = null
  #held: Frame[] | null = null

  constructor(caller: Caller) {
    this.#caller = caller
  }

  async connect(): Promise<void> {
    const ws = new WebSocket(`${this.#caller.url.replace('http', 'ws')}/api/v1/live`, { headers: this.#caller.carries })
    this.#ws = ws
    this.#held = []
    this.closedWith = null
    let hello = false
    ws.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame
      this.frames.push(frame)
      if (frame.type === 'hello') hello = true
      else if (this.#held !== null) this.#held.push(frame)
      else this.#apply(frame)
    })
    ws.on('close', (code) => {
      this.closedWith = code
    })
    ws.on('error', () => {})
    await eventually(() => hello || this.closedWith !== null, 'hello')
    await this.#load()
    const held = this.#held
    this.#held = null
    for (const frame of held) this.#apply(frame)
  }

  say(words: object): void {
    this.#ws?.send(JSON.stringify(words))
  }

  /** As when the network is lost. */
  disconnect(): void {
    this.#ws?.terminate()
    this.#ws = null
  }

  texts(sessionId: string): (string | null)[] {
    const own = [...(this.messages.get(sessionId)?.values() ?? [])]
    return own.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0)).map((message) => message.text)
  }

  async #load(): Promise<void> {
    const listed = await this.#pages<SessionView>('/api/v1/sessions?limit=1000')
    for (const id of this.sessions.keys()) if (!listed.some((session) => session.id === id)) this.#gone(id)
    for (const session of listed) {
      this.#keep(session)
      const own = this.messages.get(session.id) ?? new Map<string, MessageView>()
      this.messages.set(session.id, own)
      const afterRev = Math.max(0, ...[...own.values()].map((message) => message.rev))
      const path = `/api/v1/sessions/${session.id}/messages?limit=1000&afterRev=${afterRev}`
      for (const message of await this.#pages<MessageView>(path)) this.#keepMessage(session.id, message)
    }
  }

  async #pages<T>(path: string): Promise<T[]> {
    const items: T[] = []
    let next: string | null = null
    do {
      const { status, body } = await this.#caller.get(next === null ? path : `${path}&cursor=${next}`)
      if (status !== 200) return items
      items.push(...body.items)
      next = body.next
    } while (next !== null)
    return items
  }

  #apply(frame: Frame): void {
    if (frame.type === 'session') this.#keep(frame.session)
    if (frame.type === 'gone') this.#gone(frame.sessionId)
    if (frame.type === 'message' && frame.sessionId !== null) this.#keepMessage(frame.sessionId, frame.message)
    if (frame.type === 'status') {
      const { sessionId, messageId, rev, status, error } = frame
      const known = this.messages.get(sessionId)?.get(messageId)
      if (known !== undefined && known.rev < rev) this.#keepMessage(sessionId, { ...known, rev, status, error })
    }
  }

  #keep(session: SessionView): void {
    const known = this.sessions.get(session.id)
    if (known === undefined || session.rev >= known.rev) this.sessions.set(session.id, session)
  }

  #keepMessage(sessionId: string, message: MessageView): void {
    const own = this.messages.get(sessionId) ?? new Map<string, MessageView>()
    this.messages.set(sessionId, own)
    const known = own.get(message.id)
    if (known === undefined || message.rev >= known.rev) own.set(message.id, message)
  }

  #gone(sessionId: string): void {
    this.sessions.delete(sessionId)
    this.messages.delete(sessionId)
  }
}
