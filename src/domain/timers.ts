// Which timers run for a session, and until when: a pure function of the session's row and the settings. The workflow
// only sleeps until the earliest one and then asks the decision transaction, which judges the facts anew ("close
// unless something came meanwhile"); so a timer that is a little early, late or doubled does no harm.
import type { Instant, Phase } from './words.ts'

export const TIMER_NAMES = [
  'offerOverdue',
  'offerUnanswered',
  'windowWarning',
  'windowExpiry',
  'inactivity',
  'noAnswer',
  'wrapUpMax',
] as const
export type TimerName = (typeof TIMER_NAMES)[number]

/** All in seconds; 0 switches the timer off. */
export interface TimerSettings {
  readonly windowWarning: number
  readonly inactivity: number
  /** For a HeroCard that nobody answers. */
  readonly noAnswer: number
  readonly wrapUpMax: number
}

export interface TimerFacts {
  readonly phase: Phase
  /** Until when the open offer should be accepted; null for none, or where nothing is due. */
  readonly offerDueAt: Instant | null
  readonly overdueAt: Instant | null
  /** The one operator that it is offered to; null for the group. */
  readonly offerOperatorId: string | null
  readonly windowUntil: Instant | null
  /** The `windowUntil` for which the warning was given, or the shutting noted. */
  readonly warnedWindow: Instant | null
  readonly shutWindow: Instant | null
  /** The oldest client message that nobody answered yet. */
  readonly waitingSince: Instant | null
  readonly lastMessageAt: Instant
  /** The last outgoing message is a HeroCard that was neither answered nor refused. */
  readonly awaitsClient: boolean
  readonly acceptedAt: Instant | null
  readonly wrapUpAt: Instant | null
}

export interface Timer {
  readonly name: TimerName
  readonly dueAt: Instant
}

export function timers(facts: TimerFacts, settings: TimerSettings): readonly Timer[] {
  const running: Timer[] = []
  const arm = (name: TimerName, dueAt: Instant | null) => {
    if (dueAt !== null) running.push({ name, dueAt })
  }
  if (facts.phase === 'queued') {
    if (facts.offerOperatorId !== null) arm('offerUnanswered', facts.offerDueAt)
    else if (facts.overdueAt === null) arm('offerOverdue', facts.offerDueAt)
  }
  if (facts.phase === 'active') {
    const until = facts.windowUntil
    if (until !== null && facts.shutWindow !== until) {
      arm('windowExpiry', until)
      // Only an unanswered client makes the warning worth an interruption later on; it is noted for all.
      if (settings.windowWarning > 0 && facts.warnedWindow !== until) {
        arm('windowWarning', until - settings.windowWarning * 1000)
      }
    }
    // A client who waits for an answer is never sent away: the silence must be the client's own.
    if (settings.inactivity > 0 && facts.waitingSince === null) {
      arm('inactivity', Math.max(facts.lastMessageAt, facts.acceptedAt ?? 0) + settings.inactivity * 1000)
    }
  }
  // While the window is open, more can be said than the card that waits.
  if (facts.phase === 'active' && facts.awaitsClient && settings.noAnswer > 0) {
    arm('noAnswer', Math.max(facts.lastMessageAt + settings.noAnswer * 1000, facts.windowUntil ?? 0))
  }
  if (facts.phase === 'wrapUp' && settings.wrapUpMax > 0 && facts.wrapUpAt !== null) {
    arm('wrapUpMax', facts.wrapUpAt + settings.wrapUpMax * 1000)
  }
  return running.sort((a, b) => a.dueAt - b.dueAt)
}

/** The timer of that name if it is due at `at`; null when the facts have moved on since it was armed. */
export function dueTimer(facts: TimerFacts, settings: TimerSettings, name: TimerName, at: Instant): Timer | null {
  const timer = timers(facts, settings).find((candidate) => candidate.name === name)
  return timer !== undefined && timer.dueAt <= at ? timer : null
}
