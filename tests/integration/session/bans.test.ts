// The blacklist: what a banned client says is kept and wakes nobody, nothing is sent to them, and whatever learns of their
// aliases later learns of the ban, too.
import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ban, banOf, banOfClient, liftBan, tellExpiredBans } from '../../../src/sessions/bans.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { sendText } from '../../../src/sessions/send.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { loadStates, textFieldOf } from '../../../src/sessions/state.ts'
import { breaches } from '../../support/invariants.ts'
import { newWamid, numberChange, status, text } from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const ROUNDS = 50
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 1e9))

let world: World
let n = 0
let P: string
let A: string
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())
beforeEach(() => {
  n++
  P = `4206661${1000 + n}`
  A = `CZ.BAN${n}`
})

const actor = async (userId = world.sara) => ({ kind: 'operator', rights: await world.rights(userId) }) as const

async function banned(clientId: string, until: number | null = null, userId = world.sara): Promise<string> {
  const verdict = await ban(world.ctx, { actor: await actor(userId), whom: { clientId }, reason: 'Insults', until })
  if (!verdict.ok) throw new Error(verdict.refusal.code)
  return verdict.value.banId
}

const fieldOf = async (sessionId: string) => {
  const [state] = await loadStates(world.db, [sessionId])
  if (state === undefined) throw new Error('no session')
  return textFieldOf(state, world.clock.now())
}

const write = async (sessionId: string) =>
  sendText(world.ctx, {
    actor: await actor(world.olga),
    key: v7(),
    hash: Buffer.alloc(32),
    sessionId,
    text: 'Good morning',
    replyTo: null,
  })

test('a banned client’s message is kept and flagged, opens no session, and rings nobody', async () => {
  await world.deliver(text({ phone: P, bsuid: A }, 'first'))
  const before = await world.inPhase(P, 'ended')
  await banned(before.client_id)
  await world.answerBells()
  world.clock.forward(1_000)
  const wamid = newWamid()
  await world.deliver(text({ phone: P, bsuid: A }, 'again', { id: wamid }))
  const [message] = await world.byWamid(wamid)
  expect(message).toMatchObject({ text: 'again', session_id: null, banned: true, client_id: before.client_id })
  expect(await world.sessions(P)).toHaveLength(1)
  expect(await world.outbox()).toEqual([])
  expect(world.rings).toEqual([])
})

test('with an open session it is shown there, asks for no answer, reopens no wrap-up, and holds up no end', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  await banned(session.client_id)
  await world.answerBells()
  const { unread, waiting_since, last_in_seq, last_seq } = await world.readSession(session.id)
  await world.deliver(text({ phone: P }, 'you …'))
  expect((await world.messages(session.id)).map((m) => [m.text, m.banned])).toEqual([
    ['hello', false],
    ['you …', true],
  ])
  expect(await world.readSession(session.id)).toMatchObject({
    unread,
    waiting_since,
    last_in_seq,
    last_seq: last_seq + 1,
  })
  expect(await world.outbox()).toEqual([])
  expect(await world.command(world.olga, session.id, 'end', { lastSeq: last_seq })).toEqual({ ok: true })
  await world.deliver(text({ phone: P }, 'you again'))
  expect((await world.readSession(session.id)).phase).toBe('wrapUp')
  await world.giveResult(session.id)
  expect(await world.readSession(session.id)).toMatchObject({ phase: 'ended', result_id: world.resultId })
  expect(await breaches(world.db)).toEqual([])
})

test('a ban closes the field of the running session, refuses its sends, and rings it; lifted, it opens again', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  expect(await write(session.id)).toMatchObject({ ok: true })
  await world.answerBells()
  const banId = await banned(session.client_id)
  expect(world.rings).toEqual([session.id])
  expect(world.changes.map((change) => change.sessionId)).toEqual([session.id])
  expect(await fieldOf(session.id)).toMatchObject({ open: false, reason: 'banned' })
  expect(await write(session.id)).toMatchObject({
    ok: false,
    refusal: { code: 'text-field-closed', reason: 'banned' },
  })
  // What had been stored before is held back right before Meta, with the ban as its evidence.
  expect((await claimNext(world.ctx, session.id)).claim).toBe('refused')
  const held = (await world.messages(session.id)).find((message) => message.direction === 'out')
  expect(held?.status).toBe('failed')
  const events = await world.events(session.id)
  expect(events.find((event) => event.kind === 'sendRefused')?.evidence).toMatchObject({ code: 'client-banned', banId })
  expect(await world.command(world.olga, session.id, 'end', { lastSeq: 99, farewell: 'Bye' })).toMatchObject({
    ok: false,
    refusal: { reason: 'banned' },
  })
  await liftBan(world.ctx, banId, await actor())
  await liftBan(world.ctx, banId, await actor(world.olga))
  expect(await fieldOf(session.id)).toMatchObject({ open: true })
  expect(await world.db.selectFrom('ban').selectAll().where('id', '=', banId).executeTakeFirst()).toMatchObject({
    lifted_by: world.sara,
  })
  expect((await world.kinds(session.id)).filter((kind) => /banned/.test(kind))).toEqual(['banned', 'unbanned'])
})

test('statuses of a banned client’s messages still arrive', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const sent = await world.sends(session.id, 'sent')
  await banned(session.client_id)
  await world.deliver(status(sent.wamid, 'delivered'))
  expect((await world.attempt(sent.id)).state).toBe('delivered')
})

test('a ban with an end runs out by the clock, and the sweep tells the session', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  await banned(session.client_id, world.clock.now() + HOUR)
  expect((await fieldOf(session.id)).reason).toBe('banned')
  await tellExpiredBans(world.ctx)
  expect((await world.kinds(session.id)).at(-1)).toBe('banned')
  world.clock.forward(HOUR)
  expect((await fieldOf(session.id)).open).toBe(true)
  await world.answerBells()
  await tellExpiredBans(world.ctx)
  expect(world.rings).toEqual([session.id])
  expect((await world.events(session.id)).at(-1)).toMatchObject({ kind: 'unbanned', evidence: { why: 'expired' } })
  await world.answerBells()
  await tellExpiredBans(world.ctx)
  expect(world.rings).toEqual([])
  await world.deliver(text({ phone: P }, 'sorry'))
  expect((await world.messages(session.id)).at(-1)).toMatchObject({ text: 'sorry', banned: false })
})

test('a number on the blacklist is banned before anybody has written from it, on every channel', async () => {
  const phone = { kind: 'phone', value: P } as const
  expect(await ban(world.ctx, { actor: await actor(), whom: phone, reason: 'Fraud', until: null })).toMatchObject({
    ok: true,
  })
  const wamid = newWamid()
  await world.deliver(text({ phone: P, bsuid: A }, 'hi', { id: wamid }))
  expect((await world.byWamid(wamid))[0]).toMatchObject({ session_id: null, banned: true })
  // A second ban of the same one is told of the first.
  const { id } = await world.client(P)
  const again = await ban(world.ctx, { actor: await actor(), whom: { clientId: id }, reason: 'Fraud', until: null })
  expect(again).toMatchObject({ ok: false, refusal: { code: 'client-banned' } })
  expect(await banOf(world.db, [phone], world.clock.now())).not.toBeNull()
  expect(await banOfClient(world.db, id, world.clock.now())).not.toBeNull()
})

test('a ban follows the alias: two clients that prove to be one are both banned, and the open session is told', async () => {
  await world.deliver(text({ phone: P }, 'by phone'))
  await world.deliver(text({ bsuid: A }, 'by id'))
  const byPhone = await world.inPhase(P, 'active')
  const byId = await world.client(A)
  await banned(byId.id)
  expect((await fieldOf(byPhone.id)).open).toBe(true)
  await world.deliver(text({ phone: P, bsuid: A }, 'both'))
  expect((await fieldOf(byPhone.id)).reason).toBe('banned')
  expect((await world.messages(byPhone.id)).at(-1)).toMatchObject({ text: 'both', banned: true })
})

test('an alias that is banned and learned with a message closes the running session at once, and rings it', async () => {
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const whom = { kind: 'bsuid', value: A } as const
  expect((await ban(world.ctx, { actor: await actor(), whom, reason: 'Fraud', until: null })).ok).toBe(true)
  expect(world.rings).toEqual([])
  await world.deliver(text({ phone: P, bsuid: A }, 'it is me'))
  expect((await fieldOf(session.id)).reason).toBe('banned')
  expect((await world.messages(session.id)).at(-1)).toMatchObject({ text: 'it is me', banned: true })
  expect((await world.kinds(session.id)).at(-1)).toBe('banned')
  expect((await world.outbox()).map((bell) => bell.session_id)).toEqual([session.id])
})

test('a banned client whom Meta announces under a new number takes the ban along', async () => {
  const Q = `4206662${1000 + n}`
  await world.deliver(text({ phone: P }, 'hello'))
  const session = await world.inPhase(P, 'active')
  const banId = await banned(session.client_id)
  await world.deliver(numberChange({ phone: P }, { phone: Q }))
  expect(await world.aliases(session.client_id)).toEqual([`phone ${Q}`])
  expect((await fieldOf(session.id)).reason).toBe('banned')
  await liftBan(world.ctx, banId, await actor())
  expect((await fieldOf(session.id)).open).toBe(true)
})

test(`ban against send, ${ROUNDS} rounds: nothing is stored or claimed once the ban is there`, async () => {
  let heldBack = 0
  for (let round = 0; round < ROUNDS; round++) {
    const phone = `42066${String(30_000 + n * 100 + round)}`
    await world.deliver(text({ phone }, 'hello'))
    const session = await world.inPhase(phone, 'active')
    const seed = SEED + round
    const wait = (k: number) => new Promise((resolve) => setTimeout(resolve, ((seed * (k + 7)) % 13) / 2))
    const claimed = async (): Promise<string> => {
      const found = await claimNext(world.ctx, session.id)
      if (found.claim === 'post') {
        const answer = { outcome: 'accepted', wamid: newWamid(), aliases: [] } as const
        await settle(world.ctx, session.id, found.claimed.attemptId, answer)
      }
      return found.claim
    }
    let isBanned = false
    const late: string[] = []
    const writer = (async () => {
      for (let k = 0; k < 4; k++) {
        const after = isBanned
        if ((await write(session.id)).ok && after) late.push('written')
        await wait(k)
      }
    })()
    const drain = (async () => {
      for (let k = 0; k < 3; k++) {
        await wait(k + 3)
        const after = isBanned
        if ((await claimed()) === 'post' && after) late.push('claimed')
      }
    })()
    await wait(5)
    await banned(session.client_id)
    isBanned = true
    await Promise.all([writer, drain])
    for (let claim = await claimed(); claim !== 'none'; claim = await claimed()) {
      heldBack++
      if (claim === 'refused') continue
      late.push(claim)
      break
    }
    expect(late, `RACE_SEED=${seed}`).toEqual([])
    const bannedRev = (await world.events(session.id)).find((event) => event.kind === 'banned')?.rev ?? 0
    const statuses = await world.db
      .selectFrom('attempt_status')
      .select(['status', 'rev'])
      .where('session_id', '=', session.id)
      .where('status', '=', 'pending')
      .execute()
    expect(
      statuses.filter(({ rev }) => (rev ?? 0) > bannedRev),
      `RACE_SEED=${seed}`,
    ).toEqual([])
    await world.answerBells()
  }
  // Somewhere a text had been stored before the ban and was claimed after it.
  expect(heldBack).toBeGreaterThan(0)
  expect(await breaches(world.db)).toEqual([])
})
