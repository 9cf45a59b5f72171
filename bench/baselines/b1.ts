// B1: B0, and each body is inserted by a statement of its own, committed before the 200. Sixteen connections: more do
// not make it faster.
import pg from 'pg'
import { createInbox } from './inbox.ts'
import { serve } from './webhook-app.ts'

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 })
await createInbox(pool)
await serve(async ({ wamid, body }) => {
  await pool.query({
    name: 'insert',
    text: 'INSERT INTO inbox (wamid, body) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [wamid, body],
  })
})
