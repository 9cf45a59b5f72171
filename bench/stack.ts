// All of Parley, running for one round: API, worker, simulator, on a database and a task queue of their own.
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import pg from 'pg'
import type { Child } from '../dev/family.ts'
import { freePort } from '../dev/ports.ts'
import { answersOk } from '../dev/services.ts'
import { workflowIdOf } from '../src/workflows/contract.ts'
import { bsuidOf, messageBody, phoneOf, type SignedBody } from './bodies.ts'
import { type Box, type Database, NAMESPACE, PASSWORD } from './box.ts'
import { Operator } from './operator.ts'
import type { Posted, Writer } from './simulator.ts'
import { now, WebhookConnection } from './webhook-sender.ts'

export const EMAIL = 'olga@parley.test'
const WITHIN_MS = 60_000

export interface Made {
  readonly firstClient: number
  /** In the order of the clients. */
  readonly ids: readonly string[]
}

export class Stack {
  readonly url: string
  readonly address: string
  readonly tracePort: number
  readonly operator: Operator
  readonly #box: Box
  readonly #database: Database
  readonly #children: readonly Child[]
  readonly #worker: Child
  readonly #pool: pg.Pool
  readonly #connection: Connection
  readonly #client: Client
  readonly #simulatorUrl: string
  #clients = 100_000

  private constructor(parts: {
    box: Box
    database: Database
    children: readonly Child[]
    worker: Child
    url: string
    address: string
    tracePort: number
    controlUrl: string
    operator: Operator
    connection: Connection
  }) {
    this.#box = parts.box
    this.#database = parts.database
    this.#children = parts.children
    this.#worker = parts.worker
    this.url = parts.url
    this.address = parts.address
    this.tracePort = parts.tracePort
    this.operator = parts.operator
    this.#simulatorUrl = parts.controlUrl
    this.#pool = new pg.Pool({ connectionString: parts.database.url, max: 2 })
    // A stop takes the database away while connections idle.
    this.#pool.on('error', () => {})
    this.#connection = parts.connection
    this.#client = new Client({ connection: parts.connection, namespace: NAMESPACE })
  }

  static async start(box: Box): Promise<Stack> {
    const address = await box.temporal()
    const database = await box.freshDatabase()
    const taskQueue = box.taskQueue()
    const tracePort = await freePort()
    const simulatorPort = await freePort()
    const controlPort = await freePort()
    const simulatorUrl = `http://127.0.0.1:${simulatorPort}`
    const controlUrl = `http://127.0.0.1:${controlPort}`
    const options = { address, taskQueue, simulatorUrl }
    const api = await box.startApi(database, options)
    const worker = await box.startWorker(database, { ...options, trace: box.traced(tracePort) })
    const simulator = await box.startScript(
      'bench/simulator.ts',
      {
        BENCH_SIMULATOR_PORT: String(simulatorPort),
        BENCH_CONTROL_PORT: String(controlPort),
        BENCH_WEBHOOK_URL: `${api.url}/webhooks/whatsapp`,
      },
      () => answersOk(controlUrl),
    )
    const operator = await Operator.signIn(api.url, EMAIL, PASSWORD)
    const connection = await Connection.connect({ address })
    const children = [api.child, worker, simulator]
    const found = { url: api.url, address, tracePort, controlUrl, operator, connection }
    return new Stack({ box, database, children, worker, ...found })
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.#pool.query<Row>(text, [...values])).rows
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = now() + WITHIN_MS; now() < deadline; await sleep(20)) if (await holds()) return
    throw new Error(`It was waited in vain until ${what}.`)
  }

  /** No bell waits and nothing is to be sent. */
  async drained(): Promise<void> {
    await this.until('no bell waits and nothing is to be sent', async () => {
      const [row] = await this.query<{ bells: number; sends: number }>(
        `SELECT (SELECT count(*)::int FROM signal_outbox) AS bells,
                (SELECT count(*)::int FROM attempt WHERE state IN ('pending', 'calling')) AS sends`,
      )
      return row !== undefined && row.bells === 0 && row.sends === 0
    })
  }

  async deliver(bodies: readonly SignedBody[]): Promise<void> {
    const connection = await WebhookConnection.open(`${this.url}/webhooks/whatsapp`)
    for (const body of bodies) {
      const { status } = await connection.post(body)
      if (status !== 200) throw new Error(`a webhook was answered with ${status}`)
    }
    connection.close()
  }

  /** New clients, each with a session that their first message began; nobody answers them. */
  async newSessions(count: number): Promise<Made> {
    const clients = this.#next(count)
    await this.deliver(clients.map((client) => messageBody({ client, text: 'Hello' })))
    return this.#made(clients)
  }

  /** Clients of the simulator, so that they can be answered; the operator has accepted their sessions. */
  async activeSessions(count: number): Promise<Made> {
    const clients = this.#next(count)
    const writers = clients.map((n): Writer => ({ phone: phoneOf(n), bsuid: bsuidOf(n), name: `Client ${n}` }))
    const response = await fetch(this.#simulatorUrl, { method: 'POST', body: JSON.stringify(writers) })
    if (!response.ok) throw new Error(`The simulator answered with ${response.status}.`)
    const made = await this.#made(clients)
    await each(made.ids, 8, (id) => this.operator.command(`/sessions/${id}/accept`))
    return made
  }

  /** Accepted and ended: their operator writes up, and a client's message makes them active again. */
  async inWrapUp(ids: readonly string[]): Promise<void> {
    await each(ids, 8, async (id) => {
      const [row] = await this.query<{ last_seq: number }>('SELECT last_seq FROM session WHERE id = $1', [id])
      await this.operator.command(`/sessions/${id}/end`, { lastSeq: row?.last_seq ?? 0 })
    })
    await this.drained()
  }

  /**
   * Messages that Meta has taken and tells the fate of: copies of one that was really sent, because sending so many would
   * take longer than the measurement.
   */
  async attemptsForStatuses(
    count: number,
  ): Promise<readonly { readonly wamid: string; readonly opaque: string; readonly phone: string }[]> {
    const { ids } = await this.activeSessions(10)
    await each(ids, 4, (id) => this.send(id, 'Here it is'))
    await this.drained()
    await this.query(
      `WITH one AS (
         SELECT m, a, gen_random_uuid() AS message_id, gen_random_uuid() AS attempt_id,
                1000 + row_number() OVER (PARTITION BY m.session_id) AS seq
           FROM message m JOIN attempt a ON a.message_id = m.id, generate_series(1, $2::int)
          WHERE m.session_id = ANY ($1::uuid[]) AND m.text = 'Here it is'),
       messages AS (
         INSERT INTO message SELECT (jsonb_populate_record(m, jsonb_build_object('id', message_id, 'seq', seq, 'status', 'accepted', 'client_ref', NULL))).* FROM one)
       INSERT INTO attempt SELECT (jsonb_populate_record(a, jsonb_build_object('id', attempt_id, 'message_id', message_id,
              'state', 'accepted', 'wamid', 'wamid.copy' || attempt_id))).* FROM one`,
      [ids, Math.ceil(count / ids.length)],
    )
    return this.query(
      `SELECT a.wamid, a.id::text AS opaque, p.value AS phone
         FROM attempt a JOIN session s ON s.id = a.session_id
         JOIN client_alias p ON p.client_id = s.client_id AND p.kind = 'phone'
        WHERE a.session_id = ANY ($1::uuid[]) AND a.wamid LIKE 'wamid.copy%'`,
      [ids],
    )
  }

  send(sessionId: string, text: string): Promise<unknown> {
    return this.operator.command(`/sessions/${sessionId}/messages`, { type: 'text', text })
  }

  /** Text → when it reached Meta, in milliseconds since 1970. */
  async receipts(): Promise<ReadonlyMap<string, number>> {
    const posted = (await (await fetch(this.#simulatorUrl)).json()) as readonly Posted[]
    return new Map(posted.flatMap(({ text, at }) => (text === null ? [] : [[text, at] as const])))
  }

  /** The lengths of the sessions' histories, together, once they have come to rest. */
  async events(ids: readonly string[]): Promise<number> {
    for (let before = await this.#lengths(ids); ; ) {
      await sleep(400)
      const after = await this.#lengths(ids)
      if (after === before) return after
      before = after
    }
  }

  /** The history of the session's first run, which has ended where it continued as new. */
  async firstRun(id: string): Promise<History> {
    const described = await this.#client.workflow.getHandle(workflowIdOf(id)).describe()
    const runId = described.raw.workflowExecutionInfo?.firstRunId || described.runId
    return this.#client.workflow.getHandle(workflowIdOf(id), runId).fetchHistory()
  }

  get workerPid(): number {
    return this.#worker.pid
  }

  async stop(): Promise<void> {
    await this.#pool.end()
    await Promise.all(this.#children.map((child) => child.stop()))
    await this.#connection.close()
    await this.#box.drop(this.#database)
  }

  #next(count: number): readonly number[] {
    const first = this.#clients
    this.#clients += count
    return Array.from({ length: count }, (_, n) => first + n)
  }

  async #made(clients: readonly number[]): Promise<Made> {
    const rows = await this.query<{ id: string }>(
      `SELECT s.id FROM unnest($1::text[]) WITH ORDINALITY AS k(bsuid, n)
         JOIN client_alias a ON a.kind = 'bsuid' AND a.value = k.bsuid JOIN session s ON s.client_id = a.client_id ORDER BY k.n`,
      [clients.map(bsuidOf)],
    )
    if (rows.length !== clients.length) throw new Error(`${clients.length} clients have ${rows.length} sessions.`)
    await this.drained()
    return { firstClient: clients[0] ?? 0, ids: rows.map(({ id }) => id) }
  }

  async #lengths(ids: readonly string[]): Promise<number> {
    const lengths = await Promise.all(
      ids.map(async (id) => (await this.#client.workflow.getHandle(workflowIdOf(id)).describe()).historyLength),
    )
    return lengths.reduce((sum, length) => sum + length, 0)
  }
}

export async function each<T>(all: readonly T[], atOnce: number, one: (what: T) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(atOnce, all.length) }, async () => {
      for (let what = all[next++]; what !== undefined; what = all[next++]) await one(what)
    }),
  )
}
