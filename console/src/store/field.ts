// Whether one may type, as the screen says it: what the server told, counted down by the server's time, so that a
// window which shuts while one writes is not shown as open. It never opens what the server has closed.
import type { ClosedBecause, Session } from '../api/types.ts'

export type Field =
  | { readonly kind: 'open'; readonly until: number | null }
  | { readonly kind: 'closed'; readonly reason: ClosedBecause }
  /** Somebody else's session: one reads. */
  | { readonly kind: 'reading' }

export function field(session: Session, userId: string, now: number): Field {
  const { open, reason, until } = session.textField
  const others = session.operatorId !== null && session.operatorId !== userId
  if (others && (session.phase === 'active' || session.phase === 'wrapUp')) return { kind: 'reading' }
  if (!open) return { kind: 'closed', reason: reason ?? 'ended' }
  const shutsAt = until === null ? null : Date.parse(until)
  return shutsAt !== null && shutsAt <= now
    ? { kind: 'closed', reason: 'windowShut' }
    : { kind: 'open', until: shutsAt }
}
