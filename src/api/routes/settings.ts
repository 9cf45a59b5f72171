// Settings: times in seconds, 0 switches one off.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database, Trx } from '../../db/database.ts'
import { type Settings, settingsFrom } from '../../domain/settings.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../../sessions/changes.ts'
import { transact } from '../../sessions/context.ts'
import type { Api, App } from '../context.ts'
import { ringOpenSessions } from '../ring-open.ts'

const DAY = 86_400

const seconds = (most: number) => z.int().min(0).max(most)

const shape = {
  timeToAccept: seconds(DAY).describe('An offer to one operator goes on to where settings say after this'),
  transferComesBack: z
    .boolean()
    .describe(
      'Whether an offer to one operator that was not accepted goes back to its sender; else to the group’s queue',
    ),
  queueTime: seconds(7 * DAY).describe('After this in a group’s queue a session is overdue'),
  windowWarning: seconds(DAY).describe('So long before the window shuts the operator is warned'),
  noAnswer: seconds(30 * DAY).describe('After this a HeroCard counts as not answered'),
  inactivity: seconds(30 * DAY).describe(
    'After this without a word a session is ended, unless its client waits for an answer',
  ),
  wrapUpMax: seconds(7 * DAY).describe('After this the wrap-up ends without a result'),
  keepRaw: seconds(365 * DAY).describe('After this the bodies of webhooks are deleted'),
  readReceipts: z.boolean().describe('Whether clients see that their message was read'),
  operatorsMayBan: z.boolean().describe('Whether operators may put clients on the blacklist'),
  operatorsMayTag: z.boolean().describe('Whether operators may make new tags'),
} satisfies Record<keyof Settings, z.ZodType>

const settingsSchema = z.object(shape).meta({ id: 'Settings' })
const patchBody = z.strictObject(shape).partial()

export async function loadSettings(db: Database | Trx): Promise<Settings> {
  return settingsFrom(await db.selectFrom('setting').select(['key', 'value']).execute())
}

export function settingRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']

  app.get(
    '/api/v1/settings',
    {
      config: { access: 'signed-in' },
      schema: { tags, summary: 'Settings; times in seconds, 0 = off', response: { 200: settingsSchema } },
    },
    () => loadSettings(ctx.db),
  )

  app.patch(
    '/api/v1/settings',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Change settings', body: patchBody, response: { 200: settingsSchema } },
    },
    (request) =>
      transact(ctx, async (trx, after) => {
        for (const [key, value] of Object.entries(request.body)) {
          if (value === undefined) continue
          await sql`
            INSERT INTO setting (key, value) VALUES (${key}, ${JSON.stringify(value)}::jsonb)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value`.execute(trx)
        }
        // Timers and due times of every open session may be others now: workflows look again, and so do screens.
        await ringOpenSessions(trx, after, ctx.clock.now(), null)
        // From nobody in particular, so that this process takes it, too.
        const notice: LiveNotice = { from: '', resync: true }
        await sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`.execute(trx)
        return loadSettings(trx)
      }),
  )
}
