// What travels over the websocket, both ways.
import { z } from 'zod'
import { ATTEMPT_STATES } from '../../domain/delivery.ts'
import { channelSchema } from '../views/channel.ts'
import { errorSchema, id, time } from '../views/common.ts'
import { messageSchema } from '../views/message-schema.ts'
import { PRESENCE_STATES } from '../views/presence.ts'
import { sessionSchema } from '../views/session.ts'

export const frameSchema = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('hello'), serverTime: time })
    .describe('From here on everything is pushed: load lists now'),
  z.object({ type: z.literal('session'), session: sessionSchema }),
  z.object({ type: z.literal('message'), sessionId: id.nullable(), message: messageSchema }),
  z
    .object({
      type: z.literal('status'),
      sessionId: id,
      messageId: id,
      rev: z.int(),
      status: z.enum(ATTEMPT_STATES),
      at: time,
      error: errorSchema.nullable(),
    })
    .describe('Only the status of a message has changed'),
  z.object({ type: z.literal('gone'), sessionId: id }).describe('One may not see it any more'),
  z.object({ type: z.literal('presence'), userId: id, status: z.enum(PRESENCE_STATES), reason: z.string().nullable() }),
  z
    .object({ type: z.literal('channel'), channel: channelSchema })
    .describe('A number changed; its open sessions follow as `session`, with the rev they had'),
  z.object({ type: z.literal('typing'), sessionId: id, userId: id }),
  z.object({ type: z.literal('resync') }).describe('Too much changed at once: load everything that is shown anew'),
])
export type Frame = z.infer<typeof frameSchema>

/** The one thing that a client may say: what it wants to be told about. */
export const watchSchema = z.strictObject({
  type: z.literal('watch'),
  sessions: z.union([z.literal('all'), z.literal('mine'), z.array(z.uuid()).max(1_000)]),
})

export const CLOSE = {
  signedOut: 4401,
  rightWithdrawn: 4403,
  tooSlow: 4408,
  restart: 1012,
  notUnderstood: 1008,
} as const
