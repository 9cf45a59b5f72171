// The HeroCards of each number, kept as Meta has them: all pages of the account's templates, read at the start, now and
// then, when Meta tells of a change, and whenever somebody asks.
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { CloudApi, MetaTemplate } from '../cloud-api/client.ts'
import type { Config } from '../config.ts'
import { isAway } from '../db/errors.ts'
import { newId } from '../ids.ts'
import { lineOf } from '../secrets.ts'
import { notifyCards } from '../sessions/changes.ts'
import type { Ctx } from '../sessions/context.ts'

/** Meta: the cursor is no longer good; paging begins anew. */
const BAD_CURSOR = 131059
const TRIES = 3
/** More pages than Meta lets an account have templates (6,000) mean that the cursor leads in a circle. */
const MOST_PAGES = 100
/** Several changes at Meta come in several webhooks: one reading answers them all. */
const SOON_MS = 500

export type Synced =
  | { readonly ok: true; readonly templates: number }
  /** Meta's code, or the HTTP status; null when Meta was not reached. */
  | { readonly ok: false; readonly code: number | null }

interface Channel {
  readonly id: string
  readonly waba_id: string
  readonly phone_number_id: string
  readonly token_enc: Buffer | null
  readonly simulated: boolean
}

export interface HeroCardsDeps {
  readonly ctx: Ctx
  readonly config: Config
  readonly cloudApi: CloudApi
  readonly log: Logger
}

export class HeroCards {
  readonly #deps: HeroCardsDeps
  readonly #underWay = new Map<string, Promise<Synced>>()
  readonly #soon = new Map<string, NodeJS.Timeout>()
  #closed = false

  constructor(deps: HeroCardsDeps) {
    this.#deps = deps
    deps.ctx.bus.onTemplates((wabaId) => this.#told(wabaId))
  }

  async syncAll(): Promise<void> {
    for (const channel of await this.#channels(null)) await this.sync(channel.id)
  }

  /** Two who ask at once are answered by one reading. */
  sync(channelId: string): Promise<Synced> {
    const underWay = this.#underWay.get(channelId)
    if (underWay !== undefined) return underWay
    const done = this.#sync(channelId).finally(() => this.#underWay.delete(channelId))
    this.#underWay.set(channelId, done)
    return done
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#soon.values()) clearTimeout(timer)
    await Promise.allSettled(this.#underWay.values())
  }

  #told(wabaId: string): void {
    if (this.#closed || this.#soon.has(wabaId)) return
    const timer = setTimeout(() => {
      this.#soon.delete(wabaId)
      this.#ofAccount(wabaId).catch((error: unknown) => {
        if (!isAway(error)) this.#deps.log.warn({ err: error, wabaId }, 'HeroCards could not be read anew')
      })
    }, SOON_MS)
    this.#soon.set(wabaId, timer.unref())
  }

  async #ofAccount(wabaId: string): Promise<void> {
    for (const channel of await this.#channels(null)) if (channel.waba_id === wabaId) await this.sync(channel.id)
  }

  async #channels(id: string | null): Promise<readonly Channel[]> {
    const { rows } = await sql<Channel>`
      SELECT id, waba_id, phone_number_id, token_enc, simulated FROM channel
       WHERE ${id}::uuid IS NULL OR id = ${id}`.execute(this.#deps.ctx.db)
    return rows
  }

  async #sync(channelId: string): Promise<Synced> {
    const { ctx } = this.#deps
    const [channel] = await this.#channels(channelId)
    if (channel === undefined) return { ok: false, code: null }
    const read = await this.#read(channel)
    if (!read.ok) {
      const told = read.code === null ? 'not-reached' : String(read.code)
      await ctx.db.transaction().execute(async (trx) => {
        await sql`UPDATE channel SET templates_error = ${told} WHERE id = ${channelId}`.execute(trx)
        await notifyCards(trx, channelId, ctx.bus.processId)
      })
      ctx.bus.emitCards(channelId)
      return read
    }
    await keep(ctx, channelId, read.templates)
    ctx.bus.emitCards(channelId)
    return { ok: true, templates: read.templates.length }
  }

  async #read(
    channel: Channel,
  ): Promise<{ ok: true; templates: readonly MetaTemplate[] } | { ok: false; code: number | null }> {
    const { config, cloudApi } = this.#deps
    const { waba_id: wabaId, phone_number_id: phoneNumberId, token_enc: tokenEnc, simulated } = channel
    const line = lineOf(config)({ phoneNumberId, tokenEnc, simulated })
    for (let tryNo = 1; ; tryNo++) {
      const templates: MetaTemplate[] = []
      let after: string | null = null
      for (let pages = 0; pages < MOST_PAGES; pages++) {
        const page = await cloudApi.templates(line, wabaId, after)
        if (!page.ok) {
          if (page.code === BAD_CURSOR && tryNo < TRIES) break
          return page
        }
        templates.push(...page.templates)
        if (page.next === null) return { ok: true, templates }
        after = page.next
      }
      if (tryNo >= TRIES) return { ok: false, code: BAD_CURSOR }
    }
  }
}

/** In one transaction: nobody sees half of a reading. What Meta no longer has is marked, because messages name it. */
async function keep(ctx: Ctx, channelId: string, templates: readonly MetaTemplate[]): Promise<void> {
  const at = new Date(ctx.clock.now())
  await ctx.db.transaction().execute(async (trx) => {
    // Two services that read at once write one after the other.
    await sql`SELECT 1 FROM channel WHERE id = ${channelId} FOR UPDATE`.execute(trx)
    const newest = new Map(templates.map((one) => [`${one.name}\0${one.language}`, one]))
    for (const one of newest.values()) {
      await sql`
        INSERT INTO message_template (id, channel_id, meta_id, name, language, category, status, quality, rejected_reason,
                                      parameter_format, components, synced_at)
        VALUES (${newId()}, ${channelId}, ${one.id}, ${one.name}, ${one.language}, ${one.category}, ${one.status},
                ${one.quality_score?.score ?? null}, ${one.rejected_reason ?? null}, ${one.parameter_format ?? 'POSITIONAL'},
                ${JSON.stringify(one.components)}, ${at})
        ON CONFLICT (channel_id, name, language) DO UPDATE
          SET meta_id = excluded.meta_id, category = excluded.category, status = excluded.status,
              quality = excluded.quality, rejected_reason = excluded.rejected_reason,
              parameter_format = excluded.parameter_format, components = excluded.components,
              synced_at = excluded.synced_at`.execute(trx)
    }
    await sql`
      UPDATE message_template SET status = 'DELETED' WHERE channel_id = ${channelId} AND synced_at < ${at}`.execute(trx)
    await sql`
      UPDATE channel SET templates_synced_at = ${at}, templates_error = NULL WHERE id = ${channelId}`.execute(trx)
    await notifyCards(trx, channelId, ctx.bus.processId)
  })
}
