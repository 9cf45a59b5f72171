// Whoever begins a session with a client at the same instant, the client too: exactly one session results, and everybody is
// told which. Each race is forced fifty times with other timings; RACE_SEED repeats them.
import { setTimeout as pause } from 'node:timers/promises'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Started } from '../../../src/sessions/start.ts'
import { reconnect, startDirect } from '../../../src/sessions/start.ts'
import { breaches } from '../../support/invariants.ts'
import { text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

const ROUNDS = 50
const SEED = Number(process.env.RACE_SEED ?? Math.floor(Math.random() * 1e9))

let world: World
beforeAll(async () => {
  world = await startWorld({ slots: 10_000 })
})
afterAll(() => world.close())

const actor = async (userId: string) => ({ kind: 'operator' as const, rights: await world.rights(userId) })
const said = { text: 'Hello', card: null }
const keyed = async (by: string) => ({ actor: await actor(by), key: v7(), hash: Buffer.alloc(32) })
const direct = async (clientId: string, by: string): Promise<Started> =>
  startDirect(world.ctx, { ...(await keyed(by)), channelId: world.channelId, to: { clientId }, groupId: null, said })
const again = async (sessionId: string, by: string): Promise<Started> =>
  reconnect(world.ctx, { ...(await keyed(by)), sessionId, said: { text: null, card: null } })

/** 0 to `most` ms, by the round. */
function drawn(round: number, most: number): number {
  const mixed = Math.imul((SEED + round * 0x6d2b79f5) ^ ((SEED + round) >>> 13), 0x5bd1e995) >>> 0
  return (mixed / 2 ** 32) * most
}

/** A client whose session has ended, with the window open. */
async function ended(round: number) {
  const phone = `42060${String(round).padStart(7, '0')}`
  await world.deliver(text({ phone }, 'Hello'))
  const session = await world.inPhase(phone, 'ended')
  return { phone, session }
}

async function forced(
  from: number,
  name: string,
  rivals: (ended: {
    phone: string
    session: { id: string; client_id: string }
  }) => readonly (() => Promise<Started | undefined>)[],
): Promise<ReadonlySet<number>> {
  const winners = new Set<number>()
  for (let round = from; round < from + ROUNDS; round++) {
    const one = await ended(round)
    const answers = await Promise.all(
      rivals(one).map(async (rival, n) => {
        await pause(drawn(round * 7 + n, 4))
        return rival()
      }),
    )
    const open = (await world.sessions(one.phone)).filter((session) => session.ended_at === null)
    expect(open, `${name}, RACE_SEED=${SEED}, round ${round}`).toHaveLength(1)
    for (const [n, answer] of answers.entries()) {
      if (answer === undefined) {
        if (open[0]?.origin === 'inbound') winners.add(n)
      } else if (answer.ok) {
        winners.add(n)
        expect(answer.value.sessionId).toBe(open[0]?.id)
      } else expect(answer.refusal).toMatchObject({ code: 'session-in-progress', sessionId: open[0]?.id })
    }
  }
  expect(await breaches(world.db)).toEqual([])
  return winners
}

test('two reconnects', async () => {
  const winners = await forced(0, 'two reconnects', ({ session }) => [
    () => again(session.id, world.olga),
    () => again(session.id, world.omar),
  ])
  expect(winners.size).toBeGreaterThan(0)
})

test('two direct messages', async () => {
  await forced(100, 'two direct messages', ({ session }) => [
    () => direct(session.client_id, world.olga),
    () => direct(session.client_id, world.omar),
  ])
})

test('a reconnect against the client’s message', async () => {
  await forced(200, 'a reconnect against the client', ({ phone, session }) => [
    () => again(session.id, world.olga),
    async () => void (await world.deliver(text({ phone }, 'One more thing'))),
  ])
})

test('a direct message against the client’s message', async () => {
  await forced(300, 'a direct message against the client', ({ phone, session }) => [
    () => direct(session.client_id, world.olga),
    async () => void (await world.deliver(text({ phone }, 'One more thing'))),
  ])
})
