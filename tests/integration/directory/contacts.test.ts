// The Contacts Directory through the API: what it keeps, who may change it, what a search finds.
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { connectionConfig } from '../../../src/db/database.ts'
import type { DB } from '../../../src/db/generated.ts'
import { findContacts } from '../../../src/db/queries/contacts.ts'
import { ADMIN, type Caller, OLGA, startTestService, type TestService } from '../../support/service.ts'

let parley: TestService
let admin: Caller
let olga: Caller
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  olga = await parley.as(OLGA)
})
afterAll(() => parley.close())

const add = async (body: object) => {
  const answer = await olga.post('/api/v1/contacts', body)
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}
const namesFound = async (q: string): Promise<string[]> => {
  const answer = await olga.get(`/api/v1/contacts?q=${encodeURIComponent(q)}`)
  expect(answer.status, answer.text).toBe(200)
  return answer.body.items.map((contact: { name: string }) => contact.name)
}

describe('a contact', () => {
  test('holds several names, numbers in E.164, addresses and own fields; each once', async () => {
    const field = await admin.post('/api/v1/contact-fields', { name: 'Member no.' })
    expect(field.body).toMatchObject({ key: 'member_no', name: 'Member no.' })
    const contact = await add({
      names: ['Žofie Nováková', 'Zofie Novakova', 'Žofka'],
      phones: ['777 123 456', '+420777123456', '00421 905 111 222'],
      emails: ['zofie@example.cz'],
      fields: { member_no: ['A-17'] },
    })
    expect(contact).toMatchObject({
      name: 'Žofie Nováková',
      names: ['Žofie Nováková', 'Žofka'],
      phones: ['+420777123456', '+421905111222'],
      emails: ['zofie@example.cz'],
      fields: { member_no: ['A-17'] },
      clients: [],
    })
    expect((await olga.get(`/api/v1/contacts/${contact.id}`)).body).toEqual(contact)
  })

  test('says which of its values cannot be kept, and keeps none of them then', async () => {
    const before = (await olga.get('/api/v1/contacts?limit=1000')).body.items.length
    const answer = await olga.post('/api/v1/contacts', {
      names: ['Half'],
      phones: ['777 123 457', 'twelve'],
      emails: ['nobody'],
      fields: { shoe_size: ['42'] },
    })
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/phones/1',
      '/emails/0',
      '/fields/shoe_size',
    ])
    expect((await olga.post('/api/v1/contacts', {})).status).toBe(400)
    expect((await olga.get('/api/v1/contacts?limit=1000')).body.items).toHaveLength(before)
  })

  test('is changed list by list; who changed what is kept', async () => {
    const contact = await add({ name: 'Before', phones: ['+420777000001'], emails: ['a@example.cz'] })
    const changed = await olga.patch(`/api/v1/contacts/${contact.id}`, { name: 'After', emails: [] })
    expect(changed.body).toMatchObject({ name: 'After', phones: ['+420777000001'], emails: [] })
    expect(changed.body.rev).toBeGreaterThan(contact.rev)
    const stale = await olga.patch(`/api/v1/contacts/${contact.id}`, { name: 'Too late', rev: contact.rev })
    expect([stale.status, stale.body.errors[0].pointer]).toEqual([400, '/rev'])
    const { body } = await olga.get(`/api/v1/contacts/${contact.id}/changes`)
    expect(body.items[0]).toMatchObject({
      type: 'changed',
      actor: { name: 'Olga Operator' },
      detail: {
        added: [{ kind: 'name', value: 'After' }],
        removed: [
          { kind: 'name', value: 'Before' },
          { kind: 'email', value: 'a@example.cz' },
        ],
      },
    })
    expect(body.items.at(-1).type).toBe('created')
  })

  test('is removed by administrators alone, and nothing of it is left', async () => {
    const contact = await add({ name: 'Right To Be Forgotten', phones: ['+420777000002'] })
    expect((await olga.delete(`/api/v1/contacts/${contact.id}`)).status).toBe(403)
    expect((await admin.delete(`/api/v1/contacts/${contact.id}`)).status).toBe(204)
    expect((await olga.get(`/api/v1/contacts/${contact.id}`)).status).toBe(404)
    expect(await namesFound('forgotten')).toEqual([])
    const { rows } = await sql<{ left: string }>`
      SELECT to_jsonb(c)::text AS left FROM contact c WHERE id = ${contact.id}
      UNION ALL SELECT detail::text FROM contact_change WHERE contact_id = ${contact.id}
      UNION ALL SELECT value FROM contact_value WHERE contact_id = ${contact.id}`.execute(parley.db)
    expect(rows.map((row) => row.left).join()).not.toMatch(/Forgotten|777000002/)
    expect((await admin.delete(`/api/v1/contacts/${v7()}`)).status).toBe(404)
  })

  test('has fields that administrators alone make, rename and put away', async () => {
    expect((await olga.post('/api/v1/contact-fields', { name: 'Mine' })).status).toBe(403)
    const { body: field } = await admin.post('/api/v1/contact-fields', { name: 'Číslo smlouvy' })
    expect(field.key).toBe('cislo_smlouvy')
    expect((await admin.post('/api/v1/contact-fields', { name: 'Cislo smlouvy' })).body.errors[0].pointer).toBe('/key')
    expect((await admin.post('/api/v1/contact-fields', { name: 'Phone' })).body.errors[0].pointer).toBe('/key')
    const contact = await add({ name: 'Has a contract', fields: { cislo_smlouvy: ['77'] } })
    await admin.patch(`/api/v1/contact-fields/${field.id}`, { name: 'Contract', archived: true })
    expect((await olga.get(`/api/v1/contacts/${contact.id}`)).body.fields).toEqual({})
    await admin.patch(`/api/v1/contact-fields/${field.id}`, { archived: false })
    expect((await olga.get(`/api/v1/contacts/${contact.id}`)).body.fields).toEqual({ cislo_smlouvy: ['77'] })
  })
})

describe('a search', () => {
  beforeAll(async () => {
    await add({ name: 'Řehoř Nešťastný', phones: ['+420 601 222 333'], emails: ['rehor.nestastny@posta.cz'] })
    await add({ names: ['Anne-Marie Ørsted'], phones: ['+44 7700 900123'] })
    await add({ name: 'Jan Novotný' })
  })

  test.each([
    ['without accents', 'rehor nestastny', 'Řehoř Nešťastný'],
    ['with them, in capitals', 'ŘEHOŘ', 'Řehoř Nešťastný'],
    ['by the beginning of a word', 'neš', 'Řehoř Nešťastný'],
    ['by the middle of a word', 'astn', 'Řehoř Nešťastný'],
    ['by a part of the address', 'nestastny@posta', 'Řehoř Nešťastný'],
    ['after a hyphen, with letters of other alphabets', 'ma orsted', 'Anne-Marie Ørsted'],
    ['by an international number', '+420601222333', 'Řehoř Nešťastný'],
    ['by a number with 00', '00420 601 222', 'Řehoř Nešťastný'],
    ['by a national number with spaces', '601 222 333', 'Řehoř Nešťastný'],
    ['by a national number with a trunk zero', '07700 900123', 'Anne-Marie Ørsted'],
    ['by the last digits', '900-123', 'Anne-Marie Ørsted'],
    ['with a wrong letter', 'nestastni', 'Řehoř Nešťastný'],
    ['with a letter left out', 'novtny', 'Jan Novotný'],
    ['with a letter too many', 'novottny', 'Jan Novotný'],
    ['with two letters changed over', 'nvootny', 'Jan Novotný'],
    ['with one word right and one mistyped', 'jan novotmy', 'Jan Novotný'],
  ])('finds %s: %s', async (_how, q, name) => {
    expect(await namesFound(q)).toContain(name)
  })

  test.each([
    ['a number with a wrong digit', '601 222 334'],
    ['two wrong letters', 'novamnyj'],
    ['a word of another', 'jan nestastny'],
    ['what only means something to SQL', '%_%'],
  ])('does not find %s: %s', async (_what, q) => {
    expect(await namesFound(q)).toEqual([])
  })

  test('shows what matches exactly before what nearly does, and pages by name without doubling', async () => {
    await add({ name: 'Aaron Novotmy' })
    expect(await namesFound('novotny')).toEqual(['Jan Novotný', 'Aaron Novotmy'])
    const all = (await olga.get('/api/v1/contacts?limit=1000')).body.items.map((contact: { id: string }) => contact.id)
    const paged: string[] = []
    let cursor = ''
    for (;;) {
      const { body } = await olga.get(`/api/v1/contacts?limit=2${cursor}`)
      paged.push(...body.items.map((contact: { id: string }) => contact.id))
      if (body.next === null) break
      cursor = `&cursor=${body.next}`
    }
    expect(paged).toEqual(all)
    expect((await olga.get('/api/v1/contacts?cursor=nonsense')).status).toBe(400)
  })
})

describe('with 100,000 contacts', () => {
  beforeAll(async () => {
    await sql`
      INSERT INTO contact (id, name, sort_key, search_key, created_at, updated_at)
      SELECT gen_random_uuid(), name, lower(name), ' ' || lower(name) || ' 4207' || lpad((n * 7)::text, 8, '0') || ' ', now(), now()
        FROM (SELECT n, (ARRAY['Jan','Petr','Eva','Jana','Karel','Alena','Tomas','Lucie'])[1 + n % 8] || ' '
                     || (ARRAY['Novak','Svoboda','Dvorak','Cerny','Prochazka','Kucera','Vesely','Horak'])[1 + n / 8 % 8]
                     || chr(97 + n % 26) || chr(97 + n / 26 % 26) || chr(97 + n / 676 % 26) AS name
                FROM generate_series(1, 100000) n) made`.execute(parley.db)
    await sql`VACUUM ANALYZE contact`.execute(parley.db)
  })

  test.each(['cernyd', 'ce', '607 12', '+420 700 000 049', 'prochaskagba', 'jan prochaskagba', ''])(
    'no search reads the table from end to end: “%s”',
    async (q) => {
      const asked: { sql: string; parameters: readonly unknown[] }[] = []
      const pool = new pg.Pool({ ...connectionConfig(parley.system.database.url), max: 2 })
      const db = new Kysely<DB>({
        dialect: new PostgresDialect({ pool }),
        log: ({ query }) => void asked.push(query),
      })
      onTestFinished(() => db.destroy())
      const began = performance.now()
      const { ids } = await findContacts(db, { q, limit: 50 })
      expect(ids.length).toBeGreaterThan(0)
      expect(performance.now() - began).toBeLessThan(3_000)
      const searches = asked.filter((query) => query.sql.includes('FROM contact c'))
      expect(searches.length).toBeGreaterThan(0)
      for (const query of searches) {
        const { rows } = await pool.query<Record<string, string>>(`EXPLAIN ${query.sql}`, [...query.parameters])
        expect(rows.map((row) => row['QUERY PLAN']).join('\n')).not.toContain('Seq Scan')
      }
    },
  )
})
