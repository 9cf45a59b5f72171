// The lists of the workspace, sorted by what is due first. Pure functions of the facts and the time.
import type { Session } from '../api/types.ts'

const time = (iso: string | null): number => (iso === null ? Number.POSITIVE_INFINITY : Date.parse(iso))

/** By the server's word, or as soon as its due time has passed, whichever is known first. */
export const isOverdue = (session: Session, now: number): boolean =>
  session.offer !== null && (session.offer.overdueAt !== null || time(session.offer.dueAt) <= now)

/** Overdue first, then whoever has waited longest. */
export const offers = (sessions: readonly Session[], now: number): readonly Session[] =>
  sessions
    .filter((session) => session.phase === 'queued')
    .sort(
      (a, b) =>
        Number(isOverdue(b, now)) - Number(isOverdue(a, now)) ||
        time(a.offer?.since ?? a.startedAt) - time(b.offer?.since ?? b.startedAt) ||
        (a.id < b.id ? -1 : 1),
    )

const awaits = (session: Session): boolean =>
  session.phase === 'active' && session.textField.reason === 'awaitingClient'

/** Clients who wait for an answer first, the longest first; then what is to be finished; then the rest, newest first. */
export const own = (
  sessions: readonly Session[],
  userId: string,
): { mine: readonly Session[]; waiting: readonly Session[] } => {
  const all = sessions.filter(
    (session) => session.operatorId === userId && (session.phase === 'active' || session.phase === 'wrapUp'),
  )
  const sorted = all.sort(
    (a, b) => due(a) - due(b) || time(b.lastMessageAt) - time(a.lastMessageAt) || (a.id < b.id ? -1 : 1),
  )
  return { mine: sorted.filter((session) => !awaits(session)), waiting: sorted.filter(awaits) }
}

const due = (session: Session): number => {
  if (session.phase === 'wrapUp') return time(session.wrapUpUntil ?? session.wrapUpAt)
  return time(session.waitingSince)
}

/**
 * While the pointer rests on a list nothing in it moves: what is still there keeps its place, what is new comes last.
 */
export function settled<T extends { readonly id: string }>(
  order: readonly string[] | null,
  items: readonly T[],
): readonly T[] {
  if (order === null) return items
  const place = new Map(order.map((id, n) => [id, n]))
  return [...items].sort((a, b) => (place.get(a.id) ?? order.length) - (place.get(b.id) ?? order.length))
}
