// The one connection that hears what other services have committed. When it is lost, notices may be lost with it:
// whoever listens is told, and again when it has come back.
import pg from 'pg'
import { connectionConfig } from '../../db/database.ts'
import { LIVE_CHANNEL, type LiveNotice } from '../../sessions/changes.ts'

const CHECK_EVERY_MS = 5_000
const CHECK_WITHIN_MS = 3_000
const AGAIN_MS = 500

export interface Hearing {
  heard(notice: LiveNotice): void
  lost(): void
}

export class NoticeListener {
  readonly #databaseUrl: string
  readonly #hearing: Hearing
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(databaseUrl: string, hearing: Hearing) {
    this.#databaseUrl = databaseUrl
    this.#hearing = hearing
  }

  get listens(): boolean {
    return this.#client !== null
  }

  async start(): Promise<void> {
    const client = new pg.Client({ ...connectionConfig(this.#databaseUrl), application_name: 'parley-live' })
    client.on('error', () => this.#lose(client))
    client.on('end', () => this.#lose(client))
    client.on('notification', ({ payload }) => {
      const notice = noticeFrom(payload)
      if (notice !== null) this.#hearing.heard(notice)
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${LIVE_CHANNEL}`)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    // It may have been closed meanwhile.
    if (this.#closed) return client.end()
    this.#client = client
    this.#later(CHECK_EVERY_MS, () => this.#check(client))
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  async #check(client: pg.Client): Promise<void> {
    const deadline = setTimeout(() => this.#lose(client), CHECK_WITHIN_MS)
    try {
      await client.query('SELECT 1')
      if (client === this.#client) this.#later(CHECK_EVERY_MS, () => this.#check(client))
    } catch {
      this.#lose(client)
    } finally {
      clearTimeout(deadline)
    }
  }

  #lose(client: pg.Client): void {
    if (client !== this.#client) return
    this.#client = null
    client.end().catch(() => {})
    if (this.#closed) return
    this.#hearing.lost()
    this.#later(0, () => this.#again())
  }

  async #again(): Promise<void> {
    try {
      await this.start()
    } catch {
      this.#later(AGAIN_MS, () => this.#again())
    }
  }

  #later(ms: number, what: () => Promise<void>): void {
    if (this.#closed) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void what(), ms).unref()
  }
}

/** Anybody with the database's password may NOTIFY: what is no notice of ours is passed over. */
function noticeFrom(payload: string | undefined): LiveNotice | null {
  try {
    const notice: unknown = JSON.parse(payload ?? '')
    return typeof notice === 'object' && notice !== null && 'from' in notice ? (notice as LiveNotice) : null
  } catch {
    return null
  }
}
