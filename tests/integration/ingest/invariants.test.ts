// Whatever is delivered, in whatever order, how often, through how many processes, and whatever operators do meanwhile:
// the invariants hold, and everything that was said is there once.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { breaches } from '../../support/invariants.ts'
import { bytes, ghost, newWamid, reaction, status, type Told, text, webhook } from '../../support/webhooks.ts'
import { startWorld } from '../../support/world.ts'

const CLIENTS = 3
const SEED = Number(process.env.SEED ?? (Date.now() ^ (process.pid << 12)) >>> 0)

const fact = fc.record({
  client: fc.nat(CLIENTS - 1),
  by: fc.constantFrom('both', 'phone', 'bsuid'),
  what: fc.constantFrom('text', 'text', 'text', 'ghost', 'reaction'),
})
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      copies: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('accept' as const), client: fc.nat(CLIENTS - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('end' as const), client: fc.nat(CLIENTS - 1), stale: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('result' as const), client: fc.nat(CLIENTS - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      client: fc.nat(CLIENTS - 1),
      words: fc.array(fc.constantFrom('sent', 'delivered', 'read', 'failed'), { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.constantFrom(0.001, 1, 25) }) },
)

test(`random scripts keep every invariant (SEED=${SEED})`, { timeout: 240_000 }, async () => {
  const world = await startWorld()
  const doors = [world.door, world.anotherDoor()]
  let run = 0
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fact, { minLength: 3, maxLength: 14 }),
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 7 }),
        async (facts, script) => {
          run++
          const who = (client: number, by = 'both') => ({
            ...(by === 'bsuid' ? {} : { phone: `4207${1_000_000 + run * 10 + client}` }),
            ...(by === 'phone' ? {} : { bsuid: `CZ.R${run}C${client}` }),
          })
          // A ghost is two things to tell, with one id; what is told first of them is up to the script.
          const told = facts.flatMap(({ client, by, what }): Told[] => {
            const id = newWamid()
            if (what === 'reaction') return [reaction(who(client, by), 'wamid.q', '👍', { id })]
            const real = text(who(client, by), id, { id })
            return what === 'ghost' ? [ghost(who(client, by), { id }), real] : [real]
          })
          const pool: Told[] = [...told]
          const deliver = (picked: readonly Told[], n: number) =>
            doors[n % doors.length]?.ingest.take(bytes(webhook(world.number, ...picked)))
          const openSession = async (client: number) => {
            const { phone, bsuid } = { phone: '', bsuid: '', ...who(client) }
            return world.db
              .selectFrom('session as s')
              .innerJoin('client_alias as a', 'a.client_id', 's.client_id')
              .selectAll('s')
              .where('a.value', 'in', [phone, bsuid])
              .where('s.ended_at', 'is', null)
              .executeTakeFirst()
          }
          let n = 0
          const act = async (one: (typeof script)[number][number]): Promise<void> => {
            if (one.do === 'deliver') {
              const picked = one.picks.map((pick) => pool[pick % pool.length]).filter((x) => x !== undefined)
              await Promise.all(Array.from({ length: one.copies }, () => deliver(picked, n++)))
              return
            }
            if (one.do === 'wait') return world.clock.forward(one.hours * 3_600_000)
            const session = await openSession(one.client)
            if (session === undefined) return
            if (one.do === 'accept') await world.command(world.olga, session.id, 'accept')
            if (one.do === 'end')
              await world.command(world.olga, session.id, 'end', {
                lastSeq: Math.max(0, session.last_seq - (one.stale ? 1 : 0)),
              })
            if (one.do === 'result') await world.command(world.olga, session.id, 'result', { resultId: world.resultId })
            if (one.do === 'send') {
              const sent = await world.sends(session.id, 'accepted').catch(() => null)
              if (sent !== null) for (const word of one.words) pool.push(status(sent.wamid, word))
            }
          }
          for (const together of script) await Promise.all(together.map(act))
          // What was never picked comes at last; everything comes once more.
          await Promise.all([deliver(pool, 0), deliver([...pool].reverse(), 1)])

          expect(await breaches(world.db)).toEqual([])
          expect(await world.quarantine()).toEqual([])
          for (const { id, type } of told.map((one) => one.element as { id: string; type: string })) {
            const [found, ...others] = await world.byWamid(id)
            expect(others).toEqual([])
            expect(found).toBeDefined()
            if (type === 'text') expect(found?.text).toBe(id)
          }
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 40), seed: SEED, endOnFailure: true },
    )
  } finally {
    await world.close()
  }
})
