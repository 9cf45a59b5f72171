// The window at its edges: Meta's refusal inside it, its expiry against a send, and the free entry point that is a price.
import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { loadSessions } from '../../../src/api/views/session.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { retryMessage, sendText } from '../../../src/sessions/send.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { matchParked } from '../../../src/sessions/statuses.ts'
import { breaches } from '../../support/invariants.ts'
import { newWamid, status, text } from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const ROUNDS = 50
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 1e9))

let world: World
let n = 0
let P: string
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  P = `4206771${1000 + ++n}`
})

const keyed = async () => ({
  actor: { kind: 'operator', rights: await world.rights(world.olga) } as const,
  key: v7(),
  hash: Buffer.alloc(32),
})
const write = async (sessionId: string) =>
  sendText(world.ctx, { ...(await keyed()), sessionId, text: 'It leaves today', replyTo: null })
const attemptsOf = (sessionId: string) =>
  world.db.selectFrom('attempt').selectAll().where('session_id', '=', sessionId).orderBy('id').execute()
const view = async (sessionId: string) => {
  const found = (await loadSessions(world.db, [sessionId], world.clock.now())).get(sessionId)
  if (found === undefined) throw new Error('no session')
  return found
}

test('131047 inside the window tells until when it looked open, may be sent again, and shuts nothing', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const { window_expires_at, window_message_id } = await world.client(P)
  const sent = await world.sends(session.id, 'calling')
  await settle(world.ctx, session.id, sent.id, { outcome: 'refused', code: 131047, details: 'Re-engagement message' })
  expect((await world.attempt(sent.id)).error).toMatchObject({
    code: 131047,
    retry: 'now',
    windowUntil: window_expires_at?.getTime(),
  })
  expect((await world.events(session.id)).at(-1)).toMatchObject({
    kind: 'sendFailed',
    evidence: { code: 131047, windowMessageId: window_message_id, windowUntil: window_expires_at?.getTime() },
  })
  expect((await view(session.id)).textField).toMatchObject({ open: true, until: window_expires_at?.toISOString() })
  const again = await retryMessage(world.ctx, { ...(await keyed()), messageId: sent.messageId })
  expect(again.ok).toBe(true)
  world.clock.forward(6_000)
  expect((await claimNext(world.ctx, session.id)).claim).toBe('post')
  const second = (await attemptsOf(session.id)).at(-1)
  expect(second?.evidence).toMatchObject({
    asked: { windowMessageId: window_message_id },
    claim: { windowMessageId: window_message_id },
  })
})

test('told later by a status, or by one that had been parked, it says the same', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const sent = await world.sends(session.id, 'accepted')
  const refusal = { code: 131047 }
  await world.deliver(status(sent.wamid, 'failed', refusal))
  expect((await world.attempt(sent.id)).error).toMatchObject({ code: 131047, retry: 'now' })
  const wamid = newWamid()
  const calling = await world.sends(session.id, 'calling', wamid)
  await world.deliver(status(wamid, 'failed', refusal))
  await settle(world.ctx, session.id, calling.id, { outcome: 'accepted', wamid, aliases: [] })
  await matchParked(world.ctx, session.channel_id, [wamid])
  expect((await world.attempt(calling.id)).error).toMatchObject({ code: 131047, retry: 'now' })
})

test('131047 outside of the window means what Meta says: only a HeroCard can follow', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const sent = await world.sends(session.id, 'calling')
  world.clock.forward(25 * HOUR)
  await settle(world.ctx, session.id, sent.id, { outcome: 'refused', code: 131047, details: null })
  expect((await world.attempt(sent.id)).error).toMatchObject({ code: 131047, retry: 'template' })
})

test('a free entry point is shown as a price until its end, and opens no text field', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  expect((await view(session.id)).freeEntryPoint).toBeNull()
  const sent = await world.sends(session.id, 'accepted')
  const pricing = { billable: false, pricing_model: 'PMP', type: 'free_entry_point', category: 'referral_conversion' }
  await world.deliver(status(sent.wamid, 'sent', { more: { pricing } }))
  const until = Date.parse((await view(session.id)).freeEntryPoint?.until ?? '')
  expect(until - world.clock.now()).toBeGreaterThan(71 * HOUR)
  world.clock.forward(25 * HOUR)
  expect((await view(session.id)).freeEntryPoint).not.toBeNull()
  expect((await view(session.id)).textField).toEqual({ open: false, until: null, reason: 'windowShut' })
  expect(await write(session.id)).toMatchObject({ ok: false, refusal: { reason: 'windowShut' } })
  world.clock.forward(48 * HOUR)
  expect((await view(session.id)).freeEntryPoint).toBeNull()
})

test('what is not one’s own to send again is refused by its state: a client’s message is no attempt of ours', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const [message] = await world.messages(session.id)
  const answer = await retryMessage(world.ctx, { ...(await keyed()), messageId: message?.id ?? '' })
  expect(answer).toEqual({ ok: false, refusal: { code: 'not-retryable', status: 'received' } })
})

test(`window expiry against send, ${ROUNDS} rounds: what is claimed was claimed inside the window, and names its message`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round
    const phone = `42067${String(70_000 + round)}`
    await world.deliver(text({ phone }, 'hello'))
    const session = await world.inPhase(phone, 'active')
    const { window_expires_at, window_message_id } = await world.client(phone)
    const until = window_expires_at?.getTime() ?? 0
    // Somewhere in the last 10 seconds and the first one after, while everybody is at it.
    world.clock.forward(until - world.clock.now() - 10_000)
    const steps = Array.from({ length: 6 }, (_, k) => ((seed * (k + 3) * 7919) % 3_700) + 1)
    const outcomes: { readonly claim: string; readonly at: number }[] = []
    await Promise.all([
      (async () => {
        for (const step of steps) {
          await new Promise((resolve) => setTimeout(resolve, step % 4))
          world.clock.forward(step)
        }
        await world.fire(session.id, 'windowExpiry')
      })(),
      (async () => {
        for (let k = 0; k < 3; k++) {
          await write(session.id)
          const { claim } = await claimNext(world.ctx, session.id)
          outcomes.push({ claim, at: world.clock.now() })
          for (const attempt of await attemptsOf(session.id)) {
            if (attempt.state !== 'calling') continue
            await settle(world.ctx, session.id, attempt.id, { outcome: 'accepted', wamid: newWamid(), aliases: [] })
          }
        }
      })(),
    ])
    for (const attempt of await attemptsOf(session.id)) {
      if (attempt.claimed_at === null) continue
      expect(attempt.claimed_at.getTime(), `RACE_SEED=${seed}`).toBeLessThan(until - 5_000)
      expect(attempt.evidence, `RACE_SEED=${seed}`).toMatchObject({
        asked: { windowMessageId: window_message_id },
        claim: { windowMessageId: window_message_id, windowUntil: until },
      })
    }
    world.clock.forward(Math.max(0, until - world.clock.now()))
    expect((await claimNext(world.ctx, session.id)).claim, `RACE_SEED=${seed}`).not.toBe('post')
    expect((await view(session.id)).textField.reason).toBe('windowShut')
    await world.answerBells()
  }
  expect(await breaches(world.db)).toEqual([])
})
