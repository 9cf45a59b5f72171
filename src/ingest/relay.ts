// Carries bells from the outbox to the session workflows. A bell that was just committed is rung at once; the row in
// the outbox covers a crash before that, and is claimed until `due_at` by whoever is ringing it. Order, repetition and
// loss are harmless: a bell carries the session's snapshot of now, and the newer snapshot wins.
//
//   commit ──ring(ids)──▶ up to 48 rows with their snapshots (one query) ─▶ signals, side by side ─▶ delete what was rung
//         └──with them, where they were read behind the commit──────────────────▲
//                              ▲                                              │ away: later again, each row by itself
//   every second: rows past ───┘                                              ▼
//   their due time                                             Temporal away: one probe at a time until it answers
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Database } from '../db/database.ts'
import { isOver, type Snapshot } from '../domain/snapshot.ts'
import type { Door } from '../engine/door.ts'
import { type Bell, loadBells, loadStates, type OutboxBell, type SessionState, snapshotOf } from '../sessions/state.ts'
import { BELL_CLAIM_MS, date } from '../sessions/write.ts'

/** Bells at Temporal's door at once: enough to keep it busy, few enough that a command gets through. */
const AT_ONCE = 48
const POLL_MS = 1_000
const PROBE_MS = 500
const BACK_OFF_MS = [500, 1_000, 2_000, 5_000, 10_000]

export interface RelayDeps {
  readonly db: Database
  readonly clock: Clock
  readonly door: Door
  readonly log: Logger
}

export class Relay {
  readonly #deps: RelayDeps
  readonly #waiting = new Set<string>()
  readonly #underWay = new Set<string>()
  #flushing = false
  #away = false
  #poll: NodeJS.Timeout | null = null
  #polling: Promise<unknown> = Promise.resolve()
  #closed = false
  /** Bells that reached their workflow, for the metrics. */
  rung = 0

  constructor(deps: RelayDeps) {
    this.#deps = deps
  }

  get away(): boolean {
    return this.#away
  }

  /** Right after the commit that wrote the bells; with those that were read with it. */
  ring(sessionIds: readonly string[], bells: readonly Bell[] = []): void {
    if (this.#closed || this.#away) return
    const free = bells.filter(({ bell }) => !this.#underWay.has(bell.sessionId))
    const now = new Set(this.#underWay.size < AT_ONCE ? free.map(({ bell }) => bell.sessionId) : [])
    for (const id of sessionIds) if (!now.has(id)) this.#waiting.add(id)
    if (now.size > 0) {
      for (const id of now) this.#underWay.add(id)
      void this.#ringAll(free, [...now])
    }
    if (this.#waiting.size > 0) this.#flush()
  }

  start(): void {
    const tick = (): void => {
      this.#polling = this.pollOnce()
        .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'the outbox could not be read'))
        .finally(() => {
          if (!this.#closed) this.#poll = setTimeout(tick, this.#away ? PROBE_MS : POLL_MS)
        })
    }
    tick()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#poll !== null) clearTimeout(this.#poll)
    await this.#polling
    while (this.#underWay.size > 0 || this.#flushing) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Claims what is due and rings it: also what a process left behind that died between commit and signal. */
  async pollOnce(): Promise<number> {
    const { clock, db } = this.#deps
    let found = 0
    do {
      const now = clock.now()
      const { rows } = await sql<OutboxBell>`
        UPDATE signal_outbox SET due_at = ${date(now + BELL_CLAIM_MS)}
         WHERE session_id IN (SELECT session_id FROM signal_outbox WHERE due_at <= ${date(now)}
                               ORDER BY due_at LIMIT ${this.#away ? 1 : AT_ONCE} FOR UPDATE SKIP LOCKED)
        RETURNING session_id AS "sessionId", start, spoke, rung, tries`.execute(db)
      found = rows.length
      const free = rows.filter((bell) => !this.#underWay.has(bell.sessionId))
      const wasAway = this.#away
      await this.#claimed(free)
      if (wasAway && !this.#away) await this.#hurry()
    } while (found > 0 && !this.#away && !this.#closed)
    return found
  }

  /** Temporal is back: everything that backed off meanwhile is due now. */
  async #hurry(): Promise<void> {
    await sql`UPDATE signal_outbox SET due_at = ${date(this.#deps.clock.now())} WHERE tries > 0`.execute(this.#deps.db)
  }

  #flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushOnce().then(
        () => {
          this.#flushing = false
          if (this.#ready().length > 0) this.#flush()
        },
        (error: unknown) => {
          // The rows are safe in the outbox; the poll rings them.
          this.#flushing = false
          this.#deps.log.warn({ err: error }, 'bells could not be rung from their commit')
        },
      )
    })
  }

  #ready(): readonly string[] {
    if (this.#closed || this.#underWay.size >= AT_ONCE) return []
    return [...this.#waiting].filter((id) => !this.#underWay.has(id)).slice(0, AT_ONCE - this.#underWay.size)
  }

  async #flushOnce(): Promise<void> {
    const ids = this.#ready()
    if (ids.length === 0) return
    for (const id of ids) this.#waiting.delete(id)
    for (const id of ids) this.#underWay.add(id)
    try {
      const bells = await loadBells(this.#deps.db, ids)
      // Not awaited: the next ones need not wait for the slowest of these.
      void this.#ringAll(bells, ids)
    } catch (error) {
      for (const id of ids) this.#underWay.delete(id)
      throw error
    }
  }

  /** These wait since longer, and their sessions are read after them. */
  async #claimed(bells: readonly OutboxBell[]): Promise<void> {
    if (bells.length === 0) return
    const ids = bells.map((bell) => bell.sessionId)
    for (const id of ids) this.#underWay.add(id)
    try {
      const states = new Map((await loadStates(this.#deps.db, ids)).map((state) => [state.id, state]))
      await this.#ringAll(
        bells.map((bell) => ({ bell, state: states.get(bell.sessionId) ?? null })),
        ids,
      )
    } catch (error) {
      for (const id of ids) this.#underWay.delete(id)
      throw error
    }
  }

  async #ringAll(
    bells: readonly { readonly bell: OutboxBell; readonly state: SessionState | null }[],
    held: readonly string[],
  ): Promise<void> {
    try {
      const at = this.#deps.clock.now()
      const outcomes = await Promise.all(
        bells.map(async ({ bell, state }) => ({
          bell,
          done: state === null || (await this.#ringOne(bell, snapshotOf(state, at))),
        })),
      )
      await this.#settle(outcomes)
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'bells could not be settled')
    } finally {
      for (const id of held) this.#underWay.delete(id)
      if (this.#ready().length > 0) this.#flush()
    }
  }

  async #ringOne({ sessionId, start, spoke }: OutboxBell, snapshot: Snapshot): Promise<boolean> {
    const over = isOver(snapshot)
    const bell = { sessionId, snapshot, spoke }
    let outcome = await this.#deps.door.ring({ ...bell, start: start && !over })
    // Where there is something left to do, a run that is not there has been lost, or has not begun yet. Where there
    // is nothing left, none is woken: neither by a late status nor by a start that came too late.
    if (outcome === 'gone' && !over && !start) outcome = await this.#deps.door.ring({ ...bell, start: true })
    if (outcome === 'rung' || (outcome === 'gone' && over)) {
      this.#away = false
      this.rung++
      return true
    }
    if (outcome === 'away' && !this.#away) {
      this.#away = true
      this.#waiting.clear()
      this.#deps.log.warn('Temporal does not answer; bells wait in the outbox')
    }
    return false
  }

  async #settle(outcomes: readonly { bell: OutboxBell; done: boolean }[]): Promise<void> {
    const { db, clock } = this.#deps
    const done = outcomes.filter((outcome) => outcome.done).map((outcome) => outcome.bell)
    const left = outcomes.filter((outcome) => !outcome.done).map((outcome) => outcome.bell)
    if (done.length > 0) {
      // A row that was rung again meanwhile stays for the next round.
      await sql`
        DELETE FROM signal_outbox o USING unnest(${done.map((bell) => bell.sessionId)}::uuid[], ${done.map((bell) => bell.rung)}::int[]) AS d(id, rung)
         WHERE o.session_id = d.id AND o.rung = d.rung`.execute(db)
    }
    if (left.length > 0) {
      // With Temporal away it is the door that is asked again, one bell at a time: a row that backed off by itself would
      // leave nothing to ask with, and the return would be noticed late.
      const waits = (tries: number): number =>
        this.#away ? PROBE_MS : (BACK_OFF_MS[Math.min(tries, BACK_OFF_MS.length - 1)] ?? POLL_MS)
      const due = left.map((bell) => date(clock.now() + waits(bell.tries)))
      await sql`
        UPDATE signal_outbox o SET tries = o.tries + 1, due_at = l.due
          FROM unnest(${left.map((bell) => bell.sessionId)}::uuid[], ${due}::timestamptz[]) AS l(id, due)
         WHERE o.session_id = l.id`.execute(db)
    }
  }
}
