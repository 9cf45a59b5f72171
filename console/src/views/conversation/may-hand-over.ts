// Who may hand a session on from where they look at it; the server has the last word.
import type { Session } from '../../api/types.ts'
import { me, supervises } from '../../store/app.ts'

const runs = ({ phase }: Session): boolean => phase === 'active' || phase === 'queued'
const isOwn = (session: Session): boolean => session.operatorId === me.value?.id

export const mayTransfer = (session: Session): boolean =>
  runs(session) && (session.phase === 'queued' || isOwn(session) || supervises(me.value))

/** An offer to oneself alone is declined; what is active goes to its group's queue. */
export function mayGiveBack(session: Session): 'decline' | 'return' | null {
  const offered = session.phase === 'queued' ? (session.offer?.operatorId ?? null) : null
  if (offered !== null && offered === me.value?.id) return 'decline'
  const may = session.phase === 'active' ? isOwn(session) || supervises(me.value) : supervises(me.value)
  return may && (session.phase === 'active' || offered !== null) ? 'return' : null
}

export const mayTakeOver = (session: Session): boolean => runs(session) && !isOwn(session) && supervises(me.value)
