// Who sees and touches which session (I7): the one policy that REST, websocket and lists ask.
//
//   operator       queued sessions of own groups, except one offered to another operator alone; own sessions;
//                  ended ones of own groups; others' active ones, read-only, with the right `seeOthers`
//   supervisor     the same for all sessions of their groups, and may transfer, return, take over and end them
//   administrator  all
//   program        as the user whose token it carries
import type { Phase, Role } from './words.ts'

export interface Rights {
  readonly userId: string
  readonly role: Role
  readonly groupIds: readonly string[]
  readonly seeOthers: boolean
  readonly slots: number
}

/** What of a session decides who may see it. */
export interface AccessFacts {
  readonly phase: Phase
  readonly groupId: string | null
  readonly operatorId: string | null
  readonly offerOperatorId: string | null
}

export const SESSION_ACTIONS = [
  'accept',
  'write',
  'transfer',
  'return',
  'takeOver',
  'end',
  'result',
  'note',
  'read',
  'tag',
  'reconnect',
] as const
export type SessionAction = (typeof SESSION_ACTIONS)[number]

const SUPERVISED: ReadonlySet<SessionAction> = new Set(['transfer', 'return', 'takeOver', 'end', 'result'])

const inGroup = (rights: Rights, facts: AccessFacts): boolean =>
  facts.groupId !== null && rights.groupIds.includes(facts.groupId)

const isOwn = (rights: Rights, facts: AccessFacts): boolean => facts.operatorId === rights.userId

export function maySee(rights: Rights, facts: AccessFacts): boolean {
  if (rights.role === 'administrator' || isOwn(rights, facts)) return true
  if (facts.phase === 'queued' && facts.offerOperatorId === rights.userId) return true
  if (!inGroup(rights, facts)) return false
  if (rights.role === 'supervisor') return true
  switch (facts.phase) {
    case 'queued':
      return facts.offerOperatorId === null
    case 'ended':
      return true
    case 'active':
    case 'wrapUp':
      return rights.seeOthers
  }
}

export type Access = 'allowed' | 'not-found' | 'not-allowed' | 'not-your-session'

/**
 * `accept` of a session that was one's group's a moment ago is answered by the session's state, not by "not found":
 * whoever lost the race learns that somebody else was first.
 */
export function mayDo(rights: Rights, facts: AccessFacts, action: SessionAction): Access {
  if (action === 'accept') {
    return maySee(rights, facts) || inGroup(rights, facts) ? 'allowed' : 'not-found'
  }
  if (!maySee(rights, facts)) return 'not-found'
  // Of the ended sessions of one's groups everybody may take up any; whether it has ended is for its state to say.
  if (action === 'reconnect') return 'allowed'
  if (isOwn(rights, facts)) return 'allowed'
  if (facts.operatorId === null && (action === 'write' || action === 'transfer')) return 'allowed'
  // Whoever it is offered to alone may decline; a group's offer is nobody's to return.
  if (action === 'return' && facts.operatorId === null) return 'allowed'
  if (rights.role !== 'operator' && SUPERVISED.has(action)) return 'allowed'
  // Before it has an operator, and once it is over, tags and notes are everybody's who sees it.
  if (
    (action === 'tag' || action === 'note') &&
    (rights.role !== 'operator' || facts.operatorId === null || facts.phase === 'ended')
  ) {
    return 'allowed'
  }
  return facts.operatorId === null ? 'not-allowed' : 'not-your-session'
}
