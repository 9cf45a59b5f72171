// The commands of an operator or supervisor that move a session through its life, judged on the locked row. Access
// (who may see and touch it) is judged before, by the policy; here is what the state of the session allows.
//
//   queued ──accept──▶ active ──end──▶ wrapUp ──result──▶ ended
//                         ▲              │                  (end with a result goes straight to ended)
//                         └─client writes┘
import { allowed, refused, type Verdict } from './refusal.ts'
import type { Instant, Phase } from './words.ts'

export const COMMANDS = ['accept', 'transfer', 'return', 'takeOver', 'end', 'result'] as const
export type CommandKind = (typeof COMMANDS)[number]

export interface CommandFacts {
  readonly phase: Phase
  readonly operatorId: string | null
  readonly offeredToOperator: string | null
  /** `seq` of the last client message that counts for the end. */
  readonly lastInSeq: number
}

export interface ResultFacts {
  readonly noteRequired: boolean
}

/** First accept wins: the row is locked, so the second one finds it active. */
export function accept(
  facts: CommandFacts,
  by: { readonly userId: string; readonly slots: number; readonly taken: number },
): Verdict<{ readonly phase: 'active' }> {
  if (facts.phase !== 'queued') {
    return facts.phase === 'active' && facts.operatorId === by.userId
      ? refused({ code: 'wrong-phase', phase: facts.phase })
      : refused({ code: 'already-accepted' })
  }
  if (facts.offeredToOperator !== null && facts.offeredToOperator !== by.userId)
    return refused({ code: 'already-accepted' })
  if (by.taken >= by.slots) return refused({ code: 'no-free-slot', slots: by.slots, taken: by.taken })
  return allowed({ phase: 'active' })
}

/**
 * `lastSeq` is the newest message the operator had seen; a client message after it that counts refuses the end (I3).
 * One's own messages never do. A session that nobody accepted may be ended too, by those who may command it.
 */
export function end(
  facts: CommandFacts,
  body: { readonly lastSeq: number; readonly result: ResultGiven | null },
  result: ResultFacts | null,
): Verdict<{ readonly phase: 'wrapUp' | 'ended' }> {
  if (facts.phase !== 'active' && facts.phase !== 'queued') return refused({ code: 'wrong-phase', phase: facts.phase })
  if (facts.lastInSeq > body.lastSeq) return refused({ code: 'newer-client-message', lastSeq: facts.lastInSeq })
  if (body.result === null) return allowed({ phase: 'wrapUp' })
  const complete = completeResult(body.result, result)
  return complete.ok ? allowed({ phase: 'ended' }) : complete
}

export interface ResultGiven {
  readonly resultId: string
  readonly note: string | null
}

/** A result ends the wrap-up, and may be changed long after the end, with a trace. */
export function giveResult(
  facts: CommandFacts,
  given: ResultGiven,
  result: ResultFacts | null,
): Verdict<{ readonly ends: boolean }> {
  if (facts.phase !== 'wrapUp' && facts.phase !== 'ended') return refused({ code: 'wrong-phase', phase: facts.phase })
  const complete = completeResult(given, result)
  return complete.ok ? allowed({ ends: facts.phase === 'wrapUp' }) : complete
}

function completeResult(given: ResultGiven, result: ResultFacts | null): Verdict<null> {
  if (result === null) return refused({ code: 'unknown-result' })
  if (result.noteRequired && (given.note === null || given.note.trim() === '')) {
    return refused({ code: 'result-required', missing: 'note' })
  }
  return allowed(null)
}

/** When the client's oldest unanswered message came, after one more message. */
export const waitingAfterClient = (waitingSince: Instant | null, receivedAt: Instant): Instant =>
  waitingSince ?? receivedAt
