// Whether the company may begin a session with a client now: by a direct message, or by reconnecting one that has ended.
// Judged on the locked client. Who may do it at all is asked before, by the policy.
import type { Rights } from './policy.ts'
import { allowed, refused, type Verdict } from './refusal.ts'
import type { Phase } from './words.ts'

/** What it begins with. `nothing`: the text field alone, which a reconnect within the window opens. */
export type Opening = 'text' | 'template' | 'nothing'

export interface StartFacts {
  readonly ban: { readonly id: string } | null
  /** The client's session that is not ended; `operatorId` null where it may not be told. */
  readonly inProgress: { readonly sessionId: string; readonly operatorId: string | null } | null
  readonly channelUp: boolean
  readonly channelReason: string | null
  readonly windowOpen: boolean
  readonly slots: number
  readonly taken: number
}

/** `takesSlot`: a client who is awaited costs none, one who may be written to at once does. */
export function start(facts: StartFacts, opening: Opening): Verdict<{ readonly takesSlot: boolean }> {
  if (facts.ban !== null) return refused({ code: 'client-banned', banId: facts.ban.id })
  if (facts.inProgress !== null) return refused({ code: 'session-in-progress', ...facts.inProgress })
  if (!facts.channelUp) return refused({ code: 'channel-down', reason: facts.channelReason })
  if (!facts.windowOpen) {
    return opening === 'template'
      ? allowed({ takesSlot: false })
      : refused({ code: 'text-field-closed', reason: 'windowShut', until: null })
  }
  if (facts.taken >= facts.slots) return refused({ code: 'no-free-slot', slots: facts.slots, taken: facts.taken })
  return allowed({ takesSlot: true })
}

/** Only an ended session is taken up again. */
export const mayReconnect = (phase: Phase): Verdict<null> =>
  phase === 'ended' ? allowed(null) : refused({ code: 'wrong-phase', phase })

/**
 * The group that has the new session: the one asked for, where the caller is in it; else the number's. A number none of
 * whose groups is the caller's is not theirs to write from.
 */
export function groupOfStart(
  rights: Rights,
  channelGroupId: string,
  wanted: string | null,
): Verdict<{ readonly groupId: string }> {
  if (!rights.groupIds.includes(channelGroupId)) return refused({ code: 'not-allowed' })
  if (wanted !== null && !rights.groupIds.includes(wanted)) return refused({ code: 'not-allowed' })
  return allowed({ groupId: wanted ?? channelGroupId })
}
