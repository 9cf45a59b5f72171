// What Prometheus is told. Everything is counted in this process; what lives in the database is asked for when the
// metrics are.
import { sql } from 'kysely'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Ingest } from '../ingest/ingest.ts'
import type { Relay } from '../ingest/relay.ts'
import type { Ctx } from '../sessions/context.ts'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface Watched {
  readonly ctx: Ctx
  readonly ingest: Pick<Ingest, 'counts' | 'lagMs'>
  readonly relay: Pick<Relay, 'rung' | 'away'>
  readonly live: { readonly sockets: number }
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #http: Histogram

  constructor() {
    // Among them the lag of the event loop and the memory of the process.
    collectDefaultMetrics({ register: this.#registry })
    this.#http = new Histogram({
      name: 'parley_http_request_duration_seconds',
      help: 'Requests by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers: [this.#registry],
    })
  }

  answered(method: string, route: string, status: number, ms: number): void {
    this.#http.observe({ method, route, status: String(status) }, ms / 1000)
  }

  /** Called once, when the parts of the service are there. */
  watch({ ctx, ingest, relay, live }: Watched): void {
    this.#gauge('parley_live_sockets', 'Open websockets of this process', () => live.sockets)
    this.#gauge('parley_temporal_away', '1 while Temporal does not answer', () => (relay.away ? 1 : 0))
    this.#gauge(
      'parley_ingest_lag_seconds',
      "From Meta's timestamp to the commit, of the newest message; -1 before the first",
      () => (ingest.lagMs === null ? -1 : ingest.lagMs / 1000),
    )
    this.#counter('parley_bells_rung_total', 'Bells that this process brought to workflows', () => relay.rung)
    this.#counter('parley_ingest_webhooks_total', 'Webhooks taken in', () => ingest.counts.requests)
    this.#counter('parley_ingest_items_total', 'Items of webhooks taken in', () => ingest.counts.items)
    this.#counter('parley_ingest_batches_total', 'Transactions of ingest', () => ingest.counts.batches)
    this.#counter('parley_ingest_quarantined_total', 'Items put into quarantine', () => ingest.counts.quarantined)
    this.#outbox(ctx)
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value())
      },
    })
  }

  #counter(name: string, help: string, value: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset()
        this.inc(value())
      },
    })
  }

  #outbox({ db, clock }: Ctx): void {
    const oldest = new Gauge({
      name: 'parley_outbox_oldest_seconds',
      help: 'How long the oldest bell has waited; -1 while the database is away',
      registers: [this.#registry],
    })
    new Gauge({
      name: 'parley_outbox_bells',
      help: 'Bells that have not reached their workflow; -1 while the database is away',
      registers: [this.#registry],
      async collect() {
        const found = await sql<{ bells: number; oldest: Date | null }>`
          SELECT count(*)::int AS bells, min(rung_at) AS oldest FROM signal_outbox`
          .execute(db)
          .catch(() => null)
        const row = found?.rows[0]
        this.set(row?.bells ?? -1)
        oldest.set(
          row === undefined ? -1 : row.oldest === null ? 0 : Math.max(0, clock.now() - row.oldest.getTime()) / 1000,
        )
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
