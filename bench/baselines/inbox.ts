// The one table of the baselines that keep what they get: the message id is unique, so a second delivery does nothing.
import type pg from 'pg'

export async function createInbox(pool: pg.Pool): Promise<void> {
  await pool.query(`CREATE TABLE IF NOT EXISTS inbox (
    wamid text PRIMARY KEY, body bytea NOT NULL, received_at timestamptz NOT NULL DEFAULT now())`)
}
