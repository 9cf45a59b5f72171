// Every "no" of the API as an RFC 9457 problem document: the one table of codes with their status and words, and the
// only place where bodies of errors are made. Codes are part of the interface; titles and sentences are for people.
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Refusal, RefusalCode } from '../domain/refusal.ts'
import type { NotSendable, ParameterProblem } from '../domain/template.ts'
import type { ClosedBecause } from '../domain/text-field.ts'

interface Meaning {
  readonly status: number
  readonly title: string
  readonly sentence: string
}

const own = {
  invalid: {
    status: 400,
    title: 'Not valid',
    sentence: 'Something in the request is not as it must be; `errors` says what.',
  },
  'signed-out': {
    status: 401,
    title: 'Not signed in',
    sentence: 'Sign in, or send a bearer token that is still good.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Not this way',
    sentence: 'This address does not answer to that method.',
  },
  'request-timeout': {
    status: 408,
    title: 'Too slow',
    sentence: 'The request did not arrive completely in the time that it has.',
  },
  'last-administrator': {
    status: 409,
    title: 'The last administrator',
    sentence: 'Somebody has to be administrator: make another one first.',
  },
  'body-too-large': {
    status: 413,
    title: 'Too large',
    sentence: 'The body of the request is larger than is taken here.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Not this kind of body',
    sentence: 'Send JSON, with the content type application/json.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too often',
    sentence: 'Too many tries: wait as long as Retry-After says.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    sentence: 'The address and headers of the request are larger than is taken here.',
  },
  internal: {
    status: 500,
    title: 'A mistake of ours',
    sentence: 'Parley could not do this because of a mistake in it.',
  },
  unavailable: { status: 503, title: 'Not available', sentence: 'Nothing was done. Try again in a moment.' },
  'outcome-unknown': {
    status: 504,
    title: 'Outcome unknown',
    sentence: 'It could not be learnt in time whether this was done. Repeat it with the same Idempotency-Key.',
  },
} as const satisfies Record<string, Meaning>

const refusals = {
  'not-found': { status: 404, title: 'Not found', sentence: 'There is nothing here that you may see.' },
  'not-allowed': { status: 403, title: 'Not allowed', sentence: 'You have no right to do this.' },
  'not-your-session': { status: 403, title: 'Not your session', sentence: 'Another operator has this session.' },
  'text-field-closed': { status: 409, title: 'The text field is closed', sentence: 'No text can be sent now.' },
  'already-accepted': {
    status: 409,
    title: 'Already accepted',
    sentence: 'Somebody else was first to accept this session.',
  },
  'no-free-slot': {
    status: 409,
    title: 'No free slot',
    sentence: 'You have as many sessions as you may have at once.',
  },
  'wrong-phase': { status: 409, title: 'Not now', sentence: 'The session is in a phase that does not allow this.' },
  'newer-client-message': {
    status: 409,
    title: 'The client wrote meanwhile',
    sentence: 'There is a message of the client that you had not seen.',
  },
  'result-required': { status: 409, title: 'Result incomplete', sentence: 'This result needs a note.' },
  'unknown-result': { status: 400, title: 'Not valid', sentence: 'There is no such result to choose.' },
  'unknown-tag': { status: 400, title: 'Not valid', sentence: 'There is no such tag.' },
  'unknown-message': {
    status: 400,
    title: 'Not valid',
    sentence: 'The quoted message is not one of this conversation.',
  },
  'template-not-sendable': {
    status: 409,
    title: 'HeroCard cannot be sent',
    sentence: 'This HeroCard cannot be sent now; choose another one.',
  },
  'wrong-parameters': { status: 400, title: 'Not valid', sentence: 'The HeroCard is not filled in as it must be.' },
  'not-retryable': {
    status: 409,
    title: 'Not to be repeated',
    sentence: 'This message cannot be sent again, or settled, as it stands.',
  },
  'session-in-progress': {
    status: 409,
    title: 'A session is in progress',
    sentence: 'There is a session with this client that has not ended: go on in that one.',
  },
  'wrong-target': { status: 400, title: 'Not valid', sentence: 'A session cannot be transferred to this one.' },
  'nobody-available': {
    status: 409,
    title: 'Nobody there',
    sentence: 'Nobody of them is signed in. Choose somebody who is.',
  },
  'unknown-recipient': {
    status: 400,
    title: 'Not valid',
    sentence: 'This is no phone number. Write it with its country code, for instance +420 777 123 456.',
  },
  'client-banned': { status: 409, title: 'Client is banned', sentence: 'This client is on the blacklist.' },
  'idempotency-key-reused': {
    status: 422,
    title: 'Key used before',
    sentence: 'This Idempotency-Key was used for another request.',
  },
  'channel-down': {
    status: 409,
    title: 'Number cannot send',
    sentence: 'This number cannot send until it is repaired.',
  },
} as const satisfies Record<RefusalCode, Meaning>

const MEANINGS: Record<ProblemCode, Meaning> = { ...own, ...refusals }

export type ProblemCode = keyof typeof own | RefusalCode
export const PROBLEM_CODES = Object.keys(MEANINGS) as readonly ProblemCode[]

const CLOSED: Record<ClosedBecause, string> = {
  awaitingClient: 'The client has not answered the HeroCard yet.',
  windowShut: 'The client wrote last more than 24 hours ago; WhatsApp allows only a HeroCard.',
  noOperator: 'Nobody has accepted this session yet.',
  banned: 'This client is on the blacklist.',
  channelDown: 'This number cannot send until it is repaired.',
  wrapUp: 'The session was ended; its result is awaited.',
  ended: 'The session has ended.',
}

const PARAMETER: Record<ParameterProblem, string> = {
  missing: 'is missing',
  unexpected: 'is nothing that this HeroCard takes',
  empty: 'must not be empty',
  tooLong: 'is too long',
  characters: 'must be one line, with at most four spaces in a row',
  notALink: 'must be a web address that Meta can reach',
  notAPlace: 'must be a place: latitude and longitude',
  notAText: 'must be a text',
  notNamed: 'must be an object: this HeroCard names its values',
}

/** Why a HeroCard is shown and not offered, for people. */
export const NOT_SENDABLE: Record<NotSendable | 'unknown', string> = {
  unknown: 'This number has no HeroCard of that name and language.',
  pending: 'WhatsApp has not approved this HeroCard yet.',
  rejected: 'WhatsApp rejected this HeroCard.',
  paused: 'WhatsApp paused this HeroCard because clients rated it badly. It comes back by itself.',
  disabled: 'WhatsApp switched this HeroCard off for good.',
  archived: 'This HeroCard is archived at WhatsApp.',
  deleted: 'This HeroCard was deleted at WhatsApp.',
  inAppeal: 'The rejection of this HeroCard is being appealed.',
  limitExceeded: 'The account has more templates than WhatsApp allows.',
  notApproved: 'WhatsApp has not approved this HeroCard.',
  carousel: 'Cards in a row cannot be sent from here.',
  limitedTimeOffer: 'Offers with a deadline cannot be sent from here.',
  catalog: 'HeroCards with products cannot be sent from here.',
  flow: 'HeroCards with a form cannot be sent from here.',
  oneTimePassword: 'One-time passwords cannot be sent by an operator.',
  unsupported: 'This kind of HeroCard cannot be sent from here.',
}

const WRONG_TARGET = { unknown: 'names nobody whom a session can go to', 'has-it': 'has the session already' }

export interface FieldError {
  /** A JSON pointer into the body, or the parameter's name after a slash. */
  readonly pointer: string
  readonly detail: string
}

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(PROBLEM_CODES as [ProblemCode, ...ProblemCode[]]),
    detail: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'An error as RFC 9457 describes it; `code` is stable, the words are not.' })

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'
export const problemPath = (code: ProblemCode): string => `/problems/${code}`

/** What stands beside the members that every problem has, and may not take their place; `detail` may. */
type Fields = Readonly<Record<string, unknown>> & {
  readonly [Fixed in 'type' | 'title' | 'status' | 'code']?: never
}

/** Thrown anywhere in a request to answer with a problem. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly fields: Fields

  constructor(code: ProblemCode, fields: Fields = {}) {
    super(code)
    this.name = 'Problem'
    this.code = code
    this.fields = fields
  }

  get status(): number {
    return MEANINGS[this.code].status
  }
}

export const invalid = (errors: readonly FieldError[]): Problem => new Problem('invalid', { errors })

/** What a rule refused, with the facts that the caller needs to go on; `resultAt` is where the body names the result. */
export function refusalProblem(refusal: Refusal, resultAt = ''): Problem {
  switch (refusal.code) {
    case 'unknown-result':
      return invalid([{ pointer: `${resultAt}/resultId`, detail: refusals['unknown-result'].sentence }])
    case 'unknown-tag':
      return invalid([{ pointer: '/tagIds', detail: refusals['unknown-tag'].sentence }])
    case 'wrong-parameters':
      return invalid(
        refusal.mistakes.map(({ pointer, problem }) => ({
          pointer: `/parameters${pointer}`,
          detail: PARAMETER[problem],
        })),
      )
    case 'template-not-sendable':
      return new Problem(refusal.code, { reason: refusal.reason, detail: NOT_SENDABLE[refusal.reason] })
    case 'unknown-recipient':
      return refusal.of === 'to'
        ? invalid([{ pointer: '/to', detail: refusals['unknown-recipient'].sentence }])
        : invalid([{ pointer: '/contactId', detail: 'This contact has no phone number to write to.' }])
    case 'wrong-target':
      return invalid([{ pointer: `/${refusal.of}`, detail: WRONG_TARGET[refusal.reason] }])
    case 'unknown-message':
      return invalid([{ pointer: '/replyTo', detail: refusals['unknown-message'].sentence }])
    case 'text-field-closed': {
      const until = refusal.until === null ? null : new Date(refusal.until).toISOString()
      return new Problem(refusal.code, { reason: refusal.reason, until, detail: CLOSED[refusal.reason] })
    }
    case 'not-retryable':
      return new Problem(refusal.code, { messageStatus: refusal.status })
    default: {
      const { code, ...facts } = refusal
      return new Problem(code, facts)
    }
  }
}

/** Yields the value of a verdict, or answers with its refusal. */
export function orRefuse<T>(verdict: { ok: true; value: T } | { ok: false; refusal: Refusal }): T {
  if (!verdict.ok) throw refusalProblem(verdict.refusal)
  return verdict.value
}

export function problemBody(problem: Problem): Record<string, unknown> {
  const { status, title, sentence } = MEANINGS[problem.code]
  return { type: problemPath(problem.code), title, status, code: problem.code, detail: sentence, ...problem.fields }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { retryAfter } = problem.fields
  if (typeof retryAfter === 'number') reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)))
  else if (problem.status === 503) reply.header('retry-after', 2)
  // Already text: no schema of the route applies to what is not its answer.
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .serializer(String)
    .send(JSON.stringify(problemBody(problem)))
}

export const meaningOf = (code: ProblemCode): Meaning => MEANINGS[code]
export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(MEANINGS, text)
