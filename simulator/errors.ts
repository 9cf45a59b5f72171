// Meta's error table: which HTTP status an error comes with, and the words it uses. One envelope for all of them.
import { traceId } from './ids.ts'
import type { JsonObject } from './words.ts'

interface Entry {
  readonly http: number
  readonly title: string
  readonly details: string
}

const e = (http: number, title: string, details: string = title): Entry => ({ http, title, details })

const TABLE: Readonly<Record<number, Entry>> = {
  0: e(401, 'AuthException', 'We were unable to authenticate the app user.'),
  1: e(400, 'API Unknown', 'Invalid request or possible server error.'),
  2: e(503, 'API Service', 'Temporary due to downtime or due to being overloaded.'),
  3: e(500, 'API Method', 'Capability or permissions issue.'),
  4: e(400, 'API Too Many Calls', 'The app has reached its API call rate limit.'),
  10: e(403, 'Permission Denied', 'Permission is either not granted or has been removed.'),
  33: e(400, 'Parameter value is not valid', 'The business phone number has been deleted.'),
  100: e(400, 'Invalid parameter', 'The request included one or more unsupported or misspelled parameters.'),
  190: e(401, 'Access token has expired', 'Your access token has expired.'),
  368: e(
    403,
    'Temporarily blocked for policies violations',
    'The WhatsApp Business Account has been restricted or disabled for violating a platform policy.',
  ),
  80007: e(400, 'Rate limit issues', 'The WhatsApp Business Account has reached its rate limit.'),
  130429: e(400, 'Rate limit hit', 'Cloud API message throughput has been reached.'),
  130472: e(400, "User's number is part of an experiment", 'Message was not sent as part of an experiment.'),
  130497: e(403, 'Business account is restricted from messaging users in this country.'),
  131000: e(500, 'Something went wrong', 'Message failed to send due to an unknown error.'),
  131005: e(403, 'Access denied', 'Permission is either not granted or has been removed.'),
  131008: e(400, 'Required parameter is missing'),
  131009: e(400, 'Parameter value is not valid'),
  131016: e(500, 'Service unavailable', 'A service is temporarily unavailable.'),
  131021: e(400, 'Recipient cannot be sender', 'Sender and recipient phone number is the same.'),
  131026: e(
    400,
    'Message undeliverable',
    'Unable to deliver message. The recipient may not be on WhatsApp, or uses an old version of it.',
  ),
  131030: e(
    400,
    'Recipient phone number not in allowed list',
    'Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.',
  ),
  131031: e(
    403,
    'Account has been locked',
    'The WhatsApp Business Account has been restricted or disabled, or its data could not be verified.',
  ),
  131037: e(400, 'WhatsApp provided number needs display name approval before message can be sent.'),
  131042: e(
    400,
    'Business eligibility payment issue',
    'Message failed to send because there were one or more errors related to your payment method.',
  ),
  131045: e(500, 'Incorrect certificate', 'Message failed to send due to a phone number registration error.'),
  131047: e(
    400,
    'Re-engagement message',
    'Message failed to send because more than 24 hours have passed since the customer last replied to this number.',
  ),
  131048: e(
    400,
    'Spam rate limit hit',
    'Message failed to send because there are restrictions on how many messages can be sent from this phone number.',
  ),
  131049: e(400, 'This message was not delivered to maintain healthy ecosystem engagement.'),
  131050: e(
    400,
    'User has stopped marketing messages',
    'The recipient has chosen to stop receiving marketing messages from your business.',
  ),
  131051: e(400, 'Unsupported message type', 'Message type is currently not supported.'),
  131052: e(400, 'Media download error', 'Unable to download the media sent by the user.'),
  131053: e(400, 'Media upload error', 'Unable to upload the media used in the message.'),
  131055: e(400, 'Method not allowed'),
  131056: e(
    400,
    '(Business Account, Consumer Account) pair rate limit hit',
    'Too many messages sent from the sender phone number to the same recipient phone number in a short period of time.',
  ),
  131057: e(500, 'Account in maintenance mode', 'Business Account is in maintenance mode.'),
  131059: e(400, 'Invalid cursor', 'The paging cursor is not valid.'),
  131060: e(400, 'This message is unavailable.', 'This message is currently unavailable.'),
  131062: e(400, 'Business-scoped user IDs are not supported for this message'),
  131063: e(400, 'Marketing templates are disabled on Cloud API'),
  132000: e(
    400,
    'Template Param Count Mismatch',
    'The number of variable parameter values included in the request did not match the number of variable parameters defined in the template.',
  ),
  132001: e(
    404,
    'Template does not exist',
    'The template does not exist in the specified language or the template has not been approved.',
  ),
  132005: e(400, 'Template Hydrated Text Too Long', 'Translated text is too long.'),
  132007: e(400, 'Template Format Character Policy Violated'),
  132008: e(400, 'Template Param Value Invalid'),
  132012: e(400, 'Template Parameter Format Mismatch', 'Variable parameter values formatted incorrectly.'),
  132015: e(
    400,
    'Template is Paused',
    'Template is paused due to low quality so it cannot be sent in a template message.',
  ),
  132016: e(
    400,
    'Template is Disabled',
    'Template has been paused too many times due to low quality and is now permanently disabled.',
  ),
  132018: e(400, 'Template parameters are invalid'),
  132068: e(400, 'Flow is blocked'),
  132069: e(400, 'Flow is throttled'),
  133004: e(503, 'Server Temporarily Unavailable', 'Server is temporarily unavailable.'),
  133010: e(400, 'Phone number not registered', 'Phone number not registered on the WhatsApp Business Platform.'),
  133015: e(400, 'Please wait a few minutes before attempting to register this phone number'),
  133016: e(400, 'Account register deregister rate limit exceeded'),
  135000: e(
    400,
    'Generic user error',
    'Message failed to send because of an unknown error with your request parameters.',
  ),
  137000: e(400, 'User identity key hash mismatch'),
  139100: e(400, 'Failed to block/unblock users'),
}

const entryOf = (code: number): Entry => TABLE[code] ?? e(400, 'Unknown error', `Error ${code}.`)

/** What Meta says no with; thrown by the rules, turned into the envelope at the edge. */
export class Refused extends Error {
  readonly code: number
  readonly details: string
  readonly subcode: number | undefined

  constructor(code: number, details?: string, subcode?: number) {
    super(`(#${code}) ${entryOf(code).title}`)
    this.code = code
    this.details = details ?? entryOf(code).details
    this.subcode = subcode
  }

  get http(): number {
    return entryOf(this.code).http
  }

  /** The body of an answer that refuses. */
  envelope(): JsonObject {
    return {
      error: {
        message: this.message,
        type: 'OAuthException',
        code: this.code,
        ...(this.subcode === undefined ? {} : { error_subcode: this.subcode }),
        error_data: { messaging_product: 'whatsapp', details: this.details },
        fbtrace_id: traceId(),
      },
    }
  }
}

/** The same error as a status or a message carries it. */
export const errorItem = (code: number, details: string = entryOf(code).details): JsonObject => ({
  code,
  title: entryOf(code).title,
  message: entryOf(code).title,
  error_data: { details },
  href: 'https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes',
})

/** Codes with their titles, for the drawer of the phone page. */
export const knownErrors = (): readonly { code: number; title: string }[] =>
  Object.entries(TABLE).map(([code, entry]) => ({ code: Number(code), title: entry.title }))
