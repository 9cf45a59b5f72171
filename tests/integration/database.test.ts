// What a lost connection to PostgreSQL costs: the transaction that used it, and nothing else.
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { connect } from '../../src/db/database.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

test('a connection that is cut between two statements of a transaction ends that transaction, and not the process', async () => {
  const database = await freshDatabase()
  const { db, close } = connect(database.url, 2)
  try {
    const cut = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(trx)
      const pid = rows[0]?.pid
      await sql`SELECT pg_terminate_backend(${pid})`.execute(database.db)
      // The server's goodbye arrives while no statement is under way.
      await eventually(async () => {
        const left = await sql`SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}`.execute(database.db)
        return left.rows.length === 0
      }, 'the backend is gone')
      await sql`SELECT 1`.execute(trx)
    })
    await expect(cut).rejects.toThrow()
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(db)).rows).toEqual([{ one: 1 }])
  } finally {
    await close()
    await database.drop()
  }
})
