// The directory as a table: taken in row by row with what became of each, and given out so that it can be taken in again.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ADMIN,
  type Answer,
  type Caller,
  OLGA,
  SARA,
  startTestService,
  type TestService,
} from '../../support/service.ts'

let parley: TestService
let admin: Caller
let sara: Caller
let olga: Caller
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  sara = await parley.as(SARA)
  olga = await parley.as(OLGA)
})
afterAll(() => parley.close())

const take = (file: string | Buffer, query = '', who: Caller = admin): Promise<Answer> =>
  who.ask('POST', `/api/v1/contacts/import${query}`, { raw: file, headers: { 'content-type': 'text/csv' } })
const found = async (q: string) => (await olga.get(`/api/v1/contacts?q=${encodeURIComponent(q)}`)).body.items
const outcomes = (answer: Answer) =>
  [...answer.body.rows]
    .sort((a: { row: number }, b: { row: number }) => a.row - b.row)
    .map((row: { outcome: string }) => row.outcome)

const FILE = [
  'Jméno;Telefon;E-mail;Customer number;Poznámka',
  'Čeněk Zkušební;777 400 001;cenek@example.cz;Z-1;ignored',
  ';;;;',
  'Bad Number;twelve;bad@example.cz;;',
  'Again Čeněk;+420777400001;;Z-2;',
  'Only A Name;;;;',
].join('\r\n')

describe('an import', () => {
  test('is tried first: says for each row what would become of it and why, and stores nothing', async () => {
    const answer = await take(FILE)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toMatchObject({
      id: null,
      dryRun: true,
      counts: { created: 2, updated: 1, unchanged: 0, skipped: 1, failed: 1 },
    })
    expect(answer.body.columns.map((column: { target: string }) => column.target)).toEqual([
      'name',
      'phone',
      'email',
      'field:customer_number',
      'ignore',
    ])
    expect(outcomes(answer)).toEqual(['created', 'skipped', 'failed', 'updated', 'created'])
    const failed = answer.body.rows.find((row: { outcome: string }) => row.outcome === 'failed')
    expect(failed).toMatchObject({ row: 4, name: 'Bad Number', reasons: ['Phone “twelve” is no phone number.'] })
    expect(await found('zkušební')).toEqual([])
  })

  test('stores the rows that are right; run again it changes nothing; its result is a file', async () => {
    const answer = await take(FILE, '?dryRun=false&fileName=contacts.csv')
    expect(answer.body.counts).toEqual({ created: 2, updated: 1, unchanged: 0, skipped: 1, failed: 1 })
    const [contact] = await found('zkušební')
    expect(contact).toMatchObject({
      name: 'Čeněk Zkušební',
      names: ['Čeněk Zkušební', 'Again Čeněk'],
      phones: ['+420777400001'],
      fields: { customer_number: ['Z-1', 'Z-2'] },
    })
    expect(await found('bad@example.cz')).toEqual([])
    const { body: changes } = await olga.get(`/api/v1/contacts/${contact.id}/changes`)
    expect(changes.items.map((change: { type: string }) => change.type)).toEqual(['imported', 'imported'])

    const again = await take(FILE, '?dryRun=false')
    expect(again.body.counts).toEqual({ created: 1, updated: 0, unchanged: 2, skipped: 1, failed: 1 })
    const file = await admin.get(`/api/v1/contacts/imports/${answer.body.id}`)
    expect(file.headers.get('content-type')).toContain('text/csv')
    expect(file.text).toContain('4,failed,,Bad Number,Phone “twelve” is no phone number.')
    expect((await sara.get(`/api/v1/contacts/imports/${answer.body.id}`)).status).toBe(403)
  })

  test('takes columns as one says', async () => {
    const mapping = encodeURIComponent(JSON.stringify({ A: 'phone', B: 'name' }))
    const answer = await take('A,B\n+420777400010,Mapped By Hand\n', `?dryRun=false&mapping=${mapping}`)
    expect(answer.body.counts.created).toBe(1)
    expect((await found('+420777400010'))[0].name).toBe('Mapped By Hand')
    const bad = [{ A: 'shoe' }, { C: 'name' }, 'nonsense', '[1]']
    for (const one of bad) {
      const text = typeof one === 'string' ? one : JSON.stringify(one)
      const refused = await take('A,B\nx,y\n', `?mapping=${encodeURIComponent(text)}`)
      expect([refused.status, refused.body.errors[0].pointer], text).toEqual([400, '/mapping'])
    }
  })

  test('does not guess between several contacts, nor take an id that is none', async () => {
    await olga.post('/api/v1/contacts', { name: 'Twin One', phones: ['+420777400020'] })
    await olga.post('/api/v1/contacts', { name: 'Twin Two', phones: ['+420777400020'] })
    const twins = await take('Name,Phone\nTwin,+420777400020\n')
    expect(twins.body.rows[0]).toMatchObject({
      outcome: 'failed',
      reasons: [expect.stringContaining('Several contacts')],
    })
    const lost = await take('Id,Name\n00000000-0000-7000-8000-000000000000,Nobody\nno-id,Nobody\n')
    expect(outcomes(lost)).toEqual(['failed', 'failed'])
  })

  test.each([
    [
      'quotes, commas and line ends within a cell',
      'Name,Phone\n"Quoted, ""Name""\nSecond",777 400 030\n',
      ['Quoted, "Name"', 'Second'],
    ],
    ['a byte order mark', '\u{FEFF}Name;Phone\nMarked;777 400 031', ['Marked']],
    [
      'Excel’s windows-1250',
      Buffer.from([...Buffer.from('Name;Phone\n'), 0xd8, 0x65, 0x68, 0x6f, 0xf8, 0x3b, ...Buffer.from('777 400 032')]),
      ['Řehoř'],
    ],
    ['rows shorter and longer than the headings', 'Phone,Name\n777 400 033,Long,More,Cells\n', ['Long']],
    ['only \\r between lines', 'Name,Phone\rReturns,777 400 034\r', ['Returns']],
  ])('reads %s', async (_what, file, names) => {
    const answer = await take(file, '?dryRun=false')
    expect(answer.body.counts, answer.text).toMatchObject({ created: 1, failed: 0 })
    const { body } = await olga.get(`/api/v1/contacts/${answer.body.rows[0].contactId}`)
    expect(body.names).toEqual(names)
  })

  test.each([
    ['nothing', ''],
    ['headings alone', 'Name,Phone\n'],
    ['a quote that never ends', 'Name,Phone\n"Never,ends\n'],
    ['what is no text', Buffer.from([0x50, 0x4b, 0x03, 0x04, 0x00, 0x00])],
  ])('refuses %s as a whole', async (_what, file) => {
    const answer = await take(file)
    expect([400, 415], answer.text).toContain(answer.status)
  })

  test('is for administrators, and in CSV alone', async () => {
    expect((await take(FILE, '', sara)).status).toBe(403)
    expect((await take(FILE, '', olga)).status).toBe(403)
    expect((await admin.post('/api/v1/contacts/import', { csv: FILE })).status).toBe(415)
  })

  test('of 5,000 rows is done in a few seconds', async () => {
    const rows = Array.from({ length: 5000 }, (_, n) => `Person ${n},+4206${String(n).padStart(8, '0')}`)
    const began = performance.now()
    const answer = await take(`Name,Phone\n${rows.join('\n')}`, '?dryRun=false')
    expect(answer.body.counts.created).toBe(5000)
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('an export', () => {
  test('has everybody, those without a number too, and can be taken in again without a change', async () => {
    await olga.post('/api/v1/contacts', { names: ['=HYPERLINK("http://evil")', '@second'], emails: ['x@example.cz'] })
    await olga.post('/api/v1/contacts', { name: 'Phone Less' })
    const file = await sara.get('/api/v1/contacts/export')
    expect(file.status).toBe(200)
    expect(file.headers.get('content-disposition')).toContain('contacts.csv')
    expect(file.text).toContain('Phone Less')
    expect(file.text).toContain('+420777400001')
    // No cell begins a formula; a quoted one has its apostrophe within.
    expect(file.text).toContain(`"'=HYPERLINK(""http://evil"")`)
    expect(file.text).not.toMatch(/(^|,)"?[=@]/m)
    const again = await take(file.text)
    expect(again.body.counts).toMatchObject({ created: 0, updated: 0, failed: 0, skipped: 0 })
    expect((await olga.get('/api/v1/contacts/export')).status).toBe(403)
    const some = await sara.get('/api/v1/contacts/export?q=phone%20less')
    expect(some.text.trim().split('\r\n')).toHaveLength(2)
  })
})
