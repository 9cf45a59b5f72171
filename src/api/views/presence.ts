// Whether somebody is there, as the interface tells it.
import { z } from 'zod'
import { time } from './common.ts'

export const PRESENCE_STATES = ['online', 'away', 'offline'] as const
export type PresenceState = (typeof PRESENCE_STATES)[number]

export const presenceSchema = z
  .object({
    status: z.enum(PRESENCE_STATES),
    reason: z.string().nullable().describe('Why one is away'),
    since: time.nullable(),
  })
  .meta({ id: 'Presence' })
export type PresenceView = z.infer<typeof presenceSchema>
