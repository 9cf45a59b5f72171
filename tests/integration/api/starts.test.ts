// The company begins: direct messages and reconnects, through REST and a Meta that is played; each refusal with its code.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PhoneClient } from '../../../simulator/phone-book.ts'
import { eventually } from '../../support/eventually.ts'
import { type Person, type System, startSystem } from '../../support/system.ts'
import { skipTime } from '../../support/time.ts'

const DAY = 24 * 3_600_000

let system: System
let olga: Person
let omar: Person
let channelId: string
let resultId: string

interface Session {
  id: string
  phase: string
  origin: string
  operatorId: string | null
  previousId: string | null
  nextId: string | null
  lastSeq: number
  textField: { open: boolean; reason: string | null }
}
interface Problem {
  code: string
  reason?: string
  sessionId?: string
  errors?: { pointer: string }[]
}

beforeAll(async () => {
  system = await startSystem()
  olga = await system.signIn('olga')
  omar = await system.signIn('omar')
  channelId = (await olga.get<{ items: { id: string }[] }>('/api/v1/channels')).body.items[0]?.id ?? ''
  await olga.post('/api/v1/message-templates/sync', { channelId })
  const results = (await olga.get<{ items: { id: string; noteRequired: boolean }[] }>('/api/v1/results')).body.items
  resultId = results.find((one) => !one.noteRequired)?.id ?? ''
})
afterAll(() => system.close())

const template = { name: 'order_update', language: 'en', parameters: { header: ['7'], body: ['Jana', 'Friday'] } }
const direct = <T = Session>(body: Record<string, unknown>, by = olga, key?: string) =>
  by.post<T>('/api/v1/sessions', { channelId, ...body }, key)
const session = async (id: string) => (await olga.get<Session>(`/api/v1/sessions/${id}`)).body
const end = async (id: string) => {
  const { lastSeq } = await session(id)
  const ended = await eventually(async () => {
    const answer = await olga.post<Session>(`/api/v1/sessions/${id}/end`, { lastSeq, result: { resultId, note: null } })
    return answer.status === 200 ? answer.body : null
  }, 'it ends')
  expect(ended.phase).toBe('ended')
}

let clients = 0
const somebody = (): PhoneClient =>
  system.simulator.phone.client({ name: `Jana ${++clients}`, phone: `+4207776${String(clients).padStart(5, '0')}` })
const written = (client: PhoneClient): string => client.who.phone.replace(/^420(\d{3})(\d{3})(\d{3})$/, '$1 $2 $3')

test('a HeroCard to somebody new, typed as people type: the field waits for the client, and the answer opens it', async () => {
  const client = somebody()
  const begun = await direct({ to: written(client), template })
  expect(begun.status).toBe(201)
  expect(begun.body).toMatchObject({
    phase: 'active',
    origin: 'direct',
    textField: { open: false, reason: 'awaitingClient' },
  })
  const got = await client.gets((note) => note.type === 'template')
  const refused = await olga.post<Problem>(`/api/v1/sessions/${begun.body.id}/messages`, {
    type: 'text',
    text: 'Hello?',
  })
  expect([refused.status, refused.body.reason]).toEqual([409, 'awaitingClient'])

  await client.presses(got.wamid, 'Yes, please')
  await eventually(async () => (await session(begun.body.id)).textField.open, 'the field opens')
  expect((await session(begun.body.id)).operatorId).toBe(begun.body.operatorId)
  await end(begun.body.id)
})

test('whoever answers by their WhatsApp id alone is the one whom the HeroCard went to', async () => {
  const client = somebody()
  system.simulator.knobs.set({ bsuidOnly: 'all' })
  try {
    const begun = await direct({ to: `+${client.who.phone}`, template })
    const got = await client.gets((note) => note.type === 'template')
    await client.presses(got.wamid, 'No need')
    await eventually(async () => (await session(begun.body.id)).textField.open, 'the field opens')
    await end(begun.body.id)
  } finally {
    system.simulator.knobs.reset()
  }
})

test('the same command again gets the same session, and nothing is sent twice', async () => {
  const client = somebody()
  const first = await direct({ to: `+${client.who.phone}`, template }, olga, 'direct-once')
  const second = await direct({ to: `+${client.who.phone}`, template }, olga, 'direct-once')
  expect([second.status, second.body.id]).toEqual([201, first.body.id])
  await client.gets((note) => note.type === 'template')
  expect(client.messages().filter((note) => note.type === 'template')).toHaveLength(1)
})

test('each refusal has its code, and nothing is half done', async () => {
  const client = somebody()
  const to = `+${client.who.phone}`
  const invalid = await direct<Problem>({ to: 'not a number', template })
  expect([invalid.status, invalid.body.code, invalid.body.errors?.[0]?.pointer]).toEqual([400, 'invalid', '/to'])
  const nothing = await direct<Problem>({ to })
  expect([nothing.status, nothing.body.code]).toEqual([400, 'invalid'])
  const text = await direct<Problem>({ to, text: 'Hello' })
  expect([text.status, text.body.code, text.body.reason]).toEqual([409, 'text-field-closed', 'windowShut'])
  const paused = await direct<Problem>({ to, template: { name: 'spring_offer', language: 'en' } })
  expect([paused.status, paused.body.code, paused.body.reason]).toEqual([409, 'template-not-sendable', 'paused'])
  const unfilled = await direct<Problem>({ to, template: { name: 'order_update', language: 'en' } })
  expect([unfilled.status, unfilled.body.errors?.[0]?.pointer]).toEqual([400, '/parameters/header/0'])
  const know = async () =>
    (
      await olga.get<{ client: unknown; session: unknown; country: string }>(
        `/api/v1/recipients?channelId=${channelId}&to=${encodeURIComponent(to)}`,
      )
    ).body
  expect(await know()).toMatchObject({ client: null, session: null, country: 'CZ' })

  const begun = await direct({ to, template })
  const again = await direct<Problem>({ to, template }, omar)
  expect([again.status, again.body.code, again.body.sessionId]).toEqual([409, 'session-in-progress', begun.body.id])
  expect(await know()).toMatchObject({ session: { id: begun.body.id } })
  await end(begun.body.id)
})

test('whoever is on the blacklist is written to by nobody', async () => {
  const client = somebody()
  await client.writes('Hello')
  const id = await eventually(
    async () =>
      (
        await olga.get<{ items: { id: string; client: { phone: string } }[] }>('/api/v1/sessions?phase=queued')
      ).body.items.find((one) => one.client.phone === `+${client.who.phone}`)?.id,
    'queued',
  )
  await eventually(async () => (await olga.post(`/api/v1/sessions/${id}/accept`)).status === 200, 'accepted')
  await end(id)
  const { client: who } = (await olga.get<{ client: { id: string } }>(`/api/v1/sessions/${id}`)).body
  expect((await olga.post('/api/v1/bans', { clientId: who.id, reason: 'rude' })).status).toBe(201)
  const refused = await direct<Problem>({ to: `+${client.who.phone}`, template })
  expect([refused.status, refused.body.code]).toEqual([409, 'client-banned'])
  const reconnected = await olga.post<Problem>(`/api/v1/sessions/${id}/reconnect`, { template })
  expect([reconnected.status, reconnected.body.code]).toEqual([409, 'client-banned'])
})

test('a session is taken up again: within 24 hours with the open field, after them with a HeroCard, linked both ways', async () => {
  const client = somebody()
  const first = await direct({ to: `+${client.who.phone}`, template })
  const reconnect = <T = Session>(id: string, body: unknown = {}) =>
    olga.post<T>(`/api/v1/sessions/${id}/reconnect`, body)
  const early = await reconnect<Problem>(first.body.id)
  expect([early.status, early.body.code]).toEqual([409, 'wrong-phase'])
  await client.gets((note) => note.type === 'template')
  await client.writes('Thank you')
  await eventually(async () => (await session(first.body.id)).textField.open, 'the field opens')
  await end(first.body.id)

  const second = await reconnect(first.body.id)
  expect([second.status, second.body.origin, second.body.previousId]).toEqual([201, 'reconnect', first.body.id])
  expect(second.body.textField.open).toBe(true)
  expect((await session(first.body.id)).nextId).toBe(second.body.id)
  expect(
    (await olga.post(`/api/v1/sessions/${second.body.id}/messages`, { type: 'text', text: 'It is solved' })).status,
  ).toBe(202)
  await client.gets((note) => note.shown.body === 'It is solved')
  const meanwhile = await reconnect<Problem>(first.body.id)
  expect([meanwhile.status, meanwhile.body.code, meanwhile.body.sessionId]).toEqual([
    409,
    'session-in-progress',
    second.body.id,
  ])
  await end(second.body.id)

  await system.skip(DAY + 3_600_000, [])
  olga = await system.signIn('olga')
  const late = await reconnect<Problem>(second.body.id)
  expect([late.status, late.body.code, late.body.reason]).toEqual([409, 'text-field-closed', 'windowShut'])
  const third = await reconnect(second.body.id, { template })
  expect([third.status, third.body.textField.reason]).toEqual([201, 'awaitingClient'])

  // Nobody answers for three days: it ends by itself.
  await eventually(
    async () => (await olga.get<{ answered: boolean }>(`/api/v1/sessions/${third.body.id}/workflow`)).body.answered,
    'its workflow runs',
  )
  system.clock.forward(3 * DAY + 60_000)
  // Its workflow has not seen the days that passed before it began.
  await skipTime(system.config.temporalAddress, system.config.temporalNamespace, [third.body.id], 6 * DAY)
  olga = await system.signIn('olga')
  const over = await eventually(async () => {
    const now = await session(third.body.id)
    return now.phase === 'ended' ? now : null
  }, 'it ends by itself')
  expect(over).toMatchObject({ endReason: 'noAnswer', result: null })
})
