// HeroCards from Meta's list to the client's answer: they are read completely, sent while the window is shut, one at a
// time, and the client's answer opens the text field.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { type Person, type System, startSystem } from '../../support/system.ts'

const DAY = 24 * 3_600_000

let system: System
let olga: Person
let channelId: string

interface Template {
  id: string
  name: string
  language: string
  status: string
  sendable: boolean
  reason: string | null
}
interface Session {
  id: string
  phase: string
  textField: { open: boolean; reason: string | null }
  attention: { failed: number }
}
interface Message {
  id: string
  type: string
  text: string
  status: string
  template: { name: string; language: string } | null
  error: { code: number | string; retry: string } | null
}
interface Problem {
  code: string
  reason?: string
  errors?: { pointer: string; detail: string }[]
}

beforeAll(async () => {
  system = await startSystem()
  olga = await system.signIn('olga')
  channelId = (await olga.get<{ items: { id: string }[] }>('/api/v1/channels')).body.items[0]?.id ?? ''
  expect((await olga.post('/api/v1/message-templates/sync', { channelId })).status).toBe(200)
})
afterAll(() => system.close())

const templates = async (more = '') =>
  (await olga.get<{ items: Template[] }>(`/api/v1/message-templates?channelId=${channelId}${more}`)).body.items
const session = async (id: string) => (await olga.get<Session>(`/api/v1/sessions/${id}`)).body
const message = async (sessionId: string, id: string) =>
  (await olga.get<{ items: Message[] }>(`/api/v1/sessions/${sessionId}/messages`)).body.items.find(
    (one) => one.id === id,
  )

const card = {
  name: 'order_update',
  language: 'en',
  parameters: { header: ['7'], body: ['Jana', 'Friday'] },
}
const send = <T = Message>(id: string, body: unknown = card) => olga.post<T>(`/api/v1/sessions/${id}/template`, body)

let clients = 0
/** A session that Olga has, whose window shut an hour ago. */
async function shut() {
  const client = system.simulator.phone.client({ name: 'Jana', phone: `+4207775${String(++clients).padStart(5, '0')}` })
  await client.writes('Hello')
  const id = await eventually(
    async () =>
      (
        await system.db
          .selectFrom('session as s')
          .innerJoin('client_alias as a', 'a.client_id', 's.client_id')
          .select('s.id')
          .where('a.value', '=', client.who.phone)
          .executeTakeFirst()
      )?.id,
    'a session',
  )
  await eventually(async () => (await olga.post(`/api/v1/sessions/${id}/accept`)).status === 200, 'accepted')
  await system.skip(DAY + 3_600_000, [id])
  await eventually(async () => (await session(id)).textField.reason === 'windowShut', 'the window is shut')
  return { client, id }
}

test('all pages are read; what cannot be sent is there, with the reason', async () => {
  const all = await templates()
  expect(all.length).toBeGreaterThan(8)
  const because = new Map(all.map(({ name, language, reason }) => [`${name} ${language}`, reason]))
  expect(because.get('order_update cs')).toBeNull()
  expect(because.get('spring_offer en')).toBe('paused')
  expect(because.get('lottery en')).toBe('rejected')
  expect(because.get('feedback cs')).toBe('disabled')
  expect(because.get('one_time_code en')).toBe('oneTimePassword')
  expect((await templates('&q=zasilka')).map(({ name, language }) => [name, language])).toEqual([
    ['order_update', 'cs'],
  ])
  expect((await templates('&sendable=false')).every((one) => !one.sendable)).toBe(true)
})

test('a HeroCard leaves while the window is shut, no second one and no text does, and the answer opens the field', async () => {
  const { client, id } = await shut()
  const text = await olga.post<Problem>(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'Still there?' })
  expect([text.status, text.body.code, text.body.reason]).toEqual([409, 'text-field-closed', 'windowShut'])

  const sent = await send(id)
  expect(sent.status).toBe(202)
  expect(sent.body).toMatchObject({
    type: 'template',
    text: 'Hello Jana, your order leaves on Friday. Shall we call before we come?',
    template: { name: 'order_update', language: 'en' },
  })
  const got = await client.gets((note) => note.type === 'template')
  expect(got.shown.header).toBe('Order 7')
  expect((await session(id)).textField).toMatchObject({ open: false, reason: 'awaitingClient' })
  const again = await send<Problem>(id)
  expect([again.status, again.body.code, again.body.reason]).toEqual([409, 'text-field-closed', 'awaitingClient'])

  await client.presses(got.wamid, 'Yes, please')
  await eventually(async () => (await session(id)).textField.open, 'the field opens')
  expect((await olga.post(`/api/v1/sessions/${id}/messages`, { type: 'text', text: 'Gladly' })).status).toBe(202)
  await client.gets((note) => note.shown.body === 'Gladly')
})

test('what is filled in wrongly is refused by the place it is at, and nothing is sent', async () => {
  const { client, id } = await shut()
  const wrong = await send<Problem>(id, {
    ...card,
    parameters: { header: [''], body: ['Jana'], buttons: [{ index: 5, value: 'x' }] },
  })
  expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid'])
  expect(wrong.body.errors?.map(({ pointer }) => pointer)).toEqual([
    '/parameters/header/0',
    '/parameters/body/1',
    '/parameters/buttons/0/index',
  ])
  const named = { name: 'appointment_reminder', language: 'en' }
  const unnamed = await send<Problem>(id, { ...named, parameters: { body: ['Jana', 'Friday', 'Brno'] } })
  expect(unnamed.body.errors?.[0]?.pointer).toBe('/parameters/body')
  for (const [name, reason] of [
    ['spring_offer', 'paused'],
    ['one_time_code', 'oneTimePassword'],
    ['nothing', 'unknown'],
  ]) {
    const refused = await send<Problem>(id, { name, language: 'en', parameters: {} })
    expect([refused.status, refused.body.code, refused.body.reason]).toEqual([409, 'template-not-sendable', reason])
  }
  expect(client.messages().filter((note) => note.type === 'template')).toEqual([])

  const right = await send(id, {
    ...named,
    parameters: {
      body: { customer_name: 'Jana', date: 'Friday', place: 'Brno' },
      buttons: [{ index: 1, value: '7' }],
    },
  })
  expect(right.status).toBe(202)
  const got = await client.gets((note) => note.type === 'template')
  expect(got.shown.body).toBe('Dear Jana, we expect you on Friday at Brno.')
  expect(got.shown.buttons?.[1]?.id).toBe('https://example.com/visits/7')
})

test('a HeroCard that fails, at once or later, no longer waits: it says why, and another one may be sent', async () => {
  const { client, id } = await shut()
  for (const when of ['now', 'later'] as const) {
    system.simulator.knobs.set({ refuse: { code: 131026, when, times: 1 } })
    const failing = await send(id)
    expect(failing.status).toBe(202)
    await eventually(async () => (await message(id, failing.body.id))?.status === 'failed', `Meta refused ${when}`)
    expect((await message(id, failing.body.id))?.error?.code).toBe(131026)
    expect((await session(id)).textField.reason).toBe('windowShut')
  }

  const second = await send(id)
  expect(second.status).toBe(202)
  await client.gets((note) => note.type === 'template')
  expect((await session(id)).textField.reason).toBe('awaitingClient')
})

test('a HeroCard that WhatsApp pauses while it waits does not leave', async () => {
  const { client, id } = await shut()
  await system.stopWorker()
  const waiting = await send(id)
  await system.db.updateTable('message_template').set({ status: 'PAUSED' }).where('name', '=', 'order_update').execute()
  await system.startWorker()
  await eventually(async () => (await message(id, waiting.body.id))?.status === 'failed', 'it is refused', 30_000)
  expect((await message(id, waiting.body.id))?.error?.code).toBe('template-not-sendable')
  expect(client.messages().filter((note) => note.type === 'template')).toEqual([])
  const synced = await olga.post<{ ok: boolean }>('/api/v1/message-templates/sync', { channelId })
  expect(synced.body.ok).toBe(true)
  expect((await templates('&q=order_update')).map((one) => one.reason)).toEqual([null, null])
})
