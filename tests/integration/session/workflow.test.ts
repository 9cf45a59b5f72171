// The workflow alone, on the real server, with decisions and drains that the test scripts: what it does when answers
// and signals cross, when its clock and the decisions' differ, when its row is gone.
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { v7 } from 'uuid'
import { afterEach, expect, inject, test } from 'vitest'
import type { Snapshot } from '../../../src/domain/snapshot.ts'
import { changed, commands, type Decisions, type Sending, state } from '../../../src/workflows/contract.ts'
import { eventually } from '../../support/eventually.ts'

const BUNDLE = fileURLToPath(new URL('../../../dist/workflows.js', import.meta.url))

const active = (rev: number, more: Partial<Snapshot> = {}): Snapshot => ({
  epoch: 1,
  rev,
  phase: 'active',
  textField: { open: true, until: Date.now() + 3_600_000, reason: null },
  windowUntil: Date.now() + 3_600_000,
  timers: [],
  sends: { pending: 0, calling: 0, waitUntil: null },
  ...more,
})
const pending = (rev: number, count: number, waitUntil: number | null): Snapshot =>
  active(rev, { sends: { pending: count, calling: 0, waitUntil } })

let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  closing = []
})

async function run(activities: Partial<Decisions & Sending>) {
  const address = inject('temporalAddress')
  const namespace = inject('temporalNamespace')
  const taskQueue = `test-${v7()}`
  const native = await NativeConnection.connect({ address })
  const connection = await Connection.connect({ address })
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowBundle: { codePath: BUNDLE },
    activities: {
      look: async () => null,
      decide: async () => ({ told: 'abandoned', snapshot: null }),
      fireTimer: async () => null,
      drainSends: async () => ({ snapshot: null, more: false }),
      ...activities,
    } satisfies Decisions & Sending,
    shutdownForceTime: '1s',
  })
  const running = worker.run()
  const client = new Client({ connection, namespace })
  const handle = await client.workflow.start('session', {
    workflowId: `session-${v7()}`,
    taskQueue,
    args: [v7(), 1],
    workflowTaskTimeout: '3s',
  })
  closing.push(async () => {
    await handle.terminate().catch(() => {})
    worker.shutdown()
    await running
    await native.close()
    await connection.close()
  })
  const events = async () => (await handle.fetchHistory()).events ?? []
  return { handle, events }
}

test('a send that must wait is sent when its time comes, although a newer snapshot came while the drain ran', async () => {
  const drains: number[] = []
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  let until = 0
  const { handle } = await run({
    look: async () => pending(5, 1, null),
    drainSends: async () => {
      drains.push(Date.now())
      if (drains.length > 1) return { snapshot: active(9), more: false }
      await finished
      return { snapshot: pending(6, 1, until), more: false }
    },
  })
  await eventually(() => drains.length === 1, 'the drain runs')
  until = Date.now() + 2_000
  await handle.signal(changed, pending(7, 2, until))
  await eventually(async () => (await handle.query(state)).rev === 7, 'the newer snapshot is held')
  finish()
  await eventually(() => drains.length === 2, 'a second drain after the wait', 6_000)
  expect(drains[1]).toBeGreaterThanOrEqual(until)
})

test('a timer that the decision finds too early is asked again once a second, not as fast as it goes', async () => {
  const dueAt = Date.now() + 300
  const asked: number[] = []
  const timer = { name: 'offerOverdue', dueAt } as const
  const { events } = await run({
    look: async () => active(1, { timers: [timer] }),
    fireTimer: async () => {
      asked.push(Date.now())
      // Its clock is three seconds behind the workflow's.
      return asked.length < 4 ? active(1, { timers: [{ ...timer }] }) : active(2)
    },
  })
  await eventually(() => asked.length === 4, 'the decision agrees', 10_000)
  for (let n = 1; n < asked.length; n++) {
    expect((asked[n] ?? 0) - (asked[n - 1] ?? 0)).toBeGreaterThanOrEqual(900)
  }
  expect((await events()).length).toBeLessThan(40)
})

test('a drain whose clock is behind is asked again once a second, not as fast as it goes', async () => {
  const until = Date.now() + 300
  const asked: number[] = []
  const { events } = await run({
    look: async () => pending(1, 1, until),
    drainSends: async () => {
      asked.push(Date.now())
      return { snapshot: asked.length < 4 ? pending(1, 1, until) : active(2), more: false }
    },
  })
  await eventually(() => asked.length === 4, 'the drain agrees', 10_000)
  for (let n = 1; n < asked.length; n++) {
    expect((asked[n] ?? 0) - (asked[n - 1] ?? 0)).toBeGreaterThanOrEqual(900)
  }
  expect((await events()).length).toBeLessThan(60)
})

test('two timers that are due together both fire at once', async () => {
  const dueAt = Date.now() + 300
  const left = new Set(['windowWarning', 'windowExpiry'] as const)
  const fired: number[] = []
  const timers = () => [...left].map((name) => ({ name, dueAt }))
  let rev = 1
  await run({
    look: async () => active(rev, { timers: timers() }),
    fireTimer: async (_, name) => {
      left.delete(name as 'windowWarning')
      fired.push(Date.now())
      return active(++rev, { timers: timers() })
    },
  })
  await eventually(() => fired.length === 2, 'both fire', 8_000)
  expect((fired[1] ?? 0) - (fired[0] ?? 0)).toBeLessThan(500)
})

test('a drain that fails is repeated after a moment, and never fails the workflow', async () => {
  let drains = 0
  const { handle } = await run({
    look: async () => pending(3, 1, null),
    drainSends: async () => {
      drains++
      if (drains < 3) throw new Error('no database')
      return { snapshot: active(4), more: false }
    },
  })
  await eventually(() => drains === 3, 'the third drain', 15_000)
  await eventually(async () => (await handle.query(state)).rev === 4, 'its outcome')
  expect((await handle.describe()).status.name).toBe('RUNNING')
})

test('a session whose row is gone comes to its end', async () => {
  const dueAt = Date.now() + 300
  let fired = 0
  const { handle } = await run({
    look: async () => active(1, { timers: [{ name: 'windowExpiry', dueAt }] }),
    fireTimer: async () => {
      fired++
      return null
    },
  })
  await handle.result()
  expect(fired).toBe(1)
})

test('an abandoned command of a live session changes nothing of it', async () => {
  const { handle } = await run({ look: async () => active(1) })
  expect(await handle.executeUpdate(commands.accept, { args: [v7()] })).toBe('abandoned')
  await handle.signal(changed, active(2))
  await eventually(async () => (await handle.query(state)).rev === 2, 'it goes on')
  expect((await handle.describe()).status.name).toBe('RUNNING')
})

test('a malformed command is refused before it is written down', async () => {
  const { handle, events } = await run({ look: async () => active(1) })
  await expect(handle.executeUpdate(commands.accept, { args: ['not an id'] })).rejects.toThrow()
  expect((await events()).some((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toBe(false)
})

test('an older snapshot never replaces a newer one, whatever order they come in', async () => {
  const { handle } = await run({ look: async () => active(1) })
  await handle.signal(changed, active(9))
  await handle.signal(changed, active(4))
  await handle.signal(changed, { ...active(2), epoch: 2 })
  await handle.signal(changed, active(12))
  await eventually(async () => (await handle.query(state)).rev === 2, 'the greater epoch wins')
})

test('decisions that keep failing while the database is away hold no workflow task open', async () => {
  let broken = true
  const dueAt = Date.now() + 100
  const { handle, events } = await run({
    look: async () => active(1, { timers: [{ name: 'inactivity', dueAt }] }),
    fireTimer: async () => {
      if (broken) throw new Error('no database')
      return active(2, { phase: 'wrapUp' })
    },
  })
  await eventually(
    async () => (await events()).filter((event) => event.timerStartedEventAttributes).length >= 2,
    'the back-off is a timer',
    20_000,
  )
  broken = false
  await eventually(async () => (await handle.query(state)).phase === 'wrapUp', 'the decision is made at last', 20_000)
  expect((await events()).length).toBeLessThan(80)
})
