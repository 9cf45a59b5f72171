// The fixed shape of a message, as every screen and program sees it.
import { z } from 'zod'
import { ATTEMPT_STATES, type AttemptState } from '../../domain/delivery.ts'
import { INBOUND_KINDS } from '../../domain/effects.ts'
import { AUTHOR_KINDS, DIRECTIONS, MESSAGE_TYPES } from '../../domain/words.ts'
import { errorSchema, id, time } from './common.ts'

const statusSchema = z.enum(ATTEMPT_STATES)

export const attemptSchema = z.object({
  id: id.describe('Told to Meta as biz_opaque_callback_data'),
  no: z.int(),
  status: statusSchema,
  at: time.describe('When it came to this status'),
  error: errorSchema.nullable(),
  reachedAnyway: z.boolean().describe('It failed, and Meta told later that it was delivered or read'),
})

const statusTimesSchema = z
  .object({
    pending: time.optional(),
    calling: time.optional(),
    unknown: time.optional(),
    accepted: time.optional(),
    sent: time.optional(),
    delivered: time.optional(),
    read: time.optional(),
    played: time.optional(),
    failed: time.optional(),
  } satisfies Record<AttemptState, z.ZodType>)
  .describe("When the newest attempt reached each status; Meta's time where Meta told it; empty for a client's message")

export const messageSchema = z
  .object({
    id,
    rev: z.int().describe('The rev of its session at its last visible change; of two, the greater is the newer'),
    sessionId: id.nullable(),
    clientId: id.describe('Whose conversation it belongs to'),
    seq: z.int().nullable().describe('Its place in the session: order of arrival, gapless from 1'),
    direction: z.enum(DIRECTIONS),
    kind: z.enum(INBOUND_KINDS).describe('`message` for what is said; others stand beside the talk'),
    type: z.enum(MESSAGE_TYPES),
    text: z.string().nullable().describe("The text, a file's caption, or the words of a button"),
    content: z.record(z.string(), z.unknown()).describe('By type, as Meta names it'),
    template: z.object({ name: z.string(), language: z.string() }).nullable().describe('The HeroCard that was sent'),
    file: z
      .object({
        id,
        name: z.string().nullable(),
        mimeType: z.string(),
        size: z.int().nullable(),
        state: z.enum(['fetching', 'ready', 'failed', 'blocked']),
        reason: z.string().nullable(),
      })
      .nullable(),
    author: z.object({ kind: z.enum(AUTHOR_KINDS), id: id.nullable(), name: z.string().nullable() }),
    status: statusSchema.nullable().describe('That of the newest attempt; null for a message of the client'),
    statusTimes: statusTimesSchema,
    waitingUntil: time.nullable().describe('Pacing, or a pause after a refusal: it leaves no earlier'),
    error: errorSchema.nullable().describe('Why the newest attempt failed'),
    reachedAnyway: z.boolean().describe('The newest attempt failed, and was seen to arrive all the same'),
    attempts: z.array(attemptSchema),
    replyTo: z
      .object({
        messageId: id.nullable().describe('Null where Parley does not know the quoted message'),
        text: z.string().nullable().describe('Its first 300 characters'),
        type: z.enum(MESSAGE_TYPES).nullable(),
        direction: z.enum(DIRECTIONS).nullable(),
      })
      .nullable(),
    clientRef: z.string().nullable().describe('The Idempotency-Key it was sent with'),
    at: time.describe("Meta's time; for a message of the company, when it was given to Parley"),
    receivedAt: time,
    banned: z.boolean().describe('Said while the client was on the blacklist'),
    timeDoubted: z.boolean().describe("Meta's time could not be right, so the time of receipt stands in for it"),
    supersededBy: id.nullable().describe('A placeholder whose real message arrived elsewhere'),
  })
  .meta({ id: 'Message' })
export type MessageView = z.infer<typeof messageSchema>
