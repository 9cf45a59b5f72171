// What Meta's error codes mean to an operator, and what Parley does about them by itself. From Meta's page "Error
// codes" (Nov 2025) and the codes that came after it. Codes decide; Meta's titles are to be deprecated.
import type { Instant, Json } from './words.ts'

/** `now`: the operator may send it again. `template`: only a HeroCard can. `never`: sending it again cannot help. */
export const RETRY = ['now', 'template', 'never'] as const
export type Retry = (typeof RETRY)[number]

export interface SendError {
  /** Meta's code, or a word where Parley itself found it. */
  readonly code: number | string
  readonly title: string
  readonly advice: string
  readonly retry: Retry
  /** Meta's own words, where it gave any. */
  readonly details?: string
  /** Meta called the window shut; by the client's last message it is open until then. */
  readonly windowUntil?: Instant
}

interface Meaning {
  readonly title: string
  readonly advice: string
  readonly retry: Retry
  /** Refused for a moment only: Parley tries again by itself, visibly. */
  readonly passing?: 'short' | 'pair' | 'long'
  /** The number itself cannot send until somebody repairs it. */
  readonly channelDown?: boolean
}

const AGAIN = 'Try again in a moment.'
const ADMIN = 'Tell an administrator: this has to be repaired at Meta.'

const permission: Meaning = {
  title: 'Parley lacks a permission for this number',
  advice: ADMIN,
  retry: 'now',
  channelDown: true,
}
const busy = (title: string, passing: 'short' | 'pair' | 'long'): Meaning => ({
  title,
  advice: AGAIN,
  retry: 'now',
  passing,
})
const wrong = (title: string, advice: string): Meaning => ({ title, advice, retry: 'never' })
const down = (title: string, advice = ADMIN): Meaning => ({ title, advice, retry: 'now', channelDown: true })
const notThisOne = (title: string): Meaning => wrong(title, 'Correct the HeroCard, or choose another one.')

const MEANINGS: Readonly<Record<number, Meaning>> = {
  0: down('Meta did not accept the access token', 'Tell an administrator: the number needs a new access token.'),
  1: busy('Meta reported an unknown error', 'short'),
  2: busy('Meta’s service is down for a moment', 'short'),
  3: permission,
  4: busy('The application sends more than Meta allows', 'long'),
  10: permission,
  33: down('The number was deleted at Meta'),
  100: wrong('Meta did not accept the message', 'Write it differently; if that does not help, tell an administrator.'),
  190: down('The number’s access token has expired', 'Tell an administrator: the number needs a new access token.'),
  368: down('Meta has blocked the number for a breach of its policy'),
  80007: busy('The business account sends more than Meta allows', 'long'),
  130429: busy('The number sends faster than Meta allows', 'short'),
  130472: wrong('Meta holds this client out of marketing messages', 'Wait until the client writes.'),
  130497: wrong('Meta does not allow messages to this client’s country', 'Reach the client another way.'),
  131000: busy('Meta could not send the message', 'short'),
  131005: permission,
  131008: wrong('A part of the message is missing', 'Write it anew; if that does not help, tell an administrator.'),
  131009: wrong('A part of the message is not what Meta accepts', 'Write it differently.'),
  131016: busy('Meta’s service is overloaded', 'short'),
  131021: wrong('The client’s number is the company’s own', 'Choose another client.'),
  131026: wrong(
    'The message cannot be delivered to this number',
    'The number is not on WhatsApp, its app is too old, or the client has not accepted WhatsApp’s terms. Reach the client another way.',
  ),
  131030: wrong('The client is not among the numbers that this test account may write to', ADMIN),
  131031: down('Meta has locked the business account'),
  131036: wrong('The message could not be kept for long enough', AGAIN),
  131037: down('The number’s display name has not been approved'),
  131042: down(
    'Meta cannot charge for messages of this number',
    'Tell an administrator: the payment method at Meta needs attention.',
  ),
  131045: down('The number is not registered correctly at Meta'),
  131047: {
    title: 'More than 24 hours since the client’s last message',
    advice: 'WhatsApp allows only a HeroCard now. The client can write at any time.',
    retry: 'template',
  },
  131048: {
    title: 'Too many messages of this number were reported as spam',
    advice: 'Wait some hours, and tell an administrator.',
    retry: 'now',
  },
  131049: {
    title: 'Meta chose not to deliver this message',
    advice: 'The client has had enough marketing messages. Wait at least a day, or until the client writes.',
    retry: 'never',
  },
  131050: wrong('The client does not want marketing messages', 'Wait until the client writes.'),
  131051: wrong('WhatsApp does not support this kind of message', 'Send it as text.'),
  131052: wrong('Meta could not fetch the file', 'Ask the client to send it again.'),
  131053: wrong('Meta could not use the file', 'Send it in another format.'),
  131055: wrong('This number may not send this kind of message', ADMIN),
  131056: busy('Too many messages to this client in a short time', 'pair'),
  131057: busy('The number is in maintenance for about a minute', 'long'),
  131062: wrong('This message can only be sent to a phone number', 'Ask the client for the phone number.'),
  131063: wrong('Marketing messages are switched off for this account', ADMIN),
  131064: wrong('The account has reached its messaging limit', ADMIN),
  132000: notThisOne('The HeroCard has a different number of values'),
  132001: notThisOne('The HeroCard does not exist in this language, or is not approved'),
  132005: notThisOne('The HeroCard’s text is too long with these values'),
  132007: notThisOne('The HeroCard breaks WhatsApp’s policy'),
  132008: notThisOne('A value of the HeroCard is not accepted'),
  132012: notThisOne('A value of the HeroCard has the wrong format'),
  132015: notThisOne('The HeroCard is paused for its low quality'),
  132016: notThisOne('The HeroCard was disabled for its low quality'),
  132018: notThisOne('The values of the HeroCard do not fit it'),
  133004: busy('Meta’s service is down for a moment', 'long'),
  133010: down('The number is not registered at Meta'),
  135000: wrong('Meta could not send the message as it is', 'Write it differently.'),
  137000: wrong('The client’s identity has changed', 'Verify who you write to.'),
}

const range = (code: number, from: number, to: number) => code >= from && code <= to

function meaningOf(code: number): Meaning {
  const known = MEANINGS[code]
  if (known !== undefined) return known
  if (range(code, 200, 299)) return permission
  return {
    title: 'Meta refused the message',
    advice: 'Try again; if that does not help, tell an administrator the code.',
    retry: 'now',
  }
}

export function metaError(code: number, details: string | null): SendError {
  const { title, advice, retry } = meaningOf(code)
  return details === null || details === '' ? { code, title, advice, retry } : { code, title, advice, retry, details }
}

const OUTSIDE_WINDOW = 131047

/**
 * Meta now and then calls a window shut that is open: the client had just written, and the same message sent again goes
 * through. Nothing was sent, so sending it again is safe; and the window stays what the client's own words made it.
 */
export function inWindow(error: SendError, windowUntil: Instant | null, at: Instant): SendError {
  if (error.code !== OUTSIDE_WINDOW || windowUntil === null || at >= windowUntil) return error
  return {
    ...error,
    title: 'Meta refused the message as too late, although the window looks open',
    advice: 'Nothing was sent. Send it again; if Meta refuses it once more, wait until the client writes.',
    retry: 'now',
    windowUntil,
  }
}

/** The first error of a status (`errors[0]`), tolerant of what is missing. */
export function errorOfStatus(body: { readonly [key: string]: Json }): SendError {
  const first = Array.isArray(body.errors) ? (body.errors as readonly Json[])[0] : undefined
  const error =
    typeof first === 'object' && first !== null && !Array.isArray(first) ? (first as { [key: string]: Json }) : {}
  const data = error.error_data
  const details =
    typeof data === 'object' && data !== null && 'details' in data
      ? data.details
      : (error.message ?? error.title ?? null)
  const code = Number(error.code)
  return metaError(Number.isFinite(code) ? code : 131000, typeof details === 'string' ? details : null)
}

export const breaksChannel = (code: number): boolean => meaningOf(code).channelDown === true

/** Own findings, told in the same shape. */
export const WINDOW_SHUT: SendError = {
  code: 'window-shut',
  title: 'The 24-hour window shut before the message could leave',
  advice: 'WhatsApp allows only a HeroCard now. The client can write at any time.',
  retry: 'template',
}
export const CLIENT_BANNED: SendError = {
  code: 'client-banned',
  title: 'The client was put on the blacklist before the message could leave',
  advice: 'Lift the ban before you send it again.',
  retry: 'now',
}
export const CHANNEL_DOWN: SendError = {
  code: 'channel-down',
  title: 'The number could not send when the message’s turn came',
  advice: 'Send it again once an administrator has repaired the number.',
  retry: 'now',
}
export const NO_TOKEN: SendError = {
  code: 'no-token',
  title: 'The number’s access token cannot be read',
  advice: 'Tell an administrator: the number needs its access token again.',
  retry: 'now',
}
export const NOT_REACHED: SendError = {
  code: 'not-reached',
  title: 'Meta could not be reached; nothing was sent',
  advice: AGAIN,
  retry: 'now',
}
export const NOT_THEIRS: SendError = {
  code: 'number-not-theirs',
  title: 'This number belongs to somebody else now',
  advice:
    'WhatsApp has told another person under this number. Wait until the client writes; then a new session reaches them.',
  retry: 'never',
}
export const NOT_SENDABLE: SendError = {
  code: 'template-not-sendable',
  title: 'WhatsApp no longer lets this HeroCard be sent',
  advice: 'It was paused, rejected or deleted while it waited. Send another one.',
  retry: 'template',
}
export const RESTORED: SendError = {
  code: 'restored',
  title: 'The database was restored from a backup while this message waited',
  advice: 'Look whether it arrived before you send it again.',
  retry: 'now',
}

// --- waiting by itself ----------------------------------------------------------------------------------------------

const SHORT_MS = [1_000, 4_000, 16_000, 60_000]
const LONG_MS = [10_000, 60_000, 300_000]
/** Meta: wait 4^X seconds for a pair that was held back. */
const PAIR_MS = [4_000, 16_000, 64_000]

/**
 * How long until a refused attempt is followed by another one, without anybody asking for it; null where a person
 * decides. `no` is the number of attempts made so far, so that it comes to an end.
 */
export function waitAfter(code: number | string, no: number): number | null {
  if (code === NOT_REACHED.code) return SHORT_MS[no - 1] ?? null
  if (typeof code !== 'number') return null
  const { passing } = meaningOf(code)
  if (passing === undefined) return null
  return { short: SHORT_MS, long: LONG_MS, pair: PAIR_MS }[passing][no - 1] ?? null
}
