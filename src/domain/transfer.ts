// Handing a session on: to an operator or a group, back to the queue, or to a supervisor who takes it over. Whoever is
// handed a session alone has a time to accept it; then it goes where the settings say, and is never lost.
//
//   queued, active ──transfer──▶ queued, offered to the target ──accept──▶ active
//                                  │ not taken, or returned: back to whoever had it, else the group's queue
//   active ──return──▶ queued, offered to the group          queued, active ──takeOver──▶ active
import type { CommandFacts } from './commands.ts'
import { allowed, refused, type Verdict } from './refusal.ts'

export type Target =
  | { readonly kind: 'operator'; readonly operatorId: string }
  | { readonly kind: 'group'; readonly groupId: string }

/** What is known of the target: null where there is none of that id. */
export type TargetFacts = { readonly there: boolean } | null

export interface HandOverFacts extends CommandFacts {
  readonly groupId: string | null
}

/** `there`: the operator, or somebody of the group, is signed in. Busy or away they may be: the offer waits for them. */
export function transfer(facts: HandOverFacts, target: Target, known: TargetFacts): Verdict<null> {
  if (facts.phase !== 'queued' && facts.phase !== 'active') return refused({ code: 'wrong-phase', phase: facts.phase })
  const of = target.kind === 'operator' ? 'operatorId' : 'groupId'
  if (known === null) return refused({ code: 'wrong-target', of, reason: 'unknown' })
  if (hasIt(facts, target)) return refused({ code: 'wrong-target', of, reason: 'has-it' })
  return known.there ? allowed(null) : refused({ code: 'nobody-available' })
}

function hasIt(facts: HandOverFacts, target: Target): boolean {
  if (target.kind === 'operator') return [facts.operatorId, facts.offeredToOperator].includes(target.operatorId)
  return facts.phase === 'queued' && facts.offeredToOperator === null && facts.groupId === target.groupId
}

/** From the operator who has it to the group's queue; an offer to one operator alone is declined. */
export function giveBack(facts: CommandFacts): Verdict<{ readonly declines: boolean }> {
  if (facts.phase === 'active') return allowed({ declines: false })
  if (facts.phase === 'queued' && facts.offeredToOperator !== null) return allowed({ declines: true })
  return refused({ code: 'wrong-phase', phase: facts.phase })
}

/** Whoever may, may at once: slots bound what one is offered, not what one takes upon oneself. */
export function takeOver(facts: CommandFacts, userId: string): Verdict<null> {
  const open = facts.phase === 'queued' || facts.phase === 'active'
  return open && facts.operatorId !== userId ? allowed(null) : refused({ code: 'wrong-phase', phase: facts.phase })
}

/** Where an offer to one operator goes that was declined, or not accepted in time; null for the group's queue. */
export const backTo = (
  sender: { readonly userId: string; readonly there: boolean } | null,
  settings: { readonly transferComesBack: boolean },
): string | null => (settings.transferComesBack && sender?.there === true ? sender.userId : null)
