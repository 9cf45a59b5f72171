// Who may end a session from where they look at it; the server has the last word.
import { facts, me } from '../../store/app.ts'

export function mayEnd(id: string): boolean {
  const session = facts.sessions.peek(id)
  const user = me.peek()
  if (session === undefined || user === null || session.phase !== 'active') return false
  return session.operatorId === user.id || user.role !== 'operator'
}
