import fc from 'fast-check'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findSessions } from '../../../src/db/queries/sessions.ts'
import { type AccessFacts, maySee } from '../../../src/domain/policy.ts'
import { PHASES, ROLES } from '../../../src/domain/words.ts'
import { type FreshDatabase, freshDatabase } from '../../support/database.ts'

let database: FreshDatabase
const users = [v7(), v7(), v7()]
const groups = [v7(), v7(), v7()]
const facts = new Map<string, AccessFacts>()

beforeAll(async () => {
  database = await freshDatabase()
  const who = [null, ...users]
  for (const phase of PHASES) {
    for (const groupId of [null, ...groups]) {
      for (const operatorId of who) {
        for (const offer of [undefined, ...who]) {
          const id = v7()
          facts.set(id, { phase, groupId, operatorId, offerOperatorId: offer ?? null })
          await sql`
            INSERT INTO session (id, client_id, channel_id, destination_kind, destination, phase, origin, operator_id, group_id,
                                 last_message_at, started_at)
            VALUES (${id}, ${v7()}, ${v7()}, 'phone', '1', ${phase}, 'inbound', ${operatorId}, ${groupId},
                    now() - random() * interval '3 seconds', now())`.execute(database.db)
          if (offer !== undefined) {
            await sql`INSERT INTO offer (session_id, no, operator_id, offered_at) VALUES (${id}, 1, ${offer}, now())`.execute(
              database.db,
            )
          }
        }
      }
    }
  }
})
afterAll(() => database?.drop())

it('lists exactly the sessions that the policy lets one see, each once, whatever the page and the order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        userId: fc.constantFrom(...users, v7()),
        role: fc.constantFrom(...ROLES),
        groupIds: fc.subarray(groups),
        seeOthers: fc.boolean(),
        slots: fc.constant(5),
      }),
      fc.constantFrom('activity', 'started', 'queue'),
      fc.integer({ min: 20, max: 400 }),
      async (rights, sort, limit) => {
        const found: string[] = []
        let cursor: string | undefined
        do {
          const page = await findSessions(database.db, rights, { sort, limit, cursor })
          found.push(...page.ids)
          cursor = page.next ?? undefined
        } while (cursor !== undefined)
        const may = [...facts].filter(([, one]) => maySee(rights, one)).map(([id]) => id)
        expect(found.toSorted()).toEqual(may.toSorted())
      },
    ),
    { numRuns: 60 },
  )
})
