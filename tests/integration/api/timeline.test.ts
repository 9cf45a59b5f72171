// The timeline of a session: every decision with who, when, what and why, refusals included; in ids, enums and times
// only; page by page while more of it comes; and for those alone who may see the session.
import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TimelineEvent } from '../../../src/api/views/timeline.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { newWamid, numberChange, status, text } from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const MINUTE = 60_000
const JANA = { phone: '420777123456', bsuid: 'CZ.13491208655302741918', name: 'Jana Nováková' }
const WORDS = 'My number is +420 777 123 456, Jana'

let world: World
let api: Reading
let olga: Caller
let admin: Caller

beforeEach(async () => {
  world = await startWorld({ settings: { inactivity: 1_800 } })
  api = await openApi(world)
  olga = await api.as(world.olga)
  admin = (await api.person('administrator')).caller
})
afterEach(async () => {
  await api?.close()
  await world?.close()
})

type Told = Pick<TimelineEvent, 'at' | 'actor' | 'type' | 'evidence'>

const iso = (at: number): string => new Date(at).toISOString()
const later = (ms: number): void => world.clock.forward(ms)
const path = (sessionId: string): string => `/api/v1/sessions/${sessionId}`

async function timeline(sessionId: string): Promise<readonly TimelineEvent[]> {
  const { status: answered, body, text: said } = await admin.get(`${path(sessionId)}/timeline`)
  expect(answered, said).toBe(200)
  expect(body.next).toBeNull()
  return body.items
}

const SYSTEM = { kind: 'system', id: null, name: null } as const
const META = { kind: 'meta', id: null, name: null } as const
const operator = (id: string, name: string) => ({ kind: 'operator', id, name }) as const

/** What the timeline must hold, written down as it happens. */
class Chronicle {
  readonly #events: Told[] = []

  add(type: string, actor: Told['actor'], evidence: Told['evidence']): void {
    this.#events.push({ at: iso(world.clock.now()), actor, type, evidence })
  }

  async agrees(sessionId: string): Promise<void> {
    const events = await timeline(sessionId)
    expect(events.map(({ at, actor, type, evidence }) => ({ at, actor, type, evidence }))).toEqual(this.#events)
    expect(events.map(({ id }) => id)).toEqual(events.map((_, n) => `${sessionId}:${n + 1}`))
    expect(events.map(({ n }) => n)).toEqual(events.map((_, n) => n + 1))
    const { body: session } = await admin.get(path(sessionId))
    let rev = 0
    for (const event of events) {
      // A refusal changes nothing that is shown; all else is a new state of the session.
      if (event.type === 'refused') expect(event.rev).toBe(rev)
      else expect(event.rev).toBeGreaterThan(rev)
      rev = event.rev
    }
    expect(rev).toBeLessThanOrEqual(session.rev)
  }
}

async function client(): Promise<Told['actor'] & { id: string }> {
  const { id } = await world.client(JANA.phone)
  return { kind: 'client', id, name: JANA.name }
}

async function lastMessageId(): Promise<string> {
  return (await world.messages((await world.session(JANA.phone)).id)).at(-1)?.id ?? ''
}

/** Jana has written, and Olga talks with her. */
async function talking(): Promise<string> {
  await world.deliver(text(JANA, WORDS))
  const { id } = await world.session(JANA.phone)
  await world.accept(id)
  return id
}

describe('the life of a session', () => {
  test('is told from the first message to the result that is changed at last', async () => {
    const told = new Chronicle()
    const [byOlga, byOmar] = [operator(world.olga, 'olga'), operator(world.omar, 'omar')]
    const began = world.clock.now()
    await world.deliver(text(JANA, WORDS))
    const { id } = await world.session(JANA.phone)
    const jana = await client()
    const first = await lastMessageId()
    const window = { windowUntil: iso(began + 24 * HOUR), windowMessageId: first }
    told.add('started', jana, {
      origin: 'inbound',
      messageId: first,
      groupId: world.groupId,
      offerDueAt: iso(began + 5 * MINUTE),
      previousId: null,
    })

    later(5 * MINUTE)
    await world.fire(id, 'offerOverdue')
    told.add('offerOverdue', SYSTEM, { timer: 'offerOverdue', dueAt: iso(began + 5 * MINUTE), ...window })

    later(MINUTE)
    await world.accept(id)
    told.add('accepted', byOlga, { offer: 1, offeredAt: iso(began), taken: 0, slots: 500 })

    later(MINUTE)
    await world.command(world.omar, id, 'accept')
    told.add('refused', byOmar, { command: 'accept', refused: 'already-accepted', phase: 'active', lastInSeq: 1 })

    later(22 * HOUR)
    await world.fire(id, 'windowWarning')
    told.add('windowWarning', SYSTEM, { timer: 'windowWarning', dueAt: iso(began + 22 * HOUR), ...window })

    later(2 * HOUR)
    await world.fire(id, 'windowExpiry')
    told.add('windowShut', SYSTEM, { timer: 'windowExpiry', dueAt: iso(began + 24 * HOUR), ...window })

    later(MINUTE)
    const shut = { refused: 'text-field-closed', reason: 'windowShut', phase: 'active', ...window }
    await olga.post(`${path(id)}/messages`, { type: 'text', text: 'too late' })
    told.add('refused', byOlga, { command: 'messages', ...shut })
    await (await api.program(world.olga)).post(`${path(id)}/messages`, { type: 'text', text: 'too late' })
    told.add('refused', { ...byOlga, kind: 'program' }, { command: 'messages', ...shut })

    later(MINUTE)
    await world.deliver(text(JANA, WORDS))
    const until = iso(world.clock.now() + 24 * HOUR)
    told.add('windowOpened', jana, { messageId: await lastMessageId(), until })

    later(MINUTE)
    await world.command(world.olga, id, 'end', { lastSeq: 1 })
    told.add('refused', byOlga, {
      command: 'end',
      refused: 'newer-client-message',
      phase: 'active',
      lastSeq: 1,
      lastInSeq: 2,
    })
    const seen = (lastSeq: number) => ({ seen: lastSeq, lastInSeq: lastSeq, resultId: null, sendsUnderWay: 0 })
    await world.end(id)
    told.add('wrapUp', byOlga, seen(2))

    later(MINUTE)
    await world.deliver(text(JANA, WORDS))
    told.add('reactivated', jana, { messageId: await lastMessageId(), seq: 3 })

    later(MINUTE)
    await world.end(id)
    told.add('wrapUp', byOlga, seen(3))
    later(MINUTE)
    await world.giveResult(id)
    told.add('ended', byOlga, { resultId: world.resultId })
    later(HOUR)
    await world.giveResult(id)
    told.add('resultChanged', byOlga, {
      resultId: world.resultId,
      previousResultId: world.resultId,
      noteChanged: false,
    })

    await told.agrees(id)
  })

  test('that time ends is told with which timer it was, when it was due and why', async () => {
    const id = await talking()
    const told = await timeline(id)
    const window = { windowUntil: iso(world.clock.now() + 24 * HOUR), windowMessageId: await lastMessageId() }
    await world.sends(id, 'delivered')
    const answered = world.clock.now()
    later(30 * MINUTE + 5_000)
    await world.fire(id, 'inactivity')
    const silent = world.clock.now()
    later(10 * MINUTE + 5_000)
    await world.fire(id, 'wrapUpMax')
    const events = (await timeline(id)).slice(told.length)
    expect(events).toMatchObject([
      {
        type: 'inactive',
        at: iso(silent),
        actor: SYSTEM,
        evidence: { timer: 'inactivity', dueAt: iso(answered + 30 * MINUTE), reason: 'inactivity', ...window },
      },
      {
        type: 'ended',
        at: iso(world.clock.now()),
        actor: SYSTEM,
        evidence: { timer: 'wrapUpMax', dueAt: iso(silent + 10 * MINUTE), reason: 'inactivity', ...window },
      },
    ])
  })

  test('whose wrap-up took too long is told so', async () => {
    const id = await talking()
    await world.end(id)
    later(10 * MINUTE + 5_000)
    await world.fire(id, 'wrapUpMax')
    expect((await timeline(id)).at(-1)).toMatchObject({
      type: 'ended',
      actor: SYSTEM,
      evidence: { timer: 'wrapUpMax', reason: 'wrapUpMax' },
    })
  })

  test('that begins after another one names it', async () => {
    await world.deliver(text(JANA, WORDS))
    const { id: previousId } = await world.inPhase(JANA.phone, 'ended')
    later(MINUTE)
    await world.deliver(text(JANA, WORDS))
    const { id } = await world.session(JANA.phone)
    expect(await timeline(id)).toMatchObject([{ type: 'started', evidence: { previousId } }])
  })
})

describe('a refusal', () => {
  test('of last words tells why the text field was closed, and which window had shut', async () => {
    const id = await talking()
    const spoke = world.clock.now()
    later(25 * HOUR)
    await world.command(world.olga, id, 'end', { lastSeq: 1, farewell: 'Goodbye' })
    expect((await timeline(id)).at(-1)).toMatchObject({
      type: 'refused',
      evidence: {
        command: 'end',
        refused: 'text-field-closed',
        reason: 'windowShut',
        windowMessageId: await lastMessageId(),
        windowUntil: iso(spoke + 24 * HOUR),
        lastSeq: 1,
        lastInSeq: 1,
      },
    })
  })

  test('for want of a slot tells how many there are and how many are taken', async () => {
    await talking()
    await world.db.updateTable('user_account').set({ slots: 1 }).where('id', '=', world.olga).execute()
    const other = { phone: '420777000002' }
    await world.deliver(text(other, 'Hello'))
    const { id } = await world.session(other.phone)
    await world.command(world.olga, id, 'accept')
    expect((await timeline(id)).at(-1)).toMatchObject({
      type: 'refused',
      evidence: { command: 'accept', refused: 'no-free-slot', slots: 1, taken: 1 },
    })
  })
})

describe('what became of messages', () => {
  test('is told where it was not what was meant', async () => {
    const id = await talking()
    const before = (await timeline(id)).length
    const byOlga = operator(world.olga, 'olga')
    const told: Told[] = []
    const add = (type: string, actor: Told['actor'], evidence: Told['evidence']) =>
      void told.push({ at: iso(world.clock.now()), actor, type, evidence })

    const lost = await world.sends(id, 'unknown')
    add('unknown', SYSTEM, { attemptId: lost.id, messageId: lost.messageId, why: 'timeout' })
    later(MINUTE)
    await olga.post(`/api/v1/messages/${lost.messageId}/resolve`, { outcome: 'notArrived' })
    add('resolved', byOlga, { attemptId: lost.id, messageId: lost.messageId, outcome: 'notArrived' })
    later(MINUTE)
    await olga.post(`/api/v1/messages/${lost.messageId}/retry`)
    add('retried', byOlga, { messageId: lost.messageId, replaces: lost.id, was: 'failed' })
    await olga.post(`/api/v1/messages/${lost.messageId}/retry`)
    const window = { windowMessageId: (await world.client(JANA.phone)).window_message_id }
    add('refused', byOlga, {
      command: 'retry',
      messageId: lost.messageId,
      refused: 'not-retryable',
      reason: 'pending',
      phase: 'active',
      ...window,
      windowUntil: iso((await world.client(JANA.phone)).window_expires_at?.getTime() ?? 0),
    })
    const again = await claimNext(world.ctx, id)
    if (again.claim !== 'post') throw new Error(`not claimed: ${again.claim}`)
    await settle(world.ctx, id, again.claimed.attemptId, { outcome: 'accepted', wamid: newWamid(), aliases: [] })

    const refused = await world.sends(id, 'failed')
    add('sendFailed', SYSTEM, { attemptId: refused.id, messageId: refused.messageId, code: 131026, again: null })

    const broken = await world.sends(id, 'sent')
    later(MINUTE)
    await world.deliver(status(broken.wamid, 'failed', { code: 131026 }))
    add('sendFailed', META, { attemptId: broken.id, messageId: broken.messageId, code: 131026 })

    // As after the 45 in a row that Meta lets one write to one client.
    const pace = { pair_tokens: 0, pair_at: new Date(world.clock.now() + 6_000) }
    await world.db.updateTable('client').set(pace).execute()
    const held = await world.sends(id, 'pending')
    const claim = await claimNext(world.ctx, id)
    expect(claim).toMatchObject({ claim: 'wait', short: false })
    add('paced', SYSTEM, { attemptId: held.id, until: iso(world.clock.now() + 6_000) })

    later(24 * HOUR)
    await claimNext(world.ctx, id)
    add('sendRefused', SYSTEM, {
      attemptId: held.id,
      messageId: held.messageId,
      code: 'window-shut',
      ...window,
      windowUntil: iso((await world.client(JANA.phone)).window_expires_at?.getTime() ?? 0),
    })
    const events = (await timeline(id)).slice(before)
    expect(events.map(({ at, actor, type, evidence }) => ({ at, actor, type, evidence }))).toMatchObject(told)
    expect(events).toHaveLength(told.length)
  })
})

describe('what Meta tells of who the client is', () => {
  test('is told as Meta’s doing, with whom the client was joined and where the other session went', async () => {
    const [byPhone, byBsuid] = [{ phone: JANA.phone }, { bsuid: JANA.bsuid }]
    await world.deliver(text(byPhone, WORDS))
    const kept = await world.session(JANA.phone)
    await world.accept(kept.id)
    later(MINUTE)
    await world.deliver(text(byBsuid, WORDS))
    const other = await world.session(JANA.bsuid)
    later(MINUTE)
    await world.deliver(text(JANA, WORDS))
    const at = iso(world.clock.now())
    expect((await timeline(kept.id)).at(-1)).toMatchObject({
      at,
      actor: META,
      type: 'clientJoined',
      evidence: { joined: other.client_id, sessionId: other.id, reactivated: false },
    })
    const joined = await timeline(other.id)
    expect(joined).toMatchObject([
      { type: 'started', actor: { kind: 'client', id: kept.client_id, name: JANA.name } },
      { at, actor: META, type: 'ended', evidence: { reason: 'joined', into: kept.id } },
    ])
  })

  test('is told of a new number, without the number', async () => {
    const id = await talking()
    later(MINUTE)
    await world.deliver(numberChange(JANA, { phone: '420777999999', bsuid: 'CZ.2' }))
    expect((await timeline(id)).at(-1)).toMatchObject({
      at: iso(world.clock.now()),
      actor: META,
      type: 'clientMoved',
      evidence: { from: 'phone', to: 'phone' },
    })
  })
})

test('evidence is ids, enums and times, never what was said, a name, a number or an id that encodes one', async () => {
  const id = await talking()
  const { wamid } = await world.sends(id, 'failed')
  await world.deliver(numberChange(JANA, { phone: '420777999999', bsuid: 'CZ.2' }))
  await world.deliver(status(wamid, 'delivered'), status(newWamid(), 'sent'))
  await world.sends(id, 'unknown')
  await world.command(world.olga, id, 'end', { lastSeq: 9, result: { resultId: world.resultId, note: WORDS } })
  const events = await timeline(id)
  expect(events.length).toBeGreaterThanOrEqual(5)
  const allowed = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z][A-Za-z]*(-[a-z]+)*|\d{4}-\d\d-\d\dT[\d:.]+Z)$/
  for (const { type, evidence } of events) {
    for (const [name, value] of Object.entries(evidence)) {
      if (typeof value === 'string') expect(value, `${type}.${name}`).toMatch(allowed)
      else expect(['number', 'boolean'].includes(typeof value) || value === null, `${type}.${name}`).toBe(true)
      // An instant is told like every other time of the API.
      if (typeof value === 'number') expect(value, `${type}.${name}`).toBeLessThan(1_000_000_000)
    }
  }
})

test('the pages are the whole of it, once, although more of it comes while they are read', async () => {
  const id = await talking()
  const more = () => world.command(world.omar, id, 'accept')
  for (let n = 0; n < 3; n++) await more()
  const read: string[] = []
  let cursor = ''
  for (let coming = 3; ; coming--) {
    const { body } = await admin.get(`${path(id)}/timeline?limit=2${cursor}`)
    read.push(...body.items.map((event: TimelineEvent) => event.id))
    if (body.next === null) break
    cursor = `&cursor=${body.next}`
    if (coming > 0) await more()
  }
  const whole = await timeline(id)
  expect(whole).toHaveLength(8)
  expect(read).toEqual(whole.map((event) => event.id))
  for (const madeUp of ['{"n":"1"}', '{"n":2147483648}']) {
    const cursor = Buffer.from(madeUp).toString('base64url')
    const { body } = await admin.get(`${path(id)}/timeline?cursor=${cursor}`)
    expect(body, madeUp).toMatchObject({ status: 400, errors: [{ pointer: '/cursor' }] })
  }
})

test('what happened in a session is read by those who may see it now, and does not exist for anybody else', async () => {
  const elsewhere = [await api.group('Elsewhere')]
  const readers = {
    owner: olga,
    'the program of the owner': await api.program(world.olga),
    colleague: await api.as(world.omar),
    'colleague who may see others’': (await api.person('operator', { seeOthers: true })).caller,
    supervisor: (await api.person('supervisor')).caller,
    'supervisor of another group': (await api.person('supervisor', { groupIds: elsewhere })).caller,
    administrator: admin,
  }
  const shown: Record<string, Record<string, number[]>> = {}
  const look = async (phase: string): Promise<void> => {
    const { id } = await world.session(JANA.phone)
    const [message] = await world.messages(id)
    const paths = [`${path(id)}/timeline`, `${path(id)}/messages`, `/api/v1/messages/${message?.id}/evidence`]
    shown[phase] = {}
    for (const [who, reader] of Object.entries(readers)) {
      const answers = await Promise.all(paths.map((one) => reader.get(one)))
      shown[phase][who] = answers.map((answer) => answer.status)
      for (const answer of answers.filter((one) => one.status !== 200)) expect(answer.body.code).toBe('not-found')
    }
  }
  await world.deliver(text(JANA, WORDS))
  await look('queued')
  const { id } = await world.session(JANA.phone)
  await world.accept(id)
  await look('active')
  await world.end(id)
  await look('wrapUp')
  await world.giveResult(id)
  await look('ended')

  const [yes, no] = [
    [200, 200, 200],
    [404, 404, 404],
  ]
  const everybody = Object.fromEntries(Object.keys(readers).map((who) => [who, yes]))
  const strangers = { 'supervisor of another group': no }
  const inGroup = { ...everybody, ...strangers }
  const taken = { ...inGroup, colleague: no }
  expect(shown).toEqual({ queued: inGroup, active: taken, wrapUp: taken, ended: inGroup })
  expect((await olga.get(`${path(v7())}/timeline`)).status).toBe(404)
})
