// The conversation as one reads it: the sessions of a client one after another, each under a line of its own, days
// between them, and what belongs to no session where it arrived. Pure, so that every view of it is the same.
import type { Message, Session } from '../api/types.ts'
import type { Entry } from './outbox.ts'

export type Item =
  | { readonly kind: 'day'; readonly id: string; readonly at: number }
  | { readonly kind: 'session'; readonly id: string; readonly session: Session }
  | { readonly kind: 'message'; readonly id: string; readonly message: Message; readonly joined: boolean }
  | { readonly kind: 'entry'; readonly id: string; readonly entry: Entry }

export interface Part {
  readonly session: Session
  readonly messages: readonly Message[]
  /** Its first message is here, so its beginning can be shown. */
  readonly whole: boolean
}

interface Source {
  /** Oldest first. */
  readonly parts: readonly Part[]
  readonly loose: readonly Message[]
  readonly entries: readonly Entry[]
  readonly sameDay: (a: number, b: number) => boolean
}

/** Bubbles of one author within this time stand close together. */
const CLOSE_MS = 3 * 60_000

export function conversation({ parts, loose, entries, sameDay }: Source): readonly Item[] {
  const items: Item[] = []
  const first = parts[0]
  const from = first?.messages[0]?.receivedAt ?? first?.session.startedAt ?? ''
  const waiting = loose.filter((message) => first === undefined || message.receivedAt >= from || first.whole)
  let lastDay: number | null = null
  let before: Message | null = null

  const dayOf = (iso: string, id: string) => {
    const at = Date.parse(iso)
    if (lastDay !== null && sameDay(lastDay, at)) return
    items.push({ kind: 'day', id: `day-${id}`, at })
    lastDay = at
    before = null
  }
  const add = (message: Message) => {
    dayOf(message.receivedAt, message.id)
    items.push({ kind: 'message', id: message.id, message, joined: before !== null && belongTogether(before, message) })
    before = message
  }
  let n = 0
  const addLooseBefore = (receivedAt: string | null) => {
    for (
      let next = waiting[n];
      next !== undefined && (receivedAt === null || next.receivedAt < receivedAt);
      next = waiting[n]
    ) {
      add(next)
      n += 1
    }
  }

  for (const part of parts) {
    addLooseBefore(part.whole ? part.session.startedAt : null)
    if (part.whole) {
      dayOf(part.session.startedAt, part.session.id)
      items.push({ kind: 'session', id: part.session.id, session: part.session })
      before = null
    }
    for (const message of part.messages) {
      addLooseBefore(message.receivedAt)
      add(message)
    }
  }
  addLooseBefore(null)
  const shown = new Set(parts.flatMap((part) => part.messages.map((message) => message.clientRef)))
  for (const entry of entries) if (!shown.has(entry.key)) items.push({ kind: 'entry', id: entry.key, entry })
  return items
}

const belongTogether = (a: Message, b: Message): boolean =>
  a.direction === b.direction &&
  a.author.kind === b.author.kind &&
  a.author.id === b.author.id &&
  a.sessionId === b.sessionId &&
  Date.parse(b.receivedAt) - Date.parse(a.receivedAt) < CLOSE_MS
