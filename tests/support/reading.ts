// Parley's API over a world's database, for tests of what it shows: time stands still as in the world, people are
// signed in without a password, and Temporal is out of reach, which nothing that is read here minds.
import { v7 } from 'uuid'
import { startService } from '../../src/api/service.ts'
import { hashToken, newSecretToken } from '../../src/auth/secret-token.ts'
import type { Role } from '../../src/domain/words.ts'
import { Caller } from './service.ts'
import type { World } from './world.ts'

const SIGNED_IN_MS = 30 * 86_400_000

export type Reading = Awaited<ReturnType<typeof openApi>>

export async function openApi(world: World) {
  const service = await startService(
    {
      databaseUrl: world.database.url,
      temporalAddress: '127.0.0.1:1',
      temporalNamespace: 'default',
      taskQueue: `test-${v7()}`,
      graphApiUrl: null,
      simulatorUrl: null,
      graphApiVersion: 'v25.0',
      secretKey: 'a-secret-key-for-tests-only-0123456789',
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      trustProxy: false,
      appSecrets: ['of nobody'],
      verifyToken: 'of nobody',
      dataDir: '.data',
    },
    { clock: world.clock, log: world.log },
  )
  const { url } = service
  const { db } = world

  /** Somebody at the console. */
  async function as(userId: string): Promise<Caller> {
    const token = newSecretToken()
    const at = new Date(world.clock.now())
    await db
      .insertInto('login')
      .values({
        id: v7(),
        user_id: userId,
        token_hash: hashToken(token),
        created_at: at,
        last_seen_at: at,
        expires_at: new Date(at.getTime() + SIGNED_IN_MS),
      })
      .execute()
    return new Caller(url, { cookie: `parley=${token}`, origin: url })
  }

  return {
    as,
    /** A program of theirs. */
    async program(userId: string): Promise<Caller> {
      const token = newSecretToken()
      await db
        .insertInto('token')
        .values({
          id: v7(),
          user_id: userId,
          name: 'test',
          token_hash: hashToken(token),
          created_at: new Date(world.clock.now()),
        })
        .execute()
      return new Caller(url, { authorization: `Bearer ${token}` })
    },
    async group(name: string): Promise<string> {
      const id = v7()
      await db.insertInto('group_').values({ id, name }).execute()
      return id
    },
    /** Somebody new; of the world's own group, unless others are named. */
    async person(role: Role, { groupIds = [world.groupId] as readonly string[], seeOthers = false } = {}) {
      const id = v7()
      await db
        .insertInto('user_account')
        .values({
          id,
          email: `${id}@parley.test`,
          name: `${role} ${id.slice(-4)}`,
          role,
          password_hash: '-',
          slots: 500,
          see_others: seeOthers,
          created_at: new Date(world.clock.now()),
        })
        .execute()
      for (const group_id of groupIds) await db.insertInto('group_member').values({ group_id, user_id: id }).execute()
      return { id, caller: await as(id) }
    },
    close: () => service.close(),
  }
}
