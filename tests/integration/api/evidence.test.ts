// The evidence of one message: when it was said and heard, which message kept the window open when each attempt was
// asked about, what became of it as it was told, and the decisions of the timeline that concern it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EvidenceView } from '../../../src/api/views/evidence.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { ghost, newWamid, status, text } from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const SECOND = 1_000

let world: World
let api: Reading
let olga: Caller
beforeAll(async () => {
  world = await startWorld()
  api = await openApi(world)
  olga = await api.as(world.olga)
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

let clients = 0
/** Somebody new in each test. */
let jana: { readonly phone: string; readonly name: string }
beforeEach(() => {
  jana = { phone: `42077700${String(++clients).padStart(4, '0')}`, name: 'Jana' }
})

const iso = (at: number): string => new Date(at).toISOString()

async function evidence(messageId: string): Promise<EvidenceView> {
  const answer = await olga.get(`/api/v1/messages/${messageId}/evidence`)
  expect(answer.status, answer.text).toBe(200)
  return answer.body
}

/** Jana has written a moment ago, and Olga has the session; what kept its window open, and until when. */
async function talking() {
  const spoke = world.clock.now()
  await world.deliver(text(jana, 'Hello'))
  const session = await world.session(jana.phone)
  await world.accept(session.id)
  const [opened] = await world.messages(session.id)
  return {
    sessionId: session.id,
    window: { windowMessageId: opened?.id, windowUntil: iso(spoke + 24 * HOUR) },
  }
}

describe('a client’s message', () => {
  test('tells Meta’s time and Parley’s, the webhook that brought it, and the session that it began', async () => {
    const heard = world.clock.now()
    const wamid = newWamid()
    await world.deliver(text(jana, 'Hello', { id: wamid, at: heard - 90 * SECOND }))
    const session = await world.session(jana.phone)
    const [message] = await world.messages(session.id)
    const told = await evidence(message?.id ?? '')
    expect(told).toMatchObject({
      messageId: message?.id,
      sessionId: session.id,
      direction: 'in',
      wamid,
      at: iso(heard - 90 * SECOND),
      receivedAt: iso(heard),
      timeDoubted: false,
      attempts: [],
      events: [{ type: 'started', actor: { kind: 'client', name: 'Jana' } }],
    })
    const raw = await world.db
      .selectFrom('webhook_raw')
      .select('body')
      .where('id', '=', told.rawId ?? '')
      .executeTakeFirstOrThrow()
    expect(raw.body.toString()).toContain(wamid)
  })

  test('whose time could not be right says so', async () => {
    await world.deliver(text(jana, 'Hello', { at: null }))
    const [message] = await world.messages((await world.session(jana.phone)).id)
    const now = iso(world.clock.now())
    expect(await evidence(message?.id ?? '')).toMatchObject({ at: now, receivedAt: now, timeDoubted: true })
  })

  test('that opened the window or brought the session back is the reason for it', async () => {
    const { sessionId } = await talking()
    await world.end(sessionId)
    await world.deliver(text(jana, 'One more thing'))
    const last = (await world.messages(sessionId)).at(-1)
    expect((await evidence(last?.id ?? '')).events).toMatchObject([{ type: 'reactivated', evidence: { seq: 2 } }])
  })

  test('that stood in for the real one keeps its evidence after the real one came elsewhere', async () => {
    const { sessionId } = await talking()
    const wamid = newWamid()
    await world.deliver(ghost(jana, { id: wamid }))
    const heard = world.clock.now()
    await world.command(world.olga, sessionId, 'end', { lastSeq: 2, result: { resultId: world.resultId, note: null } })
    world.clock.forward(SECOND)
    await world.deliver(text(jana, 'The real one', { id: wamid }))
    const placeholder = (await world.messages(sessionId)).at(-1)
    expect(placeholder?.superseded_by).not.toBeNull()
    expect(await evidence(placeholder?.id ?? '')).toMatchObject({ sessionId, wamid, receivedAt: iso(heard) })
  })
})

describe('a message of the company', () => {
  test('tells which message kept the window open when it was written, and again right before Meta', async () => {
    const { sessionId, window } = await talking()
    const sent = await olga.post(`/api/v1/sessions/${sessionId}/messages`, { type: 'text', text: 'Good day' })
    const written = world.clock.now()
    expect((await evidence(sent.body.id)).attempts).toMatchObject([
      { no: 1, status: 'pending', claimedAt: null, evidence: { asked: { at: iso(written), ...window } } },
    ])

    // Meanwhile the client has spoken, so another message keeps the window open when it leaves.
    world.clock.forward(3 * SECOND)
    await world.deliver(text(jana, 'Are you there?'))
    world.clock.forward(SECOND)
    const left = world.clock.now()
    await claimNext(world.ctx, sessionId)
    const [, , newer] = await world.messages(sessionId)
    const told = await evidence(sent.body.id)
    expect(told).toMatchObject({ direction: 'out', at: iso(written), receivedAt: iso(written), rawId: null })
    expect(told.attempts).toMatchObject([
      {
        status: 'calling',
        createdAt: iso(written),
        claimedAt: iso(left),
        evidence: {
          asked: { at: iso(written), ...window },
          claim: { at: iso(left), windowMessageId: newer?.id, windowUntil: iso(left - SECOND + 24 * HOUR) },
        },
      },
    ])
  })

  test('keeps every status as it was told, in the order heard, also those that moved nothing', async () => {
    const { sessionId } = await talking()
    const { messageId, wamid } = await world.sends(sessionId, 'accepted')
    const accepted = world.clock.now()
    const tell = async (word: string, at: number) => {
      world.clock.forward(SECOND)
      await world.deliver(status(wamid, word, { at }))
      return { status: word, at: iso(at), receivedAt: iso(world.clock.now()), source: 'meta' }
    }
    const read = await tell('read', accepted + SECOND)
    const delivered = await tell('delivered', accepted)
    const [attempt, ...more] = (await evidence(messageId)).attempts
    expect(more).toEqual([])
    expect(attempt).toMatchObject({ status: 'read', wamid })
    const own = { at: iso(accepted), receivedAt: iso(accepted), source: 'parley', moved: true, rawId: null, body: null }
    expect(attempt?.statuses).toMatchObject([
      { ...own, status: 'pending' },
      { ...own, status: 'accepted' },
      { ...read, moved: true, body: { id: wamid, status: 'read' } },
      { ...delivered, moved: false, body: { id: wamid, status: 'delivered' } },
    ])
    for (const one of attempt?.statuses.slice(2) ?? []) {
      const kept = await world.db
        .selectFrom('webhook_raw')
        .select('id')
        .where('id', '=', one.rawId ?? '')
        .execute()
      expect(kept).toHaveLength(1)
    }
  })

  test('that failed says what it means and what to do, and the next attempt names the one it replaces', async () => {
    const { sessionId, window } = await talking()
    const { id, messageId } = await world.sends(sessionId, 'failed')
    world.clock.forward(SECOND)
    expect((await olga.post(`/api/v1/messages/${messageId}/retry`)).status).toBe(202)
    const told = await evidence(messageId)
    expect(told.attempts).toMatchObject([
      { id, no: 1, status: 'failed', error: { code: 131026, retry: 'never' } },
      {
        no: 2,
        status: 'pending',
        error: null,
        evidence: { asked: { at: iso(world.clock.now()), ...window }, replaces: id },
      },
    ])
    for (const words of ['title', 'advice'] as const) expect(told.attempts[0]?.error?.[words]).not.toBe('')
    expect(told.events).toMatchObject([
      { type: 'sendFailed', actor: { kind: 'system' }, evidence: { attemptId: id } },
      { type: 'retried', actor: { kind: 'operator', id: world.olga }, evidence: { replaces: id } },
    ])
  })

  test('that failed and arrived all the same says both', async () => {
    const { sessionId } = await talking()
    const { messageId, wamid } = await world.sends(sessionId, 'sent')
    await world.deliver(status(wamid, 'failed', { code: 131026 }))
    await world.deliver(status(wamid, 'delivered'))
    expect((await evidence(messageId)).attempts).toMatchObject([{ status: 'failed', reachedAnyway: true }])
  })

  test('whose outcome nobody knew says why, and who settled it', async () => {
    const { sessionId } = await talking()
    const { messageId } = await world.sends(sessionId, 'unknown')
    await olga.post(`/api/v1/messages/${messageId}/resolve`, { outcome: 'arrived' })
    const told = await evidence(messageId)
    expect(told.attempts[0]?.statuses.at(-1)).toMatchObject({ status: 'accepted', source: 'operator', moved: true })
    expect(told.events).toMatchObject([
      { type: 'unknown', evidence: { why: 'timeout' } },
      { type: 'resolved', actor: { id: world.olga }, evidence: { outcome: 'arrived' } },
    ])
  })

  test('that had to wait for the pace says until when, and which decision said so', async () => {
    const { sessionId } = await talking()
    const pace = { pair_tokens: 0, pair_at: new Date(world.clock.now() + 6 * SECOND) }
    const { id } = await world.client(jana.phone)
    await world.db.updateTable('client').set(pace).where('id', '=', id).execute()
    const { messageId } = await world.sends(sessionId, 'pending')
    await claimNext(world.ctx, sessionId)
    const until = iso(world.clock.now() + 6 * SECOND)
    const told = await evidence(messageId)
    expect(told.attempts).toMatchObject([{ status: 'pending', waitUntil: until }])
    expect(told.events).toMatchObject([{ type: 'paced', evidence: { until } }])
  })

  test('that was not let out has the refusal with the window that had shut', async () => {
    const { sessionId, window } = await talking()
    const { messageId } = await world.sends(sessionId, 'pending')
    world.clock.forward(24 * HOUR)
    await claimNext(world.ctx, sessionId)
    const told = await evidence(messageId)
    expect(told.attempts).toMatchObject([{ status: 'failed', error: { code: 'window-shut', retry: 'template' } }])
    expect(told.events).toMatchObject([{ type: 'sendRefused', evidence: { code: 'window-shut', ...window } }])
  })

  test('has also what was refused for it, and why', async () => {
    const { sessionId } = await talking()
    const [{ messageId }, another] = [await world.sends(sessionId, 'delivered'), await world.sends(sessionId, 'sent')]
    expect((await olga.post(`/api/v1/messages/${messageId}/retry`)).status).toBe(409)
    expect((await olga.post(`/api/v1/messages/${messageId}/resolve`, { outcome: 'arrived' })).status).toBe(409)
    const why = { messageId, refused: 'not-retryable', reason: 'delivered' }
    expect((await evidence(messageId)).events).toMatchObject([
      { type: 'refused', actor: { kind: 'operator', id: world.olga }, evidence: { command: 'retry', ...why } },
      { type: 'refused', actor: { kind: 'operator', id: world.olga }, evidence: { command: 'resolve', ...why } },
    ])
    expect((await evidence(another.messageId)).events).toEqual([])
  })

  test('has the decisions that concern it and no others', async () => {
    const { sessionId } = await talking()
    const [one, two] = [await world.sends(sessionId, 'failed'), await world.sends(sessionId, 'unknown')]
    const types = async (id: string) => (await evidence(id)).events.map((event) => event.type)
    expect([await types(one.messageId), await types(two.messageId)]).toEqual([['sendFailed'], ['unknown']])
  })
})
