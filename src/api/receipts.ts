// Read receipts and "is typing" at Meta: best effort, never waited for, never repeated. Typing marks read at Meta, too,
// so neither is told where the setting says that clients do not see what was read.
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { CloudApi, Line } from '../cloud-api/client.ts'
import { settingsFrom } from '../domain/settings.ts'
import type { Ctx } from '../sessions/context.ts'

/** Meta shows "is typing" for 25 s. */
const TYPING_EVERY_MS = 20_000
/** Beyond this many sessions the oldest note is forgotten; the worst of it is a receipt told twice. */
const REMEMBERED = 10_000

interface Channel {
  readonly phoneNumberId: string
  readonly tokenEnc: Buffer | null
  readonly simulated: boolean
}

export interface ReceiptsDeps {
  readonly ctx: Ctx
  readonly cloudApi: CloudApi
  readonly log: Logger
  lineOf(channel: Channel): Line
}

export class Receipts {
  readonly #deps: ReceiptsDeps
  readonly #read = new Map<string, string>()
  readonly #typing = new Map<string, number>()
  readonly #underWay = new Set<Promise<void>>()

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps
  }

  read(sessionId: string, channelId: string, wamid: string): void {
    if (this.#read.get(sessionId) === wamid) return
    remember(this.#read, sessionId, wamid)
    this.#tell(channelId, wamid, false)
  }

  /** The client's newest message carries it; where there is none that Meta knows, nothing is told. */
  async typing(sessionId: string): Promise<void> {
    const now = this.#deps.ctx.clock.now()
    if (now - (this.#typing.get(sessionId) ?? 0) < TYPING_EVERY_MS) return
    remember(this.#typing, sessionId, now)
    const { rows } = await sql<{
      channel_id: string
      wamid: string
      settings: { key: string; value: unknown }[] | null
    }>`
      SELECT m.channel_id, m.wamid, (SELECT json_agg(setting) FROM setting) AS settings
        FROM message m
       WHERE m.session_id = ${sessionId} AND m.direction = 'in' AND m.wamid IS NOT NULL
       ORDER BY m.seq DESC LIMIT 1`.execute(this.#deps.ctx.db)
    const last = rows[0]
    if (last === undefined || !settingsFrom(last.settings ?? []).readReceipts) return
    remember(this.#read, sessionId, last.wamid)
    this.#tell(last.channel_id, last.wamid, true)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  #tell(channelId: string, wamid: string, typing: boolean): void {
    const told = this.#markRead(channelId, wamid, typing)
      .catch((error: unknown) => this.#deps.log.warn({ err: error, channelId }, 'a read receipt could not be told'))
      .finally(() => this.#underWay.delete(told))
    this.#underWay.add(told)
  }

  async #markRead(channelId: string, wamid: string, typing: boolean): Promise<void> {
    const { ctx, cloudApi, lineOf } = this.#deps
    const channel = await ctx.db
      .selectFrom('channel')
      .select(['phone_number_id', 'token_enc', 'simulated'])
      .where('id', '=', channelId)
      .where('state', '=', 'up')
      .executeTakeFirst()
    if (channel === undefined) return
    const line = lineOf({
      phoneNumberId: channel.phone_number_id,
      tokenEnc: channel.token_enc,
      simulated: channel.simulated,
    })
    await cloudApi.markRead(line, wamid, typing)
  }
}

function remember<V>(notes: Map<string, V>, key: string, value: V): void {
  notes.delete(key)
  notes.set(key, value)
  for (const oldest of notes.keys()) {
    if (notes.size <= REMEMBERED) break
    notes.delete(oldest)
  }
}
