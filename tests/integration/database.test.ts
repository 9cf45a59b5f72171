// What the connections promise: a lost one costs the transaction that used it, and writes that travel later are in it.
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { behindCommit, connect, later, soon, type Trx } from '../../src/db/database.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'

test.each(['db', 'byKey'] as const)(
  'a connection of %s that is cut between two statements of a transaction ends that transaction, and not the process',
  async (which) => {
    const database = await freshDatabase()
    const { [which]: db, close } = connect(database.url, 2)
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
  },
)

describe('writes that travel later', () => {
  const put = (trx: Trx, value: string) =>
    later(trx, sql`INSERT INTO setting (key, value) VALUES ('later', ${JSON.stringify(value)}::jsonb)`)
  const found = (db: Parameters<ReturnType<typeof sql>['execute']>[0]) =>
    sql<{ value: string }>`SELECT value FROM setting WHERE key = ${'later'}`.execute(db)

  test('are seen by the next statement, and are committed though nothing follows them', async () => {
    const { db, byKey, drop } = await freshDatabase()
    await byKey.transaction().execute(async (trx) => {
      await put(trx, 'one')
      expect((await found(trx)).rows).toEqual([{ value: 'one' }])
      await later(trx, sql`UPDATE setting SET value = '"two"' WHERE key = ${'later'}`)
    })
    expect((await found(db)).rows).toEqual([{ value: 'two' }])
    await drop()
  })

  test('fail in the statement that they travel with, and take the transaction with them', async () => {
    const { db, byKey, drop } = await freshDatabase()
    const twice = byKey.transaction().execute(async (trx) => {
      await put(trx, 'one')
      await put(trx, 'two')
      await found(trx)
    })
    await expect(twice).rejects.toMatchObject({ code: '23505' })
    const atCommit = byKey.transaction().execute(async (trx) => {
      await put(trx, 'one')
      await put(trx, 'two')
    })
    await expect(atCommit).rejects.toMatchObject({ code: '23505' })
    expect((await found(db)).rows).toEqual([])
    // The connection is as good as before, also for the statement that failed.
    await byKey.transaction().execute((trx) => put(trx, 'three'))
    expect((await found(db)).rows).toEqual([{ value: 'three' }])
    await drop()
  })

  test('never leave where the transaction is given up', async () => {
    const { db, byKey, drop } = await freshDatabase()
    for (const asks of [false, true]) {
      const givenUp = byKey.transaction().execute(async (trx) => {
        if (asks) await found(trx)
        await put(trx, 'one')
        throw new Error('given up')
      })
      await expect(givenUp).rejects.toThrow('given up')
      await byKey.transaction().execute(async (trx) => expect((await found(trx)).rows).toEqual([]))
    }
    expect((await found(db)).rows).toEqual([])
    await drop()
  })
})

describe('reads that travel with others', () => {
  const count = sql<{ n: number }>`SELECT count(*)::int AS n FROM setting WHERE key = ${'read'}`
  const put = (trx: Trx) => later(trx, sql`INSERT INTO setting (key, value) VALUES ('read', '1'::jsonb)`)

  test('one that is wanted soon sees what was written before it, and not what comes after', async () => {
    const { byKey, drop } = await freshDatabase()
    await byKey.transaction().execute(async (trx) => {
      const before = await soon<{ n: number }>(trx, count)
      await put(trx)
      const after = await soon<{ n: number }>(trx, count)
      expect(before).toThrow('not been answered')
      await sql`SELECT 1`.execute(trx)
      expect([before(), after()]).toEqual([[{ n: 0 }], [{ n: 1 }]])
    })
    await drop()
  })

  test('one behind the commit sees what was committed', async () => {
    const { byKey, drop } = await freshDatabase()
    const read = await byKey.transaction().execute(async (trx) => {
      const rows = await behindCommit<{ n: number; xact: boolean }>(
        trx,
        sql`SELECT count(*)::int AS n, pg_current_xact_id_if_assigned() IS NULL AS xact FROM setting WHERE key = ${'read'}`,
      )
      await put(trx)
      return rows
    })
    expect(read()).toEqual([{ n: 1, xact: true }])
    await drop()
  })

  test('one behind the commit that fails leaves what was committed as it is', async () => {
    const { byKey, drop } = await freshDatabase()
    const read = await byKey.transaction().execute(async (trx) => {
      await put(trx)
      return behindCommit(trx, sql`SELECT 1 / ${0}::int AS never`)
    })
    expect(read()).toBeNull()
    expect((await count.execute(byKey)).rows).toEqual([{ n: 1 }])
    await drop()
  })

  test('one behind a commit that fails does not hide it', async () => {
    const { byKey, drop } = await freshDatabase()
    const twice = byKey.transaction().execute(async (trx) => {
      await put(trx)
      await put(trx)
      await behindCommit(trx, count)
    })
    await expect(twice).rejects.toMatchObject({ code: '23505' })
    // What was to be read behind the commit is not read behind the next one.
    await byKey.transaction().execute((trx) => put(trx))
    expect((await count.execute(byKey)).rows).toEqual([{ n: 1 }])
    await drop()
  })

  test('a pool that sends each statement by itself refuses them', async () => {
    const { db, drop } = await freshDatabase()
    await expect(db.transaction().execute((trx) => soon(trx, count))).rejects.toThrow('byKey')
    await drop()
  })
})
