// The messages of one session as far as they are known: whole messages, and the statuses told after them. In whatever
// order and however often they arrive, the same facts make the same thread: a whole message replaces an older one, a
// status counts only while it is newer than the message it belongs to, and two of the same rev climb the ladder.
import type { Message, MessageStatus, SendError } from '../api/types.ts'

export interface StatusTold {
  readonly messageId: string
  readonly rev: number
  readonly status: MessageStatus
  readonly at: string
  readonly error: SendError | null
}

const LADDER: readonly MessageStatus[] = [
  'pending',
  'calling',
  'unknown',
  'accepted',
  'sent',
  'delivered',
  'read',
  'played',
  'failed',
]
const rank = (status: MessageStatus): number => LADDER.indexOf(status)

const inOrder = (a: StatusTold, b: StatusTold): number =>
  a.rev - b.rev || rank(a.status) - rank(b.status) || (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)

const same = (a: StatusTold, b: StatusTold): boolean => inOrder(a, b) === 0

export class Thread {
  readonly #whole = new Map<string, Message>()
  readonly #told = new Map<string, readonly StatusTold[]>()
  readonly #shown = new Map<string, Message>()
  /** The oldest `seq` from which on everything is here; null until the first page has come. */
  #floor: number | null = null
  #rev = 0

  get floor(): number | null {
    return this.#floor
  }

  /** Every change up to this rev is here, so an absence is made up for by what came after it. */
  get rev(): number {
    return this.#rev
  }

  /** Ascending, without gaps, from the floor on. */
  messages(): readonly Message[] {
    const floor = this.#floor
    if (floor === null) return []
    return [...this.#shown.values()]
      .filter((message) => message.seq !== null && message.seq >= floor)
      .sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
  }

  get(messageId: string): Message | undefined {
    return this.#shown.get(messageId)
  }

  put(message: Message): void {
    const known = this.#whole.get(message.id)
    if (known !== undefined && known.rev > message.rev) return
    this.#whole.set(message.id, message)
    const later = (this.#told.get(message.id) ?? []).filter((told) => told.rev > message.rev)
    this.#told.set(message.id, later)
    this.#shown.set(message.id, withStatuses(message, later))
  }

  tell(told: StatusTold): void {
    const whole = this.#whole.get(told.messageId)
    if (whole !== undefined && whole.rev >= told.rev) return
    const known = this.#told.get(told.messageId) ?? []
    if (known.some((one) => same(one, told))) return
    const all = [...known, told].sort(inOrder)
    this.#told.set(told.messageId, all)
    if (whole !== undefined) this.#shown.set(told.messageId, withStatuses(whole, all))
  }

  /** Everything up to `rev` has been received: live, or by a page that was asked for. */
  upTo(rev: number): void {
    this.#rev = Math.max(this.#rev, rev)
  }

  lowerFloor(seq: number): void {
    this.#floor = this.#floor === null ? seq : Math.min(this.#floor, seq)
  }
}

function withStatuses(message: Message, told: readonly StatusTold[]): Message {
  const last = told.at(-1)
  if (last === undefined) return message
  const times = Object.fromEntries(told.map(({ status, at }) => [status, at]))
  const newest = message.attempts.length - 1
  return {
    ...message,
    rev: last.rev,
    status: last.status,
    statusTimes: { ...message.statusTimes, ...times },
    error: last.error,
    waitingUntil: last.status === 'pending' ? message.waitingUntil : null,
    attempts: message.attempts.map((attempt, n) =>
      n === newest ? { ...attempt, status: last.status, at: last.at, error: last.error } : attempt,
    ),
  }
}
