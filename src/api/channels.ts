// The company's numbers: added, changed, and checked with Meta, which is how one that went down comes up again.
import { sql } from 'kysely'
import type { PhoneNumber, Told } from '../cloud-api/client.ts'
import { isUniqueViolation } from '../db/errors.ts'
import { breaksChannel, metaError } from '../domain/meta-errors.ts'
import { newId } from '../ids.ts'
import { lineOf, seal } from '../secrets.ts'
import { notifyChannel } from '../sessions/changes.ts'
import { transact } from '../sessions/context.ts'
import { type CheckLine, checkLines } from './channel-check.ts'
import type { Api } from './context.ts'
import { invalid, Problem } from './problems.ts'
import { ringOpenSessions } from './ring-open.ts'
import { type ChannelView, loadChannels } from './views/channel.ts'

export interface NewChannel {
  readonly phoneNumberId: string
  readonly wabaId: string
  readonly name: string
  readonly displayPhoneNumber: string
  readonly token: string
  readonly groupId: string
  readonly messagesPerSecond: number
}

export type ChannelPatch = {
  readonly [K in 'name' | 'displayPhoneNumber' | 'token' | 'groupId' | 'messagesPerSecond']?: NewChannel[K] | undefined
}

export interface Checked {
  readonly ok: boolean
  readonly code: number | null
  readonly title: string | null
  readonly advice: string | null
  readonly lines: readonly CheckLine[]
  readonly channel: ChannelView
}

export async function oneChannel({ ctx }: Api, channelId: string): Promise<ChannelView> {
  const [channel] = await loadChannels(ctx.db, [channelId])
  if (channel === undefined) throw new Problem('not-found')
  return channel
}

export async function addChannel(api: Api, given: NewChannel): Promise<ChannelView> {
  const { ctx, config, ingest, log } = api
  const channelId = newId()
  await groupMustExist(api, given.groupId)
  await ctx.db
    .insertInto('channel')
    .values({
      id: channelId,
      phone_number_id: given.phoneNumberId,
      waba_id: given.wabaId,
      name: given.name,
      display_phone_number: given.displayPhoneNumber,
      token_enc: seal(config.secretKey, given.token),
      group_id: given.groupId,
      mps: given.messagesPerSecond,
      created_at: new Date(ctx.clock.now()),
    })
    .execute()
    .catch((error: unknown) => {
      throw isUniqueViolation(error) ? invalid([{ pointer: '/phoneNumberId', detail: 'has been added before' }]) : error
    })
  // What came for this number before anybody knew it is taken in now; what fails stays in quarantine and can be asked
  // for again.
  ingest
    .redrive({ phoneNumberId: given.phoneNumberId })
    .catch((error: unknown) => log.warn({ err: error, channelId }, 'redriving failed'))
  api.heroCards
    .sync(channelId)
    .catch((error: unknown) => log.warn({ err: error, channelId }, 'HeroCards could not be read'))
  await announce(api, channelId)
  return oneChannel(api, channelId)
}

export async function changeChannel(api: Api, channelId: string, patch: ChannelPatch): Promise<ChannelView> {
  const { ctx, config } = api
  await oneChannel(api, channelId)
  if (patch.groupId !== undefined) await groupMustExist(api, patch.groupId)
  const changed = {
    ...(patch.name === undefined ? {} : { name: patch.name }),
    ...(patch.displayPhoneNumber === undefined ? {} : { display_phone_number: patch.displayPhoneNumber }),
    ...(patch.token === undefined ? {} : { token_enc: seal(config.secretKey, patch.token) }),
    ...(patch.groupId === undefined ? {} : { group_id: patch.groupId }),
    ...(patch.messagesPerSecond === undefined ? {} : { mps: patch.messagesPerSecond }),
  }
  if (Object.keys(changed).length > 0) {
    await ctx.db.updateTable('channel').set(changed).where('id', '=', channelId).execute()
    await announce(api, channelId)
  }
  return oneChannel(api, channelId)
}

/** Meta's word decides: an answer lifts a red state, a refusal that concerns the number sets it, silence does neither. */
export async function checkChannel(api: Api, channelId: string): Promise<Checked> {
  const { ctx, cloudApi, config } = api
  const row = await ctx.db
    .selectFrom('channel')
    .select(['phone_number_id', 'waba_id', 'token_enc', 'simulated'])
    .where('id', '=', channelId)
    .executeTakeFirst()
  if (row === undefined) throw new Problem('not-found')
  const line = lineOf(config)({ phoneNumberId: row.phone_number_id, tokenEnc: row.token_enc, simulated: row.simulated })
  const asked = cloudApi.phoneNumber(line)
  const channel = { id: channelId, wabaId: row.waba_id }
  const lines = await checkLines({ cloudApi, db: ctx.db }, line, channel, asked, ctx.clock.now())
  const answer = await asked
  if (answer.ok) await setState(api, channelId, 'up', null, answer.told.display_phone_number)
  else if (answer.code !== null && breaksChannel(answer.code))
    await setState(api, channelId, 'down', String(answer.code))
  return { ok: answer.ok, ...wordsOf(answer), lines, channel: await oneChannel(api, channelId) }
}

function wordsOf(answer: Told<PhoneNumber>): Pick<Checked, 'code' | 'title' | 'advice'> {
  if (answer.ok) return { code: null, title: null, advice: null }
  if (answer.code === null) return { code: null, title: 'Meta could not be reached', advice: 'Try again in a moment.' }
  const { title, advice } = metaError(answer.code, null)
  return { code: answer.code, title, advice }
}

async function setState(
  api: Api,
  channelId: string,
  state: 'up' | 'down',
  reason: string | null,
  display?: string,
): Promise<void> {
  const { ctx } = api
  await transact(ctx, async (trx, after) => {
    const { rows } = await sql<{ was: string }>`
      UPDATE channel c SET state = ${state}, state_reason = ${reason}, display_phone_number = coalesce(${display ?? null}, c.display_phone_number)
        FROM (SELECT id, state FROM channel WHERE id = ${channelId} FOR UPDATE) AS old
       WHERE c.id = old.id RETURNING old.state AS was`.execute(trx)
    await notifyChannel(trx, channelId, ctx.bus.processId)
    after.channels.add(channelId)
    // With the number the text field of all its sessions opens or closes.
    if (rows[0]?.was !== state) await ringOpenSessions(trx, after, ctx.clock.now(), channelId)
  })
}

async function announce({ ctx }: Api, channelId: string): Promise<void> {
  await transact(ctx, async (trx, after) => {
    await notifyChannel(trx, channelId, ctx.bus.processId)
    after.channels.add(channelId)
  })
}

async function groupMustExist({ ctx }: Api, groupId: string): Promise<void> {
  const group = await ctx.db.selectFrom('group_').select('id').where('id', '=', groupId).executeTakeFirst()
  if (group === undefined) throw invalid([{ pointer: '/groupId', detail: 'is no group' }])
}
