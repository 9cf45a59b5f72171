// Everything behind the API, in process: a database, ingest, relay, the door, a worker on a task queue of its own, and
// the simulator as Meta. Tests give commands and deliver webhooks through the same functions that the API calls.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { pino } from 'pino'
import { v7 } from 'uuid'
import { inject } from 'vitest'
import { DEMO_NUMBER, type Simulator, startSimulator } from '../../simulator/start.ts'
import type { CommandKind } from '../../src/domain/commands.ts'
import type { Rights } from '../../src/domain/policy.ts'
import { Door } from '../../src/engine/door.ts'
import { Ingest } from '../../src/ingest/ingest.ts'
import { Relay } from '../../src/ingest/relay.ts'
import { verifySignature } from '../../src/ingest/signature.ts'
import { seal } from '../../src/secrets.ts'
import { type Actor, loadRights } from '../../src/sessions/actor.ts'
import { ChangeBus } from '../../src/sessions/changes.ts'
import { type CommandAnswer, giveCommand } from '../../src/sessions/command.ts'
import type { CommandBody } from '../../src/sessions/commands/case.ts'
import type { Ctx } from '../../src/sessions/context.ts'
import { resolveMessage, retryMessage, sendText } from '../../src/sessions/send.ts'
import { type RunningWorker, startWorker } from '../../src/worker-service.ts'
import { type SessionLife, workflowIdOf } from '../../src/workflows/contract.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { eventually } from './eventually.ts'
import { MovableClock, skipTime } from './time.ts'

const SECRET_KEY = 'a-secret-key-for-tests-only-0123456789'

export interface EngineOptions {
  readonly answerTimeoutMs?: number
  readonly cachedSessions?: number
  readonly slots?: number
  readonly settings?: Readonly<Record<string, unknown>>
  readonly worker?: boolean
  /** After how many events a session continues as new. */
  readonly longHistory?: number
  /** Where API and worker find Temporal: a proxy before the real one, for instance. */
  readonly temporalAddress?: string
  /** How much the worker's clock is ahead of the workflows' (negative: behind). */
  readonly workerAheadMs?: number
}

try {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
} catch {
  // Another file of this process was first.
}

export type Engine = Awaited<ReturnType<typeof startEngine>>

export async function startEngine(options: EngineOptions = {}) {
  const database: FreshDatabase = await freshDatabase()
  const { db, byKey } = database
  const clock = new MovableClock()
  const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
  const taskQueue = `test-${v7()}`
  const where = { address: inject('temporalAddress'), namespace: inject('temporalNamespace') }
  const door = new Door({
    ...where,
    address: options.temporalAddress ?? where.address,
    taskQueue,
    ...(options.longHistory === undefined ? {} : { longHistory: options.longHistory }),
  })
  const relay = new Relay({ db: byKey, clock, door, log })
  const ctx: Ctx = { db, byKey, clock, bus: new ChangeBus(), ring: (ids) => relay.ring(ids) }
  const ingest = new Ingest({ ctx, databaseUrl: database.url, log })
  const simulator: Simulator = await startSimulator({ clock })
  const webhook = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const signature = request.headers['x-hub-signature-256']
      if (!verifySignature(body, typeof signature === 'string' ? signature : undefined, [simulator.appSecret])) {
        response.writeHead(401).end()
        return
      }
      ingest.take(body).then(
        () => response.writeHead(200).end(),
        () => response.writeHead(503).end(),
      )
    })
  })
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve))
  simulator.setWebhook(`http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`)

  const people = await settle(db, options, simulator)
  const config = {
    databaseUrl: database.url,
    temporalAddress: options.temporalAddress ?? where.address,
    temporalNamespace: where.namespace,
    taskQueue,
    graphApiUrl: simulator.url,
    simulatorUrl: null,
    graphApiVersion: 'v25.0',
    secretKey: SECRET_KEY,
  }
  const start = (): Promise<RunningWorker> =>
    startWorker(config, {
      clock: { now: () => clock.now() + (options.workerAheadMs ?? 0) },
      log,
      answerTimeoutMs: options.answerTimeoutMs ?? 3_000,
      ...(options.cachedSessions === undefined ? {} : { cachedSessions: options.cachedSessions }),
    })
  let worker = options.worker === false ? null : await start()
  relay.start()

  const actor = async (userId: string, kind: Actor['kind'] = 'operator') => ({
    kind,
    rights: (await loadRights(db, userId)) as Rights,
  })
  const hashOf = (...said: unknown[]): Buffer => createHash('sha256').update(JSON.stringify(said)).digest()
  const temporalConnection = await Connection.connect({ address: where.address })
  const temporalClient = new Client({ connection: temporalConnection, namespace: where.namespace })

  return {
    ...people,
    config,
    database,
    db,
    ctx,
    clock,
    door,
    relay,
    ingest,
    simulator,
    where,
    async startWorker() {
      worker = await start()
    },
    async stopWorker() {
      await worker?.close()
      worker = null
    },
    /** The newest session of the client with this phone (digits), once there is one that matches. */
    session: (
      phone: string,
      matching: (row: SessionRow) => boolean = () => true,
      withinMs?: number,
    ): Promise<SessionRow> =>
      eventually(
        async () => {
          const row = await db
            .selectFrom('session as s')
            .innerJoin('client_alias as a', 'a.client_id', 's.client_id')
            .selectAll('s')
            .where('a.value', '=', phone)
            .orderBy('s.started_at', 'desc')
            .orderBy('s.id', 'desc')
            .executeTakeFirst()
          return row !== undefined && matching(row) ? row : null
        },
        `a session of ${phone} that matches ${matching}`,
        withinMs,
      ),
    async command(
      userId: string,
      sessionId: string,
      kind: CommandKind,
      body: CommandBody = {},
      key: string = v7(),
      by: Actor['kind'] = 'operator',
    ): Promise<CommandAnswer> {
      return giveCommand(ctx, door, {
        actor: await actor(userId, by),
        key,
        hash: hashOf(sessionId, kind, body),
        sessionId,
        kind,
        body,
      })
    },
    async send(userId: string, sessionId: string, text: string, replyTo: string | null = null, key: string = v7()) {
      return sendText(ctx, {
        actor: await actor(userId),
        key,
        hash: hashOf(sessionId, text, replyTo),
        sessionId,
        text,
        replyTo,
      })
    },
    async retry(userId: string, messageId: string, evenThoughReached = false) {
      return retryMessage(ctx, {
        actor: await actor(userId),
        key: v7(),
        hash: hashOf('retry', messageId),
        messageId,
        evenThoughReached,
      })
    },
    async resolve(userId: string, messageId: string, outcome: 'arrived' | 'notArrived') {
      return resolveMessage(ctx, {
        actor: await actor(userId),
        key: v7(),
        hash: hashOf('resolve', messageId, outcome),
        messageId,
        outcome,
      })
    },
    /** The message once its status is one of these. */
    message: (messageId: string, statuses: readonly string[], withinMs?: number) =>
      eventually(
        async () => {
          const row = await db.selectFrom('message').selectAll().where('id', '=', messageId).executeTakeFirst()
          return row !== undefined && statuses.includes(row.status ?? '') ? row : null
        },
        `message ${messageId} becomes ${statuses.join(' or ')}`,
        withinMs,
      ),
    events: async (sessionId: string) =>
      (
        await db
          .selectFrom('session_event')
          .select(['kind', 'actor_kind', 'actor_id', 'evidence', 'rev'])
          .where('session_id', '=', sessionId)
          .orderBy('n')
          .execute()
      ).map((event) => ({ ...event, evidence: event.evidence as Record<string, unknown> })),
    temporal: temporalClient,
    /** The runs of the session's workflow, oldest first. */
    async runs(sessionId: string): Promise<readonly Run[]> {
      const runs: Run[] = []
      const workflowId = workflowIdOf(sessionId)
      let runId: string | undefined = await temporalClient.workflow
        .getHandle(workflowId)
        .describe()
        .then(
          (described) => described.raw.workflowExecutionInfo?.firstRunId || described.runId,
          () => undefined,
        )
      while (runId !== undefined && runId !== '') {
        const history: History = await temporalClient.workflow.getHandle(workflowId, runId).fetchHistory()
        const events = history.events ?? []
        runs.push({ runId, history, events })
        runId = events.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined
      }
      return runs
    },
    /** Clock and workflows go on together. */
    async skip(ms: number, sessionIds: readonly string[]) {
      clock.forward(ms)
      await skipTime(where.address, where.namespace, sessionIds, ms)
      // The server stops skipping at each timer on its way; the rest of the way is asked for again.
      for (const sessionId of sessionIds) {
        await eventually(
          async () => {
            const due = dueOf(await door.query(sessionId), clock.now())
            if (due === null) return true
            await pause(SETTLE_MS)
            const life = await door.query(sessionId)
            const left = dueOf(life, clock.now())
            if (left === null || life === null) return true
            await skipTime(where.address, where.namespace, [sessionId], Math.max(1_000, left - life.asOf))
            return false
          },
          `session ${sessionId} follows the clock`,
          30_000,
        )
      }
    },
    async close() {
      await simulator.close()
      await relay.close()
      await ingest.close()
      await worker?.close()
      await door.close()
      await temporalConnection.close()
      await new Promise((resolve) => webhook.close(resolve))
      await database.drop()
    },
  }
}

const SETTLE_MS = 300

/** The first of what a workflow should have done by then; null when it has nothing left to do. */
function dueOf(life: SessionLife | null, at: number): number | null {
  const due = life?.timers.map((timer) => timer.dueAt) ?? []
  if (life?.sends.waitUntil != null) due.push(life.sends.waitUntil)
  const first = Math.min(...due)
  return first <= at ? first : null
}

export interface Run {
  readonly runId: string
  readonly history: History
  readonly events: NonNullable<History['events']>
}

export interface SessionRow {
  readonly id: string
  readonly client_id: string
  readonly phase: string
  readonly operator_id: string | null
  readonly last_seq: number
  readonly last_in_seq: number
  readonly rev: number
  readonly unread: number
  readonly previous_id: string | null
  readonly next_id: string | null
  readonly end_reason: string | null
  readonly bell_on: boolean
  readonly failed: number
  readonly unknown: number
}

async function settle(db: FreshDatabase['db'], options: EngineOptions, simulator: Simulator) {
  const now = new Date()
  await db
    .insertInto('installation')
    .values({ id: 1, created_at: now })
    .onConflict((oc) => oc.doNothing())
    .execute()
  const groupId = v7()
  await db.insertInto('group_').values({ id: groupId, name: 'Support' }).execute()
  const user = async (name: string, role: string): Promise<string> => {
    const id = v7()
    await db
      .insertInto('user_account')
      .values({
        id,
        email: `${name}@parley.test`,
        name,
        role,
        password_hash: '-',
        slots: options.slots ?? 50,
        created_at: now,
      })
      .execute()
    await db.insertInto('group_member').values({ group_id: groupId, user_id: id }).execute()
    return id
  }
  const [olga, omar, sara] = [
    await user('olga', 'operator'),
    await user('omar', 'operator'),
    await user('sara', 'supervisor'),
  ]
  const channelId = v7()
  await db
    .insertInto('channel')
    .values({
      id: channelId,
      phone_number_id: DEMO_NUMBER.phoneNumberId,
      waba_id: DEMO_NUMBER.wabaId,
      name: 'Support',
      display_phone_number: DEMO_NUMBER.displayPhoneNumber,
      token_enc: seal(SECRET_KEY, simulator.token),
      group_id: groupId,
      simulated: true,
      created_at: now,
    })
    .execute()
  const resultId = v7()
  const strictResultId = v7()
  await db
    .insertInto('result')
    .values([
      { id: resultId, name: 'Solved', position: 1 },
      { id: strictResultId, name: 'Complaint', position: 2, note_required: true },
    ])
    .execute()
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    await db
      .insertInto('setting')
      .values({ key, value: JSON.stringify(value) })
      .execute()
  }
  return { groupId, olga, omar, sara, channelId, resultId, strictResultId }
}
