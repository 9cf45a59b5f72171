// Recorded histories of every path replay on the workflow of now (I8). `RECORD_HISTORIES=1 npx vitest run --project
// integration tests/integration/session/histories.test.ts` records them anew, from the real server.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from '@temporalio/worker'
import { beforeAll, expect, test } from 'vitest'
import { ensure } from '../../dev/artifact.ts'
import { workflowBundle } from '../../dev/bundle.ts'
import { fromJson, type StoredHistory } from '../support/histories.ts'

const FOLDER = new URL('./histories/', import.meta.url)
const BUNDLE = fileURLToPath(new URL('../../dist/workflows.js', import.meta.url))
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'))
const read = (name: string): StoredHistory => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))

beforeAll(() => ensure(workflowBundle, () => {}))

test('every path has a recorded history', () => {
  expect(files.map((name) => name.replace(/-\d+\.json$/, ''))).toEqual(
    expect.arrayContaining([
      'result',
      'wrap-up-again',
      'overdue',
      'window',
      'inactivity',
      'sends',
      'unknown',
      'paced',
      'continued',
      'refused',
    ]),
  )
})

test('all of them replay on the workflow of now', async () => {
  const histories = files.map((name) => ({ workflowId: read(name).workflowId, history: fromJson(read(name)) }))
  const replayed: string[] = []
  const failed: string[] = []
  for await (const outcome of Worker.runReplayHistories({ workflowBundle: { codePath: BUNDLE } }, histories)) {
    replayed.push(outcome.workflowId)
    if (outcome.error) failed.push(`${outcome.workflowId}: ${outcome.error.message}`)
  }
  expect(failed).toEqual([])
  expect(replayed).toHaveLength(files.length)
})

test('a history that another workflow made does not replay', async () => {
  const stored = read(files.find((name) => name.startsWith('result-')) ?? '')
  const { events = [] } = stored.history as { events: { eventType: string }[] }
  // As if the workflow had once decided nothing where it decides now.
  const other = { events: events.filter((event) => event.eventType !== 'EVENT_TYPE_MARKER_RECORDED') }
  const history = { workflowId: stored.workflowId, history: fromJson({ ...stored, history: other }) }
  const errors: unknown[] = []
  for await (const outcome of Worker.runReplayHistories({ workflowBundle: { codePath: BUNDLE } }, [history])) {
    if (outcome.error) errors.push(outcome.error)
  }
  expect(errors).toHaveLength(1)
})
