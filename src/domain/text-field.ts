// May the operator type freely? One pure function, asked by every decision and by the API, so that the console, the
// gate of each send and the workflow's query can never give different answers (I6).
//
//   ended > wrapUp > queued (noOperator) > banned > channelDown > awaitingClient | windowShut > open
//
// The first reason in this order that holds is the one that is told: it is the one whose removal matters next.
import { isOpen, type Window } from './window.ts'
import type { Instant, Phase } from './words.ts'

export const CLOSED_BECAUSE = [
  'awaitingClient',
  'windowShut',
  'noOperator',
  'banned',
  'channelDown',
  'wrapUp',
  'ended',
] as const
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number]

export type TextField =
  | { readonly open: true; readonly until: Instant; readonly reason: null }
  | { readonly open: false; readonly until: null; readonly reason: ClosedBecause }

export interface TextFieldFacts {
  readonly phase: Phase
  readonly window: Window
  /** The last outgoing message is a HeroCard that was neither answered nor refused. */
  readonly awaitsClient: boolean
  /** The client is on the blacklist now. */
  readonly banned: boolean
  readonly channelUp: boolean
}

const closed = (reason: ClosedBecause): TextField => ({ open: false, until: null, reason })

/**
 * May a HeroCard be sent? Where free text may, and where only the window is shut; not while an earlier one waits for its
 * answer. The value is why not.
 */
export function heroCardClosed(facts: TextFieldFacts, at: Instant): ClosedBecause | null {
  const field = textField(facts, at)
  return field.open || field.reason === 'windowShut' ? null : field.reason
}

export function textField(facts: TextFieldFacts, at: Instant): TextField {
  if (facts.phase === 'ended') return closed('ended')
  if (facts.phase === 'wrapUp') return closed('wrapUp')
  if (facts.phase === 'queued') return closed('noOperator')
  if (facts.banned) return closed('banned')
  if (!facts.channelUp) return closed('channelDown')
  if (facts.window.until === null || !isOpen(facts.window, at)) {
    return closed(facts.awaitsClient ? 'awaitingClient' : 'windowShut')
  }
  return { open: true, until: facts.window.until, reason: null }
}
