// What has to be done now and then: each job is one or a few statements that any number of services may run side by
// side, at moments of their own.
import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { IDLE_MS } from '../auth/identify.ts'
import { isAway } from '../db/errors.ts'
import { indexMessages } from '../db/queries/search-index.ts'
import { settingsFrom } from '../domain/settings.ts'
import { tellExpiredBans } from '../sessions/bans.ts'
import type { Ctx } from '../sessions/context.ts'
import { matchParked } from '../sessions/statuses.ts'

interface Job {
  readonly name: string
  readonly everyMs: number
  run(): Promise<unknown>
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Answers to commands are kept so long (design: Idempotency-Key). */
const COMMAND_MS = 7 * DAY
/** Meta delivers again for seven days; whatever has met no message a day later never will. */
const PARKED_MS = 8 * DAY
const AT_ONCE = 1_000

/** A tenth of what a small machine takes in when it does nothing else. */
const FLOOD_A_SECOND = 500

/** Whether much is taken in just now, as measured over a second at least. */
class Arrivals {
  readonly #count: () => number
  #before: { readonly count: number; readonly at: number }
  #flooded = false

  constructor(count: () => number) {
    this.#count = count
    this.#before = { count: count(), at: performance.now() }
  }

  isFlooded = (): boolean => {
    const [count, at] = [this.#count(), performance.now()]
    const { count: was, at: since } = this.#before
    if (at - since >= SECOND) {
      this.#flooded = ((count - was) * SECOND) / (at - since) > FLOOD_A_SECOND
      this.#before = { count, at }
    }
    return this.#flooded
  }
}

export class Housekeeping {
  readonly #jobs: readonly Job[]
  readonly #log: Logger
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #running = new Set<Promise<void>>()
  #closed = false

  /** `takenIn`: how many items of webhooks since the start. */
  constructor(ctx: Ctx, log: Logger, sweepPresence: () => Promise<unknown>, takenIn: () => number) {
    const arrivals = new Arrivals(takenIn)
    this.#log = log
    this.#jobs = [
      { name: 'presence', everyMs: 5 * SECOND, run: sweepPresence },
      { name: 'bans that ran out', everyMs: 2 * SECOND, run: () => tellExpiredBans(ctx) },
      {
        name: 'full text',
        everyMs: 5 * SECOND,
        run: () => indexWords(ctx, () => this.#closed || arrivals.isFlooded()),
      },
      { name: 'parked statuses', everyMs: 15 * SECOND, run: () => matchParked(ctx, null, null) },
      { name: 'expired statuses', everyMs: HOUR, run: () => dropParked(ctx) },
      { name: 'webhook bodies', everyMs: HOUR, run: () => dropRaw(ctx) },
      { name: 'old commands', everyMs: HOUR, run: () => dropCommands(ctx) },
      { name: 'expired sign-ins', everyMs: HOUR, run: () => dropLogins(ctx) },
    ]
  }

  start(): void {
    for (const job of this.#jobs) this.#later(job, job.everyMs * Math.random())
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all(this.#running)
  }

  /** All of them at once, for whoever does not want to wait. */
  async runAll(): Promise<void> {
    for (const job of this.#jobs) await job.run()
  }

  #later(job: Job, ms: number): void {
    if (this.#closed) return
    const timer = setTimeout(() => {
      const done = this.#run(job).finally(() => {
        this.#running.delete(done)
        this.#later(job, job.everyMs * (0.8 + 0.4 * Math.random()))
      })
      this.#running.add(done)
    }, ms)
    this.#timers.set(job.name, timer.unref())
  }

  async #run(job: Job): Promise<void> {
    try {
      await job.run()
    } catch (error) {
      // It comes round again; with the database away everything else says so already.
      if (!isAway(error)) this.#log.error({ err: error, job: job.name }, 'housekeeping failed')
    }
  }
}

/**
 * All there is, with as much rest as work; `isEnough` after one batch in a flood, when whoever takes messages in needs the
 * machine more, and when the service stops.
 */
async function indexWords({ db }: Ctx, isEnough: () => boolean): Promise<void> {
  for (;;) {
    const began = performance.now()
    const isMore = await indexMessages(db)
    if (!isMore || isEnough()) return
    await pause(performance.now() - began)
  }
}

async function inBatches(batch: () => Promise<number>): Promise<void> {
  while ((await batch()) === AT_ONCE) {}
}

async function dropParked({ db, clock }: Ctx): Promise<void> {
  await sql`DELETE FROM status_parked WHERE received_at < ${new Date(clock.now() - PARKED_MS)}`.execute(db)
}

/** Bodies of items that are still held stay: without them nothing could be driven again. */
async function dropRaw({ db, clock }: Ctx): Promise<void> {
  const { keepRaw } = settingsFrom(await db.selectFrom('setting').select(['key', 'value']).execute())
  if (keepRaw === 0) return
  const before = new Date(clock.now() - keepRaw * SECOND)
  await inBatches(async () => {
    const { rows } = await sql`
      DELETE FROM webhook_raw WHERE id IN (
        SELECT w.id FROM webhook_raw w
         WHERE w.received_at < ${before}
           AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.raw_id = w.id AND q.state = 'held')
         LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED) RETURNING id`.execute(db)
    return rows.length
  })
}

async function dropCommands({ db, clock }: Ctx): Promise<void> {
  const before = new Date(clock.now() - COMMAND_MS)
  await inBatches(async () => {
    const { rows } = await sql`
      DELETE FROM command WHERE id IN (
        SELECT id FROM command WHERE received_at < ${before} LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED) RETURNING id`.execute(
      db,
    )
    return rows.length
  })
}

async function dropLogins({ db, clock }: Ctx): Promise<void> {
  const now = clock.now()
  await sql`DELETE FROM login WHERE expires_at < ${new Date(now)} OR last_seen_at < ${new Date(now - IDLE_MS)}`.execute(
    db,
  )
}
