// One connection of ingest, of its own and pipelined: a round trip carries several statements. It is made anew after
// it was lost; a query that PostgreSQL does not answer in time is such a loss.
import pg from 'pg'
import { connectionConfig } from '../db/database.ts'

const ANSWER_MS = 10_000

export class Lane {
  busy = false
  readonly #url: string
  #client: pg.Client | null = null
  #closed = false

  constructor(databaseUrl: string) {
    this.#url = databaseUrl
  }

  /** The connection is gone, and with it whatever was not committed. */
  get lost(): boolean {
    return this.#client === null
  }

  async connected(): Promise<pg.Client> {
    if (this.#client !== null) return this.#client
    if (this.#closed) throw new Error('the connection is closed')
    const client = new pg.Client({
      ...connectionConfig(this.#url),
      query_timeout: ANSWER_MS,
      pipeline: true,
      application_name: 'parley-ingest',
    })
    const forget = (): void => {
      if (this.#client === client) this.#client = null
    }
    client.on('error', forget)
    client.on('end', forget)
    await client.connect()
    this.#client = client
    return client
  }

  async rollBack(): Promise<void> {
    const client = this.#client
    if (client === null) return
    try {
      await client.query('ROLLBACK')
    } catch {
      this.#client = null
      await client.end().catch(() => {})
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {})
  }
}
