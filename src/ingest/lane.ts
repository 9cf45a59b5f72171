// One connection of ingest, of its own. It is made anew after it was lost; a round trip that PostgreSQL does not answer in
// time is such a loss.
import pg from 'pg'
import { BY_KEY, connectionConfig } from '../db/database.ts'

const ANSWER_MS = 10_000
export class Lane {
  busy = false
  /** How many items are under way. */
  size = 0
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
    const config = connectionConfig(this.#url)
    const client = new pg.Client({
      ...config,
      options: BY_KEY,
      query_timeout: ANSWER_MS,
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
