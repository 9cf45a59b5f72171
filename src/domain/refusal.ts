// Every way in which Parley says no. A refusal has a stable code (it is part of the interface), and carries the facts
// that the sentence for a person needs; the sentences live with the API's problem documents.

import type { Mistake, NotSendable } from './template.ts'
import type { ClosedBecause } from './text-field.ts'
import type { Instant } from './words.ts'

export type Refusal =
  | { readonly code: 'text-field-closed'; readonly reason: ClosedBecause; readonly until: Instant | null }
  | { readonly code: 'not-found' }
  | { readonly code: 'not-allowed' }
  | { readonly code: 'not-your-session' }
  | { readonly code: 'already-accepted' }
  | { readonly code: 'no-free-slot'; readonly slots: number; readonly taken: number }
  | { readonly code: 'wrong-phase'; readonly phase: string }
  | { readonly code: 'newer-client-message'; readonly lastSeq: number }
  | { readonly code: 'result-required'; readonly missing: 'result' | 'note' }
  | { readonly code: 'unknown-result' }
  | { readonly code: 'unknown-tag' }
  | { readonly code: 'unknown-message' }
  /** `unknown`: the number has no such HeroCard. */
  | { readonly code: 'template-not-sendable'; readonly reason: NotSendable | 'unknown' }
  | { readonly code: 'wrong-parameters'; readonly mistakes: readonly Mistake[] }
  | { readonly code: 'not-retryable'; readonly status: string }
  | { readonly code: 'client-banned'; readonly banId?: string }
  /** `operatorId` where the caller may see the session. */
  | { readonly code: 'session-in-progress'; readonly sessionId: string; readonly operatorId: string | null }
  | { readonly code: 'wrong-target'; readonly of: 'operatorId' | 'groupId'; readonly reason: 'unknown' | 'has-it' }
  | { readonly code: 'nobody-available' }
  | { readonly code: 'unknown-recipient'; readonly of: 'to' | 'contactId' }
  | { readonly code: 'idempotency-key-reused' }
  | { readonly code: 'channel-down'; readonly reason: string | null }

export type RefusalCode = Refusal['code']

/** The outcome of a rule: allowed, or refused, each with the facts that decided it. */
export type Verdict<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export const allowed = <T>(value: T): Verdict<T> => ({ ok: true, value })
export const refused = (refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } => ({ ok: false, refusal })
