// Canned texts: whose they are, how they are found, and what they say once they are filled in.
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ADMIN,
  type Caller,
  OLGA,
  OMAR,
  SARA,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'

let parley: TestService
let admin: Caller
let sara: Caller
let olga: Caller
let omar: Caller
let service = ''
let orders = ''
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  sara = await parley.as(SARA)
  olga = await parley.as(OLGA)
  omar = await parley.as(OMAR)
  const { body } = await admin.get('/api/v1/groups')
  const named = (name: string) => body.items.find((group: { name: string }) => group.name === name).id
  service = named('Service')
  orders = named('Orders')
})
afterAll(() => parley.close())

const names = async (who: Caller, q = ''): Promise<string[]> => {
  const { body } = await who.get(`/api/v1/canned-texts?limit=1000&q=${encodeURIComponent(q)}`)
  return body.items.map((one: { name: string }) => one.name)
}

describe('a template', () => {
  test('of the demo is there for everybody, a group, one operator; in two languages', async () => {
    expect(await names(olga)).toEqual([
      'Ask for the order number',
      'Greeting',
      'I will find out',
      'Order on its way',
      'Thanks and goodbye',
    ])
    expect(await names(omar)).not.toContain('I will find out')
    const [greeting] = (await olga.get('/api/v1/canned-texts?q=hello')).body.items
    expect(greeting).toMatchObject({ scope: 'company', shortcut: 'hello', mayEdit: false })
    expect(greeting.variants.map((one: { language: string }) => one.language)).toEqual(['en', 'cs'])
  })

  test.each([
    ['company', () => olga, 403],
    ['company', () => sara, 403],
    ['company', () => admin, 201],
    ['group', () => olga, 403],
    ['group', () => sara, 201],
    ['group', () => admin, 201],
    ['own', () => olga, 201],
  ] as const)('of %s is made by whom it belongs to', async (scope, who, status) => {
    const body = { scope, name: `Made ${v7()}`, text: 'Text', ...(scope === 'group' ? { groupId: service } : {}) }
    const answer = await who().post('/api/v1/canned-texts', body)
    expect(answer.status, answer.text).toBe(status)
    if (status !== 201) return
    expect((await who().patch(`/api/v1/canned-texts/${answer.body.id}`, { text: 'Changed' })).body.text).toBe('Changed')
    if (scope !== 'own')
      expect((await omar.patch(`/api/v1/canned-texts/${answer.body.id}`, { text: 'Mine' })).status).toBe(403)
    expect((await who().delete(`/api/v1/canned-texts/${answer.body.id}`)).status).toBe(204)
    expect((await who().get(`/api/v1/canned-texts/${answer.body.id}`)).status).toBe(404)
  })

  test('of another group is not to be seen; nor can a supervisor of this one make it', async () => {
    const { body } = await admin.post('/api/v1/canned-texts', {
      scope: 'group',
      groupId: orders,
      name: 'For orders',
      text: 'x',
    })
    expect((await olga.get(`/api/v1/canned-texts/${body.id}`)).status).toBe(404)
    expect((await sara.delete(`/api/v1/canned-texts/${body.id}`)).status).toBe(404)
    expect(
      (await sara.post('/api/v1/canned-texts', { scope: 'group', groupId: orders, name: 'No', text: 'x' })).status,
    ).toBe(403)
    expect(await names(admin)).toContain('For orders')
  })

  test('of somebody’s own is nobody else’s, not even the administrator’s', async () => {
    const { body } = await olga.post('/api/v1/canned-texts', { name: 'Mine alone', text: 'x' })
    expect(body).toMatchObject({ scope: 'own', mayEdit: true })
    for (const other of [omar, sara, admin]) {
      expect((await other.get(`/api/v1/canned-texts/${body.id}`)).status).toBe(404)
      expect((await other.delete(`/api/v1/canned-texts/${body.id}`)).status).toBe(404)
    }
  })

  test('has a shortcut once for each owner, written with or without #, in any case', async () => {
    const make = (who: Caller, body: object) => who.post('/api/v1/canned-texts', { name: 'Short', text: 'x', ...body })
    expect((await make(olga, { shortcut: '#Once' })).body.shortcut).toBe('once')
    const twice = await make(olga, { shortcut: 'ONCE' })
    expect([twice.status, twice.body.errors[0].pointer]).toEqual([400, '/shortcut'])
    expect((await make(omar, { shortcut: 'once' })).status).toBe(201)
    expect((await make(sara, { scope: 'group', groupId: service, shortcut: 'once' })).status).toBe(201)
    expect((await make(admin, { scope: 'group', groupId: service, shortcut: 'once' })).status).toBe(400)
    expect((await make(olga, { shortcut: 'two words' })).body.errors[0].pointer).toBe('/shortcut')
  })

  test('in a folder for some groups is seen by them alone', async () => {
    const { body: folder } = await admin.post('/api/v1/canned-folders', { name: 'Secret', groupIds: [orders] })
    const { body: text } = await admin.post('/api/v1/canned-texts', {
      scope: 'company',
      name: 'Hidden',
      text: 'x',
      folderId: folder.id,
    })
    expect((await olga.get(`/api/v1/canned-texts/${text.id}`)).status).toBe(404)
    expect((await olga.get('/api/v1/canned-folders')).body.items.map((one: { name: string }) => one.name)).toEqual([
      'Orders',
    ])
    await admin.patch(`/api/v1/canned-folders/${folder.id}`, { groupIds: [service] })
    expect((await olga.get(`/api/v1/canned-texts/${text.id}`)).body.folder).toEqual({ id: folder.id, name: 'Secret' })
    expect((await admin.post('/api/v1/canned-folders', { name: 'secret' })).body.errors[0].pointer).toBe('/name')
    expect((await admin.delete(`/api/v1/canned-folders/${folder.id}`)).status).toBe(204)
    expect((await olga.get(`/api/v1/canned-texts/${text.id}`)).body.folder).toBeNull()
  })

  test('needs a text in each of its languages, each language once', async () => {
    const make = (body: object) => olga.post('/api/v1/canned-texts', { name: 'Languages', ...body })
    const twice = [
      { language: 'cs', text: 'a' },
      { language: 'cs', text: 'b' },
    ]
    for (const body of [
      {},
      { variants: [] },
      { variants: twice },
      { variants: [{ language: 'Czech!', text: 'a' }] },
      { text: ' ' },
    ])
      expect((await make(body)).status, JSON.stringify(body)).toBe(400)
  })
})

describe('a search', () => {
  test('finds by shortcut first, then by name and text, without accents', async () => {
    await olga.post('/api/v1/canned-texts', { name: 'A text about wait', text: 'x' })
    expect((await names(olga, '#wa'))[0]).toBe('I will find out')
    expect(await names(olga, 'objednavka')).toEqual(['Order on its way'])
    expect(await names(olga, 'greet')).toEqual(['Greeting'])
    expect(await names(olga, 'no such text')).toEqual([])
  })
})

describe('a template in a session', () => {
  test('is filled with what is known of client, contact, operator and session; the rest is asked for', async () => {
    await parley.deliver(textFrom('420777300001', 'Hello'))
    const session = await parley.sessionOf(olga, '420777300001')
    const { body: text } = await olga.post('/api/v1/canned-texts', {
      name: 'All of them',
      variants: [
        {
          language: 'en',
          text: '{{client.name}}|{{client.phone}}|{{contact.customer_number}}|{{operator.name}}|{{session.group}}|{{date}}',
        },
        { language: 'cs', text: 'Dobrý den, {{client.name}}' },
      ],
    })
    const fill = async (body: object) => (await olga.post(`/api/v1/canned-texts/${text.id}/fill`, body)).body
    expect(await fill({ sessionId: session.id })).toMatchObject({
      language: 'en',
      text: `${session.client.name}|+420777300001|{{contact.customer_number}}|Olga Operator|Service|{{date}}`,
      missing: ['contact.customer_number', 'date'],
    })
    await olga.post(`/api/v1/clients/${session.client.id}/contact`, {
      name: 'Paní Nováková',
      fields: { customer_number: ['C-9'] },
    })
    expect(await fill({ sessionId: session.id })).toMatchObject({
      text: 'Paní Nováková|+420777300001|C-9|Olga Operator|Service|{{date}}',
      missing: ['date'],
    })
    expect(await fill({ sessionId: session.id, language: 'cs' })).toMatchObject({
      text: 'Dobrý den, Paní Nováková',
      missing: [],
    })
    expect(await fill({})).toMatchObject({
      missing: ['client.name', 'client.phone', 'contact.customer_number', 'session.group', 'date'],
    })
  })

  test('tells nothing of a session that one may not see', async () => {
    await parley.deliver(textFrom('420777300002', 'Hello'))
    const session = await parley.sessionOf(olga, '420777300002')
    await admin.post('/api/v1/users', {
      email: 'far@parley.test',
      name: 'Far',
      role: 'operator',
      password: 'of no group at all',
    })
    const far = await parley.signIn('far@parley.test', 'of no group at all')
    const [greeting] = (await far.get('/api/v1/canned-texts?q=hello')).body.items
    expect((await far.post(`/api/v1/canned-texts/${greeting.id}/fill`, { sessionId: session.id })).status).toBe(404)
    expect((await far.post(`/api/v1/canned-texts/${greeting.id}/fill`, { sessionId: v7() })).status).toBe(404)
  })
})
