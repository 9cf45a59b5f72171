// What happens to HeroCards at Meta and is told by its webhooks: a card is paused, rejected, edited, filed elsewhere,
// deleted, and each time the list and the live view say so, and a send obeys, without anybody asking for it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { TemplateChange } from '../../../simulator/template-board.ts'
import { eventually } from '../../support/eventually.ts'
import { type Person, type System, startSystem } from '../../support/system.ts'

interface Template {
  name: string
  language: string
  status: string
  category: string
  quality: string | null
  sendable: boolean
  reason: string | null
  form: { body: { text: string }; buttons: { type: string; text: string }[] } | null
}
interface Channel {
  id: string
  heroCards: { syncedAt: string | null; error: string | null }
}
interface Problem {
  code: string
  reason?: string
}

let system: System
let olga: Person
let channelId: string

beforeAll(async () => {
  system = await startSystem()
  olga = await system.signIn('olga')
  channelId = (await olga.get<{ items: Channel[] }>('/api/v1/channels')).body.items[0]?.id ?? ''
  expect((await olga.post('/api/v1/message-templates/sync', { channelId })).status).toBe(200)
})
afterAll(() => system.close())

const listed = async (name: string, language: string) =>
  (
    await olga.get<{ items: Template[] }>(`/api/v1/message-templates?channelId=${channelId}&limit=1000`)
  ).body.items.find((one) => one.name === name && one.language === language)

const board = () => system.simulator.machine.board
function change(name: string, language: string, to: TemplateChange): void {
  const found = board().find(name, language)
  if (found === undefined) throw new Error(`Meta has no ${name} in ${language}`)
  board().change(found.id, to)
}

let clients = 0
const directMessage = (template: object) => {
  const to = `+4207778${String(++clients).padStart(5, '0')}`
  return olga.post<Problem>('/api/v1/sessions', { channelId, to, template })
}
const delivery = {
  name: 'delivery_photo',
  language: 'en',
  parameters: { header: ['https://example.com/a.png'], body: ['7'] },
}

test('a card that Meta pauses is refused, and offered again once it goes on', async () => {
  change('delivery_photo', 'en', { status: 'PAUSED' })
  await eventually(async () => (await listed('delivery_photo', 'en'))?.reason === 'paused', 'it is paused')
  const refused = await directMessage(delivery)
  expect([refused.status, refused.body.code, refused.body.reason]).toEqual([409, 'template-not-sendable', 'paused'])
  change('delivery_photo', 'en', { status: 'APPROVED' })
  await eventually(async () => (await listed('delivery_photo', 'en'))?.sendable === true, 'it goes on')
  expect((await directMessage(delivery)).status).toBe(201)
})

test.each([
  ['REJECTED', 'rejected'],
  ['DISABLED', 'disabled'],
  ['ARCHIVED', 'archived'],
  ['IN_APPEAL', 'inAppeal'],
  ['PENDING_DELETION', 'deleted'],
] as const)('%s at Meta is %s here', async (status, reason) => {
  change('delivery_photo', 'en', { status })
  await eventually(async () => (await listed('delivery_photo', 'en'))?.reason === reason, `it is ${reason}`)
  const refused = await directMessage(delivery)
  expect([refused.status, refused.body.reason]).toEqual([409, reason])
})

test('quality, category and components follow what Meta says of them', async () => {
  change('appointment_reminder', 'en', { quality: 'RED' })
  change('appointment_reminder', 'en', { category: 'MARKETING' })
  change('appointment_reminder', 'en', {
    components: [
      { type: 'HEADER', format: 'LOCATION' },
      { type: 'BODY', text: 'Dear {{customer_name}}, we expect you.' },
      { type: 'BUTTONS', buttons: [{ type: 'QUICK_REPLY', text: 'I shall come' }] },
    ],
  })
  const told = await eventually(async () => {
    const now = await listed('appointment_reminder', 'en')
    return now?.quality === 'RED' && now.category === 'MARKETING' && now.form?.buttons.length === 1 ? now : null
  }, 'all three are here')
  expect(told.form).toMatchObject({
    header: { format: 'location' },
    body: { text: 'Dear {{customer_name}}, we expect you.' },
    buttons: [{ type: 'reply', text: 'I shall come' }],
  })
  // The form of before is refused by what the card takes now.
  const old = await directMessage({
    name: 'appointment_reminder',
    language: 'en',
    parameters: { body: { customer_name: 'Jana', date: 'Friday', place: 'Brno' } },
  })
  expect(old.status).toBe(400)
  const place = { latitude: 49.19, longitude: 16.6, name: 'Brno' }
  const sent = await directMessage({
    name: 'appointment_reminder',
    language: 'en',
    parameters: { header: [place], body: { customer_name: 'Jana' } },
  })
  expect(sent.status).toBe(201)
  const client = system.simulator.phone.client({ phone: `+4207778${String(clients).padStart(5, '0')}` })
  expect((await client.gets(({ type }) => type === 'template')).shown.header).toBe('Brno')
})

test('a new card appears, a deleted one is refused; whoever looks is told that the list was read anew', async () => {
  const frames: { type: string; channel?: Channel }[] = []
  const live = new WebSocket(`${system.url.replace('http', 'ws')}/api/v1/live`, { headers: { cookie: olga.cookie } })
  live.on('message', (data) => frames.push(JSON.parse(String(data)) as (typeof frames)[number]))
  try {
    await eventually(() => frames.some(({ type }) => type === 'hello'), 'the live view is open')
    const before = (await olga.get<{ items: Channel[] }>('/api/v1/channels')).body.items[0]?.heroCards.syncedAt ?? ''
    const made = board().add({
      name: 'parcel_lost',
      language: 'cs',
      category: 'UTILITY',
      components: [{ type: 'BODY', text: 'Zásilka {{1}} se ztratila.' }],
    })
    await eventually(async () => (await listed('parcel_lost', 'cs'))?.sendable === true, 'it is offered')
    const frame = await eventually(
      () => frames.find(({ channel }) => channel !== undefined && channel.heroCards.syncedAt !== before),
      'the live view says so',
    )
    expect(frame.channel?.id).toBe(channelId)
    expect((await directMessage({ name: 'parcel_lost', language: 'cs', parameters: { body: ['7'] } })).status).toBe(201)

    board().delete(made.id)
    await eventually(async () => (await listed('parcel_lost', 'cs'))?.reason === 'deleted', 'it is gone')
    const gone = await directMessage({ name: 'parcel_lost', language: 'cs', parameters: { body: ['7'] } })
    expect([gone.status, gone.body.reason]).toEqual([409, 'deleted'])
  } finally {
    live.close()
  }
})

test('a reading that fails leaves what was read, and says why', async () => {
  system.simulator.knobs.set({ refuse: { code: 190, when: 'now', times: 'all' } })
  try {
    const failed = await olga.post<{ ok: boolean; code: number }>('/api/v1/message-templates/sync', { channelId })
    expect(failed.body).toMatchObject({ ok: false, code: 190 })
    const [channel] = (await olga.get<{ items: Channel[] }>('/api/v1/channels')).body.items
    expect(channel?.heroCards.error).toBe('190')
    expect((await listed('order_update', 'en'))?.sendable).toBe(true)
  } finally {
    system.simulator.knobs.reset()
  }
  expect((await olga.post<{ ok: boolean }>('/api/v1/message-templates/sync', { channelId })).body.ok).toBe(true)
  const [channel] = (await olga.get<{ items: Channel[] }>('/api/v1/channels')).body.items
  expect(channel?.heroCards.error).toBeNull()
})
