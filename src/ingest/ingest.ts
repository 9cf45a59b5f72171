// Takes webhooks in. All requests that wait go into one transaction (there is no timer: whichever lane is free takes
// what is there), and each request is answered when the last of its items is committed. One bad item never harms its
// siblings: a batch that PostgreSQL refuses is halved down to the item, which is quarantined with the reason.
//
//   request ─▶ items ─▶ queue ─▶ lane 1 ─▶ one transaction a batch ─▶ push, bells ─▶ 200
//                          └───▶ lane 2 ─▶   (items of a client keep their order: a client is in one lane at a time)
//
// A crash before the commit leaves nothing: Meta has no 200 and sends again. A crash after it leaves everything: the
// second delivery finds its message ids known.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { isAway, isUniqueViolation, mayRepeat, Repeat, sqlState } from '../db/errors.ts'
import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Ctx } from '../sessions/context.ts'
import { matchParked } from '../sessions/statuses.ts'
import { type Applied, applyBatch } from './apply.ts'
import { openEnvelope } from './envelope.ts'
import { IngestUnavailable } from './errors.ts'
import { LookAgain, type RawRow } from './facts.ts'
import { settleIdentity } from './identities.ts'
import { Lane } from './lane.ts'
import type { Unsettled } from './people.ts'
import { orderKeys, type Unit } from './unit.ts'

const LANES = 2
const BATCH_UNITS = 400
const BATCH_BYTES = 8 * 1024 * 1024
/** How often a batch is repeated as it is before it is halved, or given back to Meta. */
const TRIES = 6
/** After this many batches that found the client locked by somebody else, the next one waits for the lock. */
const SKIPS = 2
const MOST_SKIPS = 20
/** Where an item was refused by something that is no error of PostgreSQL's. */
const UNNAMED = 'XX000'

interface Request {
  readonly raw: RawRow | null
  rawStored: boolean
  open: number
  failed: boolean
  resolve(): void
  reject(error: Error): void
}

interface Piece {
  readonly request: Request
  /** Null where a body holds no item: then only the body is kept. */
  readonly unit: Unit | null
  readonly keys: readonly string[]
  skips: number
}

/** The batch is wrong as it is: something in it. */
class Refused {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

export interface IngestDeps {
  readonly ctx: Ctx
  readonly databaseUrl: string
  readonly log: Logger
}

/** Meta's fields that tell of HeroCards: their status, quality, components, category. */
const ABOUT_TEMPLATES = /^(message_)?template_/

export class Ingest {
  readonly #deps: IngestDeps
  readonly #lanes: Lane[]
  #queue: Piece[] = []
  readonly #busy = new Set<string>()
  #scheduled = false
  #closed = false
  /** Counted for the metrics. */
  readonly counts = { requests: 0, items: 0, batches: 0, quarantined: 0 }
  /** From Meta's timestamp to the commit, of the newest message, in milliseconds. */
  lagMs: number | null = null

  constructor(deps: IngestDeps) {
    this.#deps = deps
    this.#lanes = Array.from({ length: LANES }, () => new Lane(deps.databaseUrl))
  }

  /** Resolves once everything in the body is committed; throws IngestUnavailable when the database is away. */
  take(body: Buffer): Promise<void> {
    const receivedAt = this.#deps.ctx.clock.now()
    const raw = { id: newId(), receivedAt, body }
    const units = openEnvelope(body).map(
      (item): Unit => ({ rawId: raw.id, receivedAt, item, sqlstate: null, redriven: false }),
    )
    this.counts.requests++
    this.counts.items += units.length
    return this.#enqueue(raw, units)
  }

  /** Tries quarantined items once more: all of a number that is known by now, or the ones named. */
  async redrive(which: { phoneNumberId: string } | { ids: readonly string[] }): Promise<number> {
    const { db } = this.#deps.ctx
    const { rows } = await sql<{ raw_id: string; received_at: Date; paths: string[] }>`
      SELECT q.raw_id, w.received_at, array_agg(q.path) AS paths FROM quarantine q JOIN webhook_raw w ON w.id = q.raw_id
       WHERE q.state = 'held' AND ${'ids' in which ? sql`q.id = ANY (${which.ids}::uuid[])` : sql`q.phone_number_id = ${which.phoneNumberId}`}
       GROUP BY q.raw_id, w.received_at ORDER BY w.received_at, q.raw_id`.execute(db)
    let tried = 0
    // One body after another: together they may be more than fits into memory.
    for (const { raw_id, received_at, paths } of rows) {
      const raw = await db.selectFrom('webhook_raw').select('body').where('id', '=', raw_id).executeTakeFirst()
      const wanted = new Set(paths)
      const units = (raw === undefined ? [] : openEnvelope(raw.body))
        .filter((item) => wanted.has(item.path))
        .map((item) => ({ rawId: raw_id, receivedAt: received_at.getTime(), item, sqlstate: null, redriven: true }))
      if (units.length > 0) await this.#enqueue(null, units)
      tried += units.length
    }
    return tried
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const piece of this.#queue) this.#giveBack([piece], new IngestUnavailable('closing'))
    this.#queue = []
    await Promise.all(this.#lanes.map((lane) => lane.close()))
  }

  #enqueue(raw: RawRow | null, units: readonly Unit[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new IngestUnavailable('closing'))
      const request: Request = {
        raw,
        rawStored: raw === null,
        open: Math.max(1, units.length),
        failed: false,
        resolve,
        reject,
      }
      if (units.length === 0) this.#queue.push({ request, unit: null, keys: [], skips: 0 })
      for (const unit of units) this.#queue.push({ request, unit, keys: orderKeys(unit), skips: 0 })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#fill()
    })
  }

  #fill(): void {
    for (const lane of this.#lanes) {
      if (lane.busy || this.#queue.length === 0) continue
      // A second batch is worth its round trips only if it is not much smaller than the one under way.
      const underWay = Math.max(0, ...this.#lanes.filter((other) => other.busy).map((other) => other.size))
      if (this.#queue.length * 2 < underWay) return
      const pieces = this.#next()
      if (pieces.length === 0) return
      lane.busy = true
      lane.size = pieces.length
      void this.#work(lane, pieces).finally(() => {
        for (const piece of pieces) for (const key of piece.keys) this.#busy.delete(key)
        if (this.#queue.length > 0) this.#schedule()
      })
    }
  }

  /** The first pieces that no lane's client is in; whatever stands behind such a client stays behind it. */
  #next(): Piece[] {
    const taken: Piece[] = []
    const left: Piece[] = []
    const blocked = new Set<string>()
    let bytes = 0
    const raws = new Set<Request>()
    for (const [n, piece] of this.#queue.entries()) {
      if (taken.length >= BATCH_UNITS || bytes >= BATCH_BYTES) {
        left.push(...this.#queue.slice(n))
        break
      }
      if (piece.request.failed) continue
      if (piece.keys.some((key) => this.#busy.has(key) || blocked.has(key))) {
        for (const key of piece.keys) blocked.add(key)
        left.push(piece)
        continue
      }
      taken.push(piece)
      if (!piece.request.rawStored && piece.request.raw !== null && !raws.has(piece.request)) {
        raws.add(piece.request)
        bytes += piece.request.raw.body.length
      }
    }
    this.#queue = left
    for (const piece of taken) for (const key of piece.keys) this.#busy.add(key)
    return taken
  }

  async #work(lane: Lane, pieces: readonly Piece[]): Promise<void> {
    let held = true
    try {
      const applied = await this.#applyPatiently(lane, pieces)
      if (applied instanceof Refused) {
        await this.#divide(lane, pieces, applied.cause)
      } else {
        // The next batch leaves before this one is told of: PostgreSQL need not wait for that.
        held = lane.busy = false
        this.#fill()
        await this.#after(pieces, applied)
      }
    } catch (error) {
      if (!(error instanceof IngestUnavailable))
        this.#deps.log.error({ err: error }, 'a batch of webhooks could not be taken in')
      this.#giveBack(pieces, error instanceof IngestUnavailable ? error : new IngestUnavailable('unexpected'))
    } finally {
      if (held) lane.busy = false
    }
  }

  async #commit(lane: Lane, pieces: readonly Piece[]): Promise<void> {
    const applied = await this.#applyPatiently(lane, pieces)
    if (applied instanceof Refused) await this.#divide(lane, pieces, applied.cause)
    else await this.#after(pieces, applied)
  }

  /** Repeats where somebody else was first: a row that was there a moment later (23505) is found at the next look. */
  async #applyPatiently(lane: Lane, pieces: readonly Piece[]): Promise<Applied | Refused> {
    let wait = pieces.some((piece) => piece.skips >= SKIPS)
    for (let tryNo = 1; ; tryNo++) {
      try {
        return await this.#apply(lane, pieces, wait)
      } catch (error) {
        await lane.rollBack()
        if (lane.lost || isAway(error)) throw new IngestUnavailable('the database is away', { cause: error })
        const passing = mayRepeat(error) || error instanceof LookAgain || isUniqueViolation(error)
        if (!passing || tryNo >= TRIES) return new Refused(error)
        wait ||= error instanceof LookAgain && error.wait
        await sleep(tryNo * 5 * Math.random())
      }
    }
  }

  /** Halves a refused batch down to the item that is the reason, which is quarantined; or, contended, given back. */
  async #divide(lane: Lane, pieces: readonly Piece[], error: unknown): Promise<void> {
    if (pieces.length > 1) {
      const half = Math.ceil(pieces.length / 2)
      await this.#commit(lane, pieces.slice(0, half))
      await this.#commit(lane, pieces.slice(half))
      return
    }
    const [piece] = pieces
    const contended = mayRepeat(error) || error instanceof LookAgain
    if (piece === undefined || piece.unit === null || piece.unit.sqlstate !== null || contended) {
      throw new IngestUnavailable('an item could not be stored', { cause: error })
    }
    this.#deps.log.error({ err: error, path: piece.unit.item.path }, 'an item of a webhook is quarantined')
    await this.#commit(lane, [{ ...piece, unit: { ...piece.unit, sqlstate: sqlState(error) ?? UNNAMED } }])
  }

  async #apply(lane: Lane, pieces: readonly Piece[], wait: boolean): Promise<Applied> {
    const raws = new Map<string, RawRow>()
    for (const { request } of pieces)
      if (!request.rawStored && request.raw !== null) raws.set(request.raw.id, request.raw)
    const units = pieces.flatMap((piece) => (piece.unit === null ? [] : [piece.unit]))
    const { ctx } = this.#deps
    const now: Instant = ctx.clock.now()
    const pg = await lane.connected()
    const applied = await applyBatch(pg, [...raws.values()], units, { now, wait, processId: ctx.bus.processId })
    for (const { request } of pieces) request.rawStored = true
    this.counts.batches++
    this.counts.quarantined += applied.writes.quarantined.length
    return applied
  }

  /** Committed: tell, ring, answer; what is left goes to the head of the queue. */
  async #after(pieces: readonly Piece[], applied: Applied): Promise<void> {
    const { ctx, log } = this.#deps
    const { writes } = applied
    ctx.bus.emit(writes.changes)
    ctx.bus.emitClients(writes.clientChanges)
    for (const { id } of writes.channelsDown) ctx.bus.emitChannel(id)
    for (const { field, waba_id } of writes.notices)
      if (waba_id !== null && ABOUT_TEMPLATES.test(field)) ctx.bus.emitTemplates(waba_id)
    if (writes.rings.length > 0) ctx.ring(writes.rings.map((ring) => ring.session_id))
    const newest = writes.messages.at(-1)
    if (newest !== undefined) this.lagMs = Math.max(0, ctx.clock.now() - Date.parse(newest.spoken_at))

    const left = new Set<Unit>([...applied.left, ...applied.unsettled.map((one) => one.unit)])
    const again = pieces.filter((piece) => piece.unit !== null && left.has(piece.unit))
    for (const piece of pieces) if (!again.includes(piece)) this.#finish(piece.request)
    for (const piece of again) piece.skips++
    for (const one of applied.unsettled) await this.#settle(again, one)
    if (this.#closed) this.#giveBack(again, new IngestUnavailable('closing'))
    else this.#queue.unshift(...again.filter((piece) => this.#hasPatience(piece)))

    // What was parked may have met its message meanwhile, and what a status told of its client is learned apart:
    // both can be done again at the next occasion, so neither holds up the answer.
    for (const channelId of new Set(writes.parked.map((parked) => parked.channel_id))) {
      const wamids = writes.parked.filter((parked) => parked.channel_id === channelId).map((parked) => parked.wamid)
      matchParked(ctx, channelId, wamids).catch((error: unknown) =>
        log.warn({ err: error }, 'parked statuses could not be matched'),
      )
    }
    for (const { channelId, clientId, status } of applied.told) {
      settleIdentity(ctx, channelId, { is: 'told', aliases: status.aliases, clientId }).catch((error: unknown) =>
        log.warn({ err: error }, 'an alias that a status told could not be learned'),
      )
    }
  }

  /** Who is who comes first; where it cannot be settled, the item is given back, or quarantined like any other. */
  async #settle(pieces: Piece[], { unit, channelId, identity }: Unsettled): Promise<void> {
    const n = pieces.findIndex((piece) => piece.unit === unit)
    const piece = pieces[n]
    if (piece === undefined) return
    try {
      const settled = await settleIdentity(this.#deps.ctx, channelId, identity)
      if (settled === 'old-news') {
        pieces.splice(n, 1)
        this.#finish(piece.request)
      }
    } catch (error) {
      if (isAway(error) || mayRepeat(error) || error instanceof Repeat)
        this.#giveBack([piece], new IngestUnavailable('the database is away', { cause: error }))
      else pieces[n] = { ...piece, unit: { ...unit, sqlstate: sqlState(error) ?? 'XX000' } }
    }
  }

  /** What is put back again and again, for whatever reason, is given back to Meta rather than turned over for ever. */
  #hasPatience(piece: Piece): boolean {
    if (piece.skips <= MOST_SKIPS) return true
    this.#giveBack([piece], new IngestUnavailable('an item found no peace'))
    return false
  }

  #finish(request: Request): void {
    request.open--
    if (request.open === 0 && !request.failed) request.resolve()
  }

  #giveBack(pieces: readonly Piece[], error: Error): void {
    for (const { request } of pieces) {
      if (request.failed) continue
      request.failed = true
      request.reject(error)
    }
  }
}
