// Meta's customer service window: a business may write freely until 24 hours after the client's last message or call
// (contract 2.5). It belongs to the client on the channel, never to a session, and runs by Meta's timestamp, because
// a webhook that comes late must not look fresh.
import type { Instant } from './words.ts'

export const WINDOW_MS = 24 * 60 * 60 * 1000

/** A send is judged against the window this much before it shuts: the POST needs its time to reach Meta. */
export const SEND_MARGIN_MS = 5_000

/** Meta retries a webhook for up to seven days; older timestamps, or ones from before WhatsApp, are not believed. */
const OLDEST_BELIEVED_MS = 8 * 24 * 60 * 60 * 1000

/**
 * Two clocks that are both set right differ by seconds. Kerberos lets five minutes pass as such (RFC 4120, 1.6); beyond
 * that one of them is wrong, and the time of receipt is the better guess, not the truth.
 */
const CLOCKS_APART_MS = 5 * 60 * 1000

export interface Window {
  readonly until: Instant | null
  readonly messageId: string | null
}

export interface SpokenAt {
  readonly at: Instant
  /** Meta's timestamp could not be right, so the time of receipt stands in for it. */
  readonly doubted: boolean
}

/**
 * When the client spoke: Meta's timestamp, but never later than its receipt. A timestamp that is missing, unreadable,
 * older than Meta's longest retry or from the future is replaced by the time of receipt and marked.
 */
export function spokenAt(metaTime: Instant | null, receivedAt: Instant): SpokenAt {
  if (metaTime === null || !Number.isFinite(metaTime)) return { at: receivedAt, doubted: true }
  if (metaTime < receivedAt - OLDEST_BELIEVED_MS) return { at: receivedAt, doubted: true }
  return { at: Math.min(metaTime, receivedAt), doubted: metaTime > receivedAt + CLOCKS_APART_MS }
}

/** The window after the client spoke at `at`: it only ever grows. The same object when nothing changed. */
export function extended(window: Window, at: Instant, messageId: string): Window {
  const until = at + WINDOW_MS
  return window.until !== null && window.until >= until ? window : { until, messageId }
}

export const isOpen = (window: Window, at: Instant): boolean => window.until !== null && at < window.until
