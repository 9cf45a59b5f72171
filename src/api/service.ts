// One running API service: its parts, made and joined here and nowhere else. Any number may run side by side on one
// database.
import { type Logger, pino } from 'pino'
import { Failures } from '../auth/failures.ts'
import { type Clock, systemClock } from '../clock.ts'
import { CloudApi } from '../cloud-api/client.ts'
import type { Config } from '../config.ts'
import { connect } from '../db/database.ts'
import { migrateToLatest } from '../db/migrate.ts'
import { Door } from '../engine/door.ts'
import { Ingest } from '../ingest/ingest.ts'
import { Relay } from '../ingest/relay.ts'
import { lineOf } from '../secrets.ts'
import { ChangeBus } from '../sessions/changes.ts'
import type { Ctx } from '../sessions/context.ts'
import { buildApp } from './app.ts'
import type { Api, App } from './context.ts'
import { Housekeeping } from './housekeeping.ts'
import { install } from './installation.ts'
import { LiveHub } from './live/hub.ts'
import { Metrics } from './metrics.ts'
import { Presence } from './presence.ts'
import { Receipts } from './receipts.ts'
import { HeroCards } from './templates.ts'

const CONNECTIONS = 16

export interface Service {
  /** Where it listens. */
  readonly url: string
  readonly app: App
  readonly ctx: Ctx
  readonly api: Api
  readonly housekeeping: Housekeeping
  /** Where the first administrator is made; null once there is an account. */
  readonly setupUrl: string | null
  close(): Promise<void>
}

export interface ServiceOptions {
  readonly clock?: Clock
  readonly log?: Logger
}

export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const log = options.log ?? pino({ name: 'parley-api' })
  const clock = options.clock ?? systemClock
  const { db, byKey, close: closeDatabase } = connect(config.databaseUrl, CONNECTIONS)
  const door = new Door({
    address: config.temporalAddress,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
  })
  const cloudApi = new CloudApi()
  const relay = new Relay({ db: byKey, clock, door, log })
  const ctx: Ctx = { db, byKey, clock, bus: new ChangeBus(), ring: (ids) => relay.ring(ids) }
  const ingest = new Ingest({ ctx, databaseUrl: config.databaseUrl, log })
  const presence = new Presence(ctx)
  const live = new LiveHub({ ctx, presence, databaseUrl: config.databaseUrl, log })
  const receipts = new Receipts({ ctx, cloudApi, log, lineOf: lineOf(config) })
  const heroCards = new HeroCards({ ctx, config, cloudApi, log })
  const metrics = new Metrics()
  const failures = new Failures(clock)
  const api: Api = {
    config,
    ctx,
    log,
    door,
    ingest,
    relay,
    cloudApi,
    presence,
    live,
    receipts,
    heroCards,
    metrics,
    failures,
  }
  const housekeeping = new Housekeeping(
    ctx,
    log,
    () => presence.sweep(),
    () => ingest.counts.items,
  )

  let app: App | null = null
  async function close(): Promise<void> {
    await housekeeping.close()
    await live.close()
    await app?.close()
    await ingest.close()
    await relay.close()
    await Promise.all([receipts.close(), heroCards.close()])
    await Promise.all([cloudApi.close(), door.close()])
    await closeDatabase()
  }

  try {
    await migrateToLatest(db)
    const token = await install(db, config.secretKey, clock.now())
    metrics.watch(api)
    app = await buildApp(api)
    await live.start()
    relay.start()
    housekeeping.start()
    // Nobody waits for it: Meta may be away, and what was read before is still there.
    heroCards.syncAll().catch((error: unknown) => log.warn({ err: error }, 'HeroCards could not be read'))
    const url = await listen(app, config)
    const setupUrl = token === null ? null : `${config.publicUrl ?? url}/setup?token=${token}`
    return { url, app, ctx, api, housekeeping, setupUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(app: App, { host, port }: Config): Promise<string> {
  await app.listen({ host, port })
  const address = app.server.address()
  const got = typeof address === 'object' && address !== null ? address.port : port
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${got}`
}
