// Results by REST: the tree that administrators keep, whose a branch is, notes that are asked for, what is prepared while a
// session goes on, and what becomes of a result that is changed later.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, OLGA, SARA, startTestService, type TestService, textFrom } from '../../support/service.ts'

let at: TestService
let n = 0
beforeAll(async () => {
  at = await startTestService({ worker: true })
})
afterAll(() => at?.close())

async function accepted(): Promise<string> {
  const phone = `42055532${String(++n).padStart(4, '0')}`
  await at.deliver(textFrom(phone, 'hello', at.clock.now()))
  const olga = await at.as(OLGA)
  const { id } = await at.sessionOf(olga, phone)
  await olga.post(`/api/v1/sessions/${id}/accept`)
  return id
}

const make = async (body: object): Promise<string> => (await (await at.as(ADMIN)).post('/api/v1/results', body)).body.id

test('a result of another group, or under a branch of another group, cannot be chosen; one of the session’s own can', async () => {
  const admin = await at.as(ADMIN)
  const groups = (await admin.get('/api/v1/groups')).body.items
  const [service, orders] = ['Service', 'Orders'].map(
    (name) => groups.find((g: { name: string }) => g.name === name).id,
  )
  const branch = await make({ name: 'Orders only', groupIds: [orders] })
  const below = await make({ name: 'Below', parentId: branch })
  const mine = await make({ name: 'Service only', groupIds: [service] })
  const sessionId = await accepted()
  const olga = await at.as(OLGA)
  const give = async (resultId: string) =>
    olga.post(`/api/v1/sessions/${sessionId}/end`, { lastSeq: 1, result: { resultId, note: null } })
  expect((await give(below)).body).toMatchObject({ code: 'invalid', errors: [{ pointer: '/result/resultId' }] })
  expect((await give(branch)).body).toMatchObject({ code: 'invalid' })
  expect((await give(mine)).body).toMatchObject({ phase: 'ended', result: { resultId: mine, note: null } })
  const tree = (await olga.get('/api/v1/results')).body.items
  expect(tree.find((one: { id: string }) => one.id === branch)).toMatchObject({
    groupIds: [orders],
    children: [{ id: below, groupIds: [] }],
  })
})

test('the tree is moved, archived and brought back, and never becomes a ring', async () => {
  const admin = await at.as(ADMIN)
  const [a, b] = [await make({ name: 'A' }), await make({ name: 'B' })]
  expect((await admin.patch(`/api/v1/results/${b}`, { parentId: a })).body.parentId).toBe(a)
  expect((await admin.patch(`/api/v1/results/${a}`, { parentId: b })).body.errors[0].pointer).toBe('/parentId')
  expect((await admin.patch(`/api/v1/results/${a}`, { groupIds: [a] })).body.errors[0].pointer).toBe('/groupIds/0')
  await admin.patch(`/api/v1/results/${a}`, { archived: true })
  const names = async (query: string) => JSON.stringify((await admin.get(`/api/v1/results${query}`)).body.items)
  expect(await names('')).not.toContain(a)
  expect(await names('?archived=true')).toContain(b)
  // What is under an archived branch is archived with it.
  const sessionId = await accepted()
  const olga = await at.as(OLGA)
  const end = await olga.post(`/api/v1/sessions/${sessionId}/end`, { lastSeq: 1, result: { resultId: b, note: null } })
  expect(end.body.code).toBe('invalid')
  expect((await admin.patch(`/api/v1/results/${b}`, { parentId: null })).body.parentId).toBeNull()
  expect((await olga.patch(`/api/v1/results/${b}`, { name: 'C' })).status).toBe(403)
})

test('a note is asked for where the result needs one; changed later, the old result and note are kept with who and when', async () => {
  const strict = await make({ name: 'Complaint', noteRequired: true })
  const plain = await make({ name: 'Solved by test' })
  const olga = await at.as(OLGA)
  const sara = await at.as(SARA)
  const sessionId = await accepted()
  await olga.post(`/api/v1/sessions/${sessionId}/end`, { lastSeq: 1 })
  const refused = await olga.post(`/api/v1/sessions/${sessionId}/result`, { resultId: strict, note: ' ' })
  expect([refused.status, refused.body.code]).toEqual([409, 'result-required'])
  await olga.post(`/api/v1/sessions/${sessionId}/result`, { resultId: strict, note: 'Broken in the post' })
  const changed = await sara.post(`/api/v1/sessions/${sessionId}/result`, { resultId: plain, note: null })
  expect(changed.body).toMatchObject({ phase: 'ended', result: { resultId: plain, note: null } })
  const { items } = (await olga.get(`/api/v1/sessions/${sessionId}/result-changes`)).body
  expect(items).toMatchObject([
    {
      by: { name: 'Sara Supervisor' },
      from: { resultId: strict, name: 'Complaint', note: 'Broken in the post' },
      to: { resultId: plain, name: 'Solved by test', note: null },
    },
  ])
  const last = (await olga.get(`/api/v1/sessions/${sessionId}/timeline`)).body.items.at(-1)
  expect(last).toMatchObject({
    type: 'resultChanged',
    evidence: { resultId: plain, previousResultId: strict, noteChanged: true },
  })
  expect(JSON.stringify(last)).not.toContain('Broken')
})

test('what is prepared during the session survives the client’s message in wrap-up, and is forgotten once given', async () => {
  const olga = await at.as(OLGA)
  const phone = `42055532${String(++n).padStart(4, '0')}`
  await at.deliver(textFrom(phone, 'hello', at.clock.now()))
  const { id } = await at.sessionOf(olga, phone)
  await olga.post(`/api/v1/sessions/${id}/accept`)
  const plain = await make({ name: 'Prepared' })
  const draft = `/api/v1/sessions/${id}/result-draft`
  await olga.put(draft, { resultId: plain, note: 'Wants it blue' })
  await olga.post(`/api/v1/sessions/${id}/end`, { lastSeq: 1 })
  await at.deliver(textFrom(phone, 'one more thing'))
  expect((await olga.get(`/api/v1/sessions/${id}`)).body.phase).toBe('active')
  expect((await olga.get(draft)).body).toMatchObject({ resultId: plain, note: 'Wants it blue' })
  await olga.post(`/api/v1/sessions/${id}/end`, { lastSeq: 2, result: { resultId: plain, note: 'Wants it blue' } })
  expect((await olga.get(draft)).body).toEqual({ resultId: null, note: '', at: null })
})

test('a farewell goes with the end in one step; where it cannot leave, or the client has just written, nothing ends', async () => {
  const olga = await at.as(OLGA)
  const sessionId = await accepted()
  const end = `/api/v1/sessions/${sessionId}/end`
  const messages = async () =>
    (await olga.get(`/api/v1/sessions/${sessionId}/messages`)).body.items.map((m: { text: string }) => m.text)
  const early = await olga.post(end, { lastSeq: 0, farewell: 'Bye' })
  expect([early.status, early.body.code]).toEqual([409, 'newer-client-message'])
  expect((await olga.get(`/api/v1/sessions/${sessionId}`)).body.phase).toBe('active')
  expect(await messages()).toEqual(['hello'])
  await at.clock.forward(25 * 3_600_000)
  const shut = await olga.post(end, { lastSeq: 1, farewell: 'Bye' })
  expect([shut.status, shut.body.code, shut.body.reason]).toEqual([409, 'text-field-closed', 'windowShut'])
  expect(await messages()).toEqual(['hello'])
  const other = await accepted()
  const done = await olga.post(`/api/v1/sessions/${other}/end`, { lastSeq: 1, farewell: 'Bye' })
  expect([done.status, done.body.phase, done.body.lastMessage.text]).toEqual([200, 'wrapUp', 'Bye'])
  // Never into a session that is over: what it had seen stays the last of it.
  const [{ id: resultId }] = (await olga.get('/api/v1/results')).body.items
  await olga.post(`/api/v1/sessions/${other}/result`, { resultId, note: null })
  const again = await olga.post(`/api/v1/sessions/${other}/end`, { lastSeq: 2, farewell: 'Bye again' })
  expect([again.status, again.body.code]).toEqual([409, 'wrong-phase'])
  expect((await olga.get(`/api/v1/sessions/${other}`)).body.lastSeq).toBe(2)
})
