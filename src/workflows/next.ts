// What a session is waiting for, in one word: what the supervisor's page shows of the running workflow.
import type { Snapshot } from '../domain/snapshot.ts'
import type { SessionLife } from './contract.ts'

export function nextOf(snapshot: Snapshot, alarmAt: number | null): SessionLife['next'] {
  const { pending, calling, waitUntil } = snapshot.sends
  if (pending + calling > 0) return { what: 'send', at: waitUntil }
  const first = snapshot.timers[0]
  if (first !== undefined) return { what: first.name, at: first.dueAt }
  if (snapshot.phase === 'ended') return { what: 'end', at: null }
  if (snapshot.phase === 'active' && !snapshot.textField.open) return { what: 'client', at: alarmAt }
  return { what: 'operator', at: alarmAt }
}
