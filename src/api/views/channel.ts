// One of the company's numbers, as lists and live frames show it. Its access token is never told.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { metaError } from '../../domain/meta-errors.ts'
import type { Rights } from '../../domain/policy.ts'
import { id, iso, time } from './common.ts'

export const channelSchema = z
  .object({
    id,
    phoneNumberId: z.string(),
    displayPhoneNumber: z.string(),
    name: z.string(),
    state: z.enum(['up', 'down']),
    stateReason: z
      .object({ code: z.string(), title: z.string(), advice: z.string() })
      .nullable()
      .describe('Why it is down, and what to do'),
    wabaId: z.string(),
    groupId: id.describe('Whose queue its new sessions wait in'),
    simulated: z.boolean(),
    hasToken: z.boolean(),
    messagesPerSecond: z.int(),
    heroCards: z
      .object({
        syncedAt: time.nullable().describe('When they were last read completely from Meta'),
        error: z.string().nullable().describe("Why the last reading failed: Meta's code, or `not-reached`"),
      })
      .describe('Its message templates'),
    createdAt: time,
  })
  .meta({ id: 'Channel' })
export type ChannelView = z.infer<typeof channelSchema>

interface Row {
  id: string
  phone_number_id: string
  display_phone_number: string
  name: string
  state: 'up' | 'down'
  state_reason: string | null
  waba_id: string
  group_id: string
  simulated: boolean
  has_token: boolean
  mps: number
  templates_synced_at: Date | null
  templates_error: string | null
  created_at: Date
}

/** Administrators see all numbers, everybody else those of their groups. */
export const maySeeChannel = (rights: Rights, channel: Pick<ChannelView, 'groupId'>): boolean =>
  rights.role === 'administrator' || rights.groupIds.includes(channel.groupId)

export async function loadChannels(db: Database | Trx, ids: readonly string[] | null): Promise<ChannelView[]> {
  const { rows } = await sql<Row>`
    SELECT id, phone_number_id, display_phone_number, name, state, state_reason, waba_id, group_id, simulated,
           token_enc IS NOT NULL AS has_token, mps, templates_synced_at, templates_error, created_at
      FROM channel WHERE ${ids}::uuid[] IS NULL OR id = ANY (${ids}::uuid[]) ORDER BY created_at, id`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    phoneNumberId: row.phone_number_id,
    displayPhoneNumber: row.display_phone_number,
    name: row.name,
    state: row.state,
    stateReason: row.state === 'up' ? null : reasonOf(row.state_reason),
    wabaId: row.waba_id,
    groupId: row.group_id,
    simulated: row.simulated,
    hasToken: row.has_token,
    messagesPerSecond: row.mps,
    heroCards: {
      syncedAt: row.templates_synced_at === null ? null : iso(row.templates_synced_at),
      error: row.templates_error,
    },
    createdAt: iso(row.created_at),
  }))
}

/** The reason is Meta's code, or a word of Meta's about the number. */
function reasonOf(reason: string | null): NonNullable<ChannelView['stateReason']> {
  const code = reason ?? 'unknown'
  if (/^\d+$/.test(code)) {
    const { title, advice } = metaError(Number(code), null)
    return { code, title, advice }
  }
  return { code, title: 'Meta reports a problem with this number', advice: 'Look at the number in WhatsApp Manager.' }
}
