// B2: B0, and bodies are inserted in batches: two statements in flight, up to 200 rows each, no timer; whichever is free
// takes what waits. Each request is answered after the commit of its batch.
import pg from 'pg'
import { createInbox } from './inbox.ts'
import { type Received, serve } from './webhook-app.ts'

const IN_FLIGHT = 2
const ROWS = 200

interface Waiting {
  readonly received: Received
  resolve(): void
  reject(error: unknown): void
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: IN_FLIGHT })
await createInbox(pool)
const waiting: Waiting[] = []
let inFlight = 0

function flush(): void {
  while (inFlight < IN_FLIGHT && waiting.length > 0) {
    const batch = waiting.splice(0, ROWS)
    inFlight++
    pool
      .query({
        name: 'insert',
        text: 'INSERT INTO inbox (wamid, body) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING',
        values: [batch.map(({ received }) => received.wamid), batch.map(({ received }) => received.body)],
      })
      .then(
        () => {
          for (const { resolve } of batch) resolve()
        },
        (error: unknown) => {
          for (const { reject } of batch) reject(error)
        },
      )
      .finally(() => {
        inFlight--
        flush()
      })
  }
}

await serve(
  (received) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ received, resolve, reject })
      if (waiting.length === 1) setImmediate(flush)
    }),
)
