// The live state of a session's workflow beside that of its row: what it waits for and what comes next, each labelled
// with its own rev and time; and where the workflow says nothing, the row alone, labelled so, and never an error.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionView } from '../../../src/api/views/session.ts'
import type { WorkflowView } from '../../../src/api/views/workflow.ts'
import { eventually } from '../../support/eventually.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import { type Caller, OLGA, OMAR, SARA, startTestService, type TestService, textFrom } from '../../support/service.ts'
import { text } from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const PHONES = Array.from({ length: 9 }, (_, n) => `42077700100${n}`)
const nextPhone = (): string => PHONES.shift() ?? ''
const hours = (count: number, of: string | null): string => new Date(Date.parse(of ?? '') + count * HOUR).toISOString()
const SILENT = {
  answered: false,
  rev: null,
  phase: null,
  textField: null,
  timers: null,
  sends: null,
  next: null,
  asOf: null,
}

describe('with Temporal there', () => {
  let parley: TestService
  let olga: Caller
  beforeAll(async () => {
    parley = await startTestService({ worker: true })
    olga = await parley.as(OLGA)
  })
  afterAll(() => parley?.close())

  const sessionOf = async (id: string): Promise<SessionView> => (await olga.get(`/api/v1/sessions/${id}`)).body

  async function workflow(id: string): Promise<WorkflowView> {
    const answer = await olga.get(`/api/v1/sessions/${id}/workflow`)
    expect(answer.status, answer.text).toBe(200)
    return answer.body
  }

  /** Its workflow runs and has seen the row as it is. */
  const followed = (id: string): Promise<WorkflowView> =>
    eventually(async () => {
      const told = await workflow(id)
      return told.rev === told.database.rev && told
    }, 'the workflow follows its row')

  async function queued(): Promise<SessionView & { phone: string }> {
    const phone = nextPhone()
    await parley.deliver(textFrom(phone, 'Hello', parley.clock.now()))
    return { ...(await parley.sessionOf(olga, phone)), phone }
  }

  async function active(): Promise<SessionView & { phone: string }> {
    const { id, phone } = await queued()
    expect((await olga.post(`/api/v1/sessions/${id}/accept`)).status).toBe(200)
    return { ...(await sessionOf(id)), phone }
  }

  test('a session in the queue waits for an operator, and tells when its offer is overdue', async () => {
    const { id, offer, window, rev } = await queued()
    const told = await followed(id)
    const same = {
      rev,
      phase: 'queued',
      textField: { open: false, until: null, reason: 'noOperator' },
      timers: [{ name: 'offerOverdue', dueAt: offer?.dueAt }],
      sends: { pending: 0, calling: 0, waitUntil: null },
    }
    expect(told).toMatchObject({
      answered: true,
      ...same,
      sends: { ...same.sends, draining: false },
      next: { what: 'offerOverdue', at: offer?.dueAt },
      database: { ...same, window: { until: window.until } },
    })
  })

  test('an accepted one counts down to the warning and to the end of its window', async () => {
    const { id, window } = await active()
    const told = await followed(id)
    const same = {
      phase: 'active',
      textField: { open: true, until: window.until, reason: null },
      timers: [
        { name: 'windowWarning', dueAt: hours(-2, window.until) },
        { name: 'windowExpiry', dueAt: window.until },
      ],
    }
    expect(told).toMatchObject({
      ...same,
      next: { what: 'windowWarning', at: hours(-2, window.until) },
      database: same,
    })
  })

  test('what nobody has woken it for is seen as a difference of revs and times, and not as an error', async () => {
    const { id, phone, window, rev } = await active()
    await followed(id)
    // A message that nobody waits for wakes no workflow: only the row knows that the window is open for longer.
    const spoke = parley.clock.now() + 5_000
    parley.clock.forward(5_000)
    await parley.deliver(textFrom(phone, 'One more thing', spoke))
    const told = await workflow(id)
    expect([told.rev, told.database.rev]).toEqual([rev, rev + 1])
    expect(Date.parse(told.database.asOf)).toBeGreaterThan(Date.parse(told.asOf ?? ''))
    const until = new Date(Math.floor(spoke / 1000) * 1000 + 24 * HOUR).toISOString()
    expect([told.textField?.until, told.database.textField.until]).toEqual([window.until, until])
    expect([told.timers?.at(-1)?.dueAt, told.database.timers.at(-1)?.dueAt]).toEqual([window.until, until])
    expect(told.database.window.until).toBe(until)
  })

  test('what waits to be sent is counted, and is what comes next', async () => {
    const { id } = await active()
    await followed(id)
    // As after the 45 in a row that Meta lets one write to one client.
    const pace = { pair_tokens: 0, pair_at: new Date(parley.clock.now()) }
    await parley.db.updateTable('client').set(pace).execute()
    expect((await olga.post(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'Good day' })).status).toBe(202)
    const told = await eventually(async () => {
      const now = await workflow(id)
      return now.sends?.waitUntil != null && !now.sends.draining && now
    }, 'the wait is seen')
    const waitUntil = told.database.sends.waitUntil
    expect(told).toMatchObject({
      sends: { pending: 1, calling: 0, waitUntil, draining: false },
      next: { what: 'send', at: waitUntil },
      database: { sends: { pending: 1, calling: 0 } },
    })
  })

  test('one that has ended waits for nothing, and says so as long as Temporal remembers it', async () => {
    const { id } = await active()
    const { body: results } = await olga.get('/api/v1/results')
    const result = { resultId: results.items[0].id, note: null }
    expect((await olga.post(`/api/v1/sessions/${id}/end`, { lastSeq: 1, result })).body.phase).toBe('ended')
    const same = { phase: 'ended', textField: { open: false, until: null, reason: 'ended' }, timers: [] }
    expect(await followed(id)).toMatchObject({ ...same, next: { what: 'end', at: null }, database: same })
  })

  test('it is seen by those who see the session, and holds nothing of what was said', async () => {
    const { id, phone } = await active()
    const seen = async (email: string) => (await (await parley.as(email)).get(`/api/v1/sessions/${id}/workflow`)).status
    expect([await seen(OLGA), await seen(SARA), await seen(OMAR)]).toEqual([200, 200, 404])
    const told = JSON.stringify(await workflow(id))
    for (const said of ['Hello', phone, `Client ${phone}`]) expect(told).not.toContain(said)
  })

  test('while no worker is there to answer, the row still tells', async () => {
    const { id, rev } = await active()
    await followed(id)
    await parley.system.stopWorker()
    const told = await workflow(id)
    expect(told).toMatchObject({ ...SILENT, database: { rev, phase: 'active', textField: { open: true } } })
    await parley.system.startWorker()
    expect(await eventually(async () => (await workflow(id)).answered, 'it answers again')).toBe(true)
  })
})

describe('with Temporal away', () => {
  let world: World
  let api: Reading
  let olga: Caller
  beforeAll(async () => {
    world = await startWorld({ settings: { inactivity: 1_800 } })
    api = await openApi(world)
    olga = await api.as(world.olga)
  })
  afterAll(async () => {
    await api?.close()
    await world?.close()
  })

  test('the row tells the state, the timers and the sends of now, and the workflow’s part says that it is missing', async () => {
    const phone = nextPhone()
    const began = new Date(world.clock.now()).toISOString()
    await world.deliver(text({ phone }, 'Hello'))
    const { id } = await world.session(phone)
    const workflow = async () => {
      const answer = await olga.get(`/api/v1/sessions/${id}/workflow`)
      expect(answer.status, answer.text).toBe(200)
      const { rev } = await world.readSession(id)
      const { database, ...life } = answer.body as WorkflowView
      expect(life).toEqual(SILENT)
      expect(database).toMatchObject({ rev, asOf: new Date(world.clock.now()).toISOString() })
      return database
    }
    const window = { until: hours(24, began) }
    const none = { pending: 0, calling: 0, waitUntil: null }
    expect(await workflow()).toMatchObject({
      phase: 'queued',
      textField: { open: false, until: null, reason: 'noOperator' },
      timers: [{ name: 'offerOverdue', dueAt: new Date(Date.parse(began) + 300_000).toISOString() }],
      sends: none,
      window,
    })

    await world.accept(id)
    await world.sends(id, 'pending')
    const answered = new Date(world.clock.now()).toISOString()
    expect(await workflow()).toMatchObject({
      phase: 'active',
      textField: { open: true, ...window, reason: null },
      timers: [
        { name: 'inactivity', dueAt: hours(0.5, answered) },
        { name: 'windowWarning', dueAt: hours(22, began) },
        { name: 'windowExpiry', dueAt: hours(24, began) },
      ],
      sends: { ...none, pending: 1 },
    })

    await world.end(id)
    expect(await workflow()).toMatchObject({
      phase: 'wrapUp',
      textField: { open: false, until: null, reason: 'wrapUp' },
      timers: [{ name: 'wrapUpMax', dueAt: new Date(world.clock.now() + 600_000).toISOString() }],
    })
  })
})
