// What must hold for a number to work, line by line, each with what to do where it does not. Of what Meta says here nothing is
// kept: it is asked anew each time.
import { sql } from 'kysely'
import { z } from 'zod'
import type { CloudApi, Line, PhoneNumber, TokenFacts, Told } from '../cloud-api/client.ts'
import type { Database } from '../db/database.ts'
import { metaError } from '../domain/meta-errors.ts'
import type { Instant } from '../domain/words.ts'

export const checkLineSchema = z
  .object({
    name: z.enum(['token', 'number', 'subscription', 'templates', 'quality', 'limit', 'lastWebhook']),
    holds: z.enum(['yes', 'no', 'unknown']),
    detail: z.string(),
    advice: z.string().nullable().describe('What to do where it does not hold'),
  })
  .meta({ id: 'ChannelCheckLine' })
export type CheckLine = z.infer<typeof checkLineSchema>

const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'] as const
const DAY_MS = 86_400_000

/** Asks Meta all at once, beside what it says of the number; each line says for itself where it could not be learnt. */
export async function checkLines(
  { cloudApi, db }: { readonly cloudApi: CloudApi; readonly db: Database },
  line: Line,
  channel: { readonly id: string; readonly wabaId: string },
  asked: Promise<Told<PhoneNumber>>,
  at: Instant,
): Promise<readonly CheckLine[]> {
  const [its, token, apps, templates, last] = await Promise.all([
    asked,
    cloudApi.token(line),
    cloudApi.subscribedApps(line, channel.wabaId),
    cloudApi.templates(line, channel.wabaId, null),
    lastHeard(db, channel.id),
  ])
  return [
    unlessRefused('token', token, ({ told }) => tokenLine(told, at)),
    unlessRefused('number', its, ({ told }) => numberLine(told)),
    unlessRefused('subscription', apps, ({ told }) => subscriptionLine(told.data.length)),
    unlessRefused('templates', templates, () => line_('templates', 'yes', 'HeroCards can be read.', null)),
    unlessRefused('quality', its, ({ told }) => qualityLine(told.quality_rating)),
    unlessRefused('limit', its, ({ told }) => limitLine(told.whatsapp_business_manager_messaging_limit)),
    lastWebhookLine(last, at),
  ]
}

const line_ = (
  name: CheckLine['name'],
  holds: CheckLine['holds'],
  detail: string,
  advice: string | null,
): CheckLine => ({
  name,
  holds,
  detail,
  advice,
})

const OK = 200

function unlessRefused<A extends { readonly ok: true }>(
  name: CheckLine['name'],
  answer: A | { readonly ok: false; readonly code: number | null },
  holds: (answer: A) => CheckLine,
): CheckLine {
  if (answer.ok) return holds(answer)
  if (answer.code === null) return line_(name, 'unknown', 'Meta could not be reached.', 'Try again in a moment.')
  if (answer.code === OK) return line_(name, 'unknown', 'Meta answers something that is not understood.', null)
  const { title, advice } = metaError(answer.code, null)
  return line_(name, 'no', `Meta refuses it (${answer.code}): ${title}.`, advice)
}

function tokenLine({ data: { is_valid, scopes, expires_at } }: TokenFacts, at: Instant): CheckLine {
  if (!is_valid)
    return line_('token', 'no', 'The token is not valid.', 'Make a new one in Meta Business Suite and enter it.')
  const lacks = SCOPES.filter((scope) => !scopes.includes(scope))
  if (lacks.length > 0)
    return line_('token', 'no', `The token lacks ${lacks.join(' and ')}.`, 'Make one that has both, and enter it.')
  if (expires_at === 0)
    return line_('token', 'yes', 'The token is valid, has what it needs, and does not expire.', null)
  const until = new Date(expires_at * 1000).toISOString()
  return expires_at * 1000 < at + 7 * DAY_MS
    ? line_('token', 'no', `The token expires at ${until}.`, 'Enter the permanent token of a system user.')
    : line_('token', 'yes', `The token is valid until ${until}.`, null)
}

function numberLine({ status, verified_name: name }: PhoneNumber): CheckLine {
  if (status === undefined) return line_('number', 'unknown', 'Meta does not say whether it is registered.', null)
  if (status === 'CONNECTED') return line_('number', 'yes', `Registered as “${name ?? ''}”.`, null)
  return line_('number', 'no', `Meta says ${status}.`, 'Register the number in WhatsApp Manager.')
}

const subscriptionLine = (apps: number): CheckLine =>
  apps > 0
    ? line_('subscription', 'yes', 'An app is subscribed to the WhatsApp Business Account.', null)
    : line_(
        'subscription',
        'no',
        'No app is subscribed: no message can arrive.',
        'Subscribe the app to the account (POST /{WABA-ID}/subscribed_apps).',
      )

function qualityLine(quality: string | undefined): CheckLine {
  if (quality === undefined || quality === 'UNKNOWN' || quality === 'NA')
    return line_('quality', 'unknown', 'Meta has not rated it yet.', null)
  return quality === 'RED'
    ? line_(
        'quality',
        'no',
        'Clients block or report this number often.',
        'Send fewer HeroCards that nobody asked for; Meta may lower the limit.',
      )
    : line_('quality', 'yes', `Rated ${quality}.`, null)
}

const limitLine = (limit: string | undefined): CheckLine =>
  limit === undefined
    ? line_('limit', 'unknown', 'Meta tells no limit.', null)
    : line_('limit', 'yes', `So many clients a day may be written to first: ${limit.replace(/^TIER_/, '')}.`, null)

function lastWebhookLine(last: Date | null, at: Instant): CheckLine {
  if (last === null)
    return line_(
      'lastWebhook',
      'unknown',
      'Nothing has come for this number yet.',
      'Write to it from a phone, and check again.',
    )
  const detail = `Something came last at ${last.toISOString()}.`
  return line_('lastWebhook', at - last.getTime() < 7 * DAY_MS ? 'yes' : 'unknown', detail, null)
}

/** The newest message of its sessions stands for all webhooks. */
async function lastHeard(db: Database, channelId: string): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    SELECT max(last_message_at) AS at FROM session WHERE channel_id = ${channelId}`.execute(db)
  return rows[0]?.at ?? null
}
