// The demo that `npm start` puts into an empty database, so that there is somebody to sign in as and a number to write to.
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { DEMO_NUMBER } from '../simulator/demo-number.ts'
import { hashPassword, verifyPassword } from '../src/auth/password.ts'
import type { Database, Trx } from '../src/db/database.ts'
import { seal } from '../src/secrets.ts'
import { seedDirectory } from './seed-directory.ts'

export { DEMO_NUMBER }

/** Opens nothing but the simulator of this machine. */
export const DEMO_TOKEN = 'demo'

export const DEMO_ACCOUNTS = [
  { email: 'admin@parley.test', name: 'Ada Admin', role: 'administrator' },
  { email: 'sara@parley.test', name: 'Sara Supervisor', role: 'supervisor' },
  { email: 'olga@parley.test', name: 'Olga Operator', role: 'operator' },
  { email: 'omar@parley.test', name: 'Omar Operator', role: 'operator' },
] as const

/** The first of those without children must be one that anybody can choose at once: at the top, and no note asked. */
const RESULTS = [
  { name: 'Solved', noteRequired: false, children: [] },
  { name: 'Order', noteRequired: false, children: ['Placed', 'Changed', 'Cancelled'] },
  { name: 'Passed on', noteRequired: true, children: [] },
  { name: 'Not solved', noteRequired: true, children: [] },
  { name: 'Spam', noteRequired: false, children: [] },
] as const

export interface SeedOptions {
  readonly password: string
  readonly secretKey: string
  readonly at: Date
}

/** True when the database was empty, and now holds the demo. */
export function seedDemo(db: Database, options: SeedOptions): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    // Two launchers on one database: the second waits, and finds it seeded.
    await sql`LOCK TABLE user_account IN SHARE ROW EXCLUSIVE MODE`.execute(trx)
    if (await trx.selectFrom('user_account').select('id').limit(1).executeTakeFirst()) return false
    const groups = await groupsOf(trx)
    await accounts(trx, groups.service, options)
    await channel(trx, groups.service, options)
    await results(trx)
    await seedDirectory(trx, groups.service, options.at)
    return true
  })
}

async function groupsOf(trx: Trx): Promise<{ readonly service: string }> {
  const service = uuidv7()
  await trx
    .insertInto('group_')
    .values([
      { id: service, name: 'Service' },
      { id: uuidv7(), name: 'Orders' },
    ])
    .execute()
  return { service }
}

async function accounts(trx: Trx, group: string, { password, at }: SeedOptions): Promise<void> {
  for (const { email, name, role } of DEMO_ACCOUNTS) {
    const id = uuidv7()
    const password_hash = await hashPassword(password)
    await trx
      .insertInto('user_account')
      .values({ id, email, name, role, password_hash, slots: 5, created_at: at })
      .execute()
    if (role !== 'administrator')
      await trx.insertInto('group_member').values({ group_id: group, user_id: id }).execute()
  }
}

async function channel(trx: Trx, group: string, { secretKey, at }: SeedOptions): Promise<void> {
  await trx
    .insertInto('channel')
    .values({
      id: uuidv7(),
      phone_number_id: DEMO_NUMBER.phoneNumberId,
      waba_id: DEMO_NUMBER.wabaId,
      name: DEMO_NUMBER.verifiedName,
      display_phone_number: DEMO_NUMBER.displayPhoneNumber,
      token_enc: seal(secretKey, DEMO_TOKEN),
      group_id: group,
      simulated: true,
      created_at: at,
    })
    .execute()
}

async function results(trx: Trx): Promise<void> {
  for (const [position, { name, noteRequired, children }] of RESULTS.entries()) {
    const id = uuidv7()
    await trx.insertInto('result').values({ id, name, note_required: noteRequired, position }).execute()
    for (const [place, child] of children.entries()) {
      await trx.insertInto('result').values({ id: uuidv7(), parent_id: id, name: child, position: place }).execute()
    }
  }
}

/** Gives the demo accounts that still have the old password the new one: what is printed is what opens the door. */
export async function changeDemoPassword(db: Database, from: string, to: string): Promise<void> {
  const emails = DEMO_ACCOUNTS.map(({ email }) => email)
  const found = await db
    .selectFrom('user_account')
    .select(['id', 'password_hash'])
    .where('email', 'in', emails)
    .execute()
  for (const { id, password_hash } of found) {
    if (!(await verifyPassword(password_hash, from))) continue
    await db
      .updateTable('user_account')
      .set({ password_hash: await hashPassword(to) })
      .where('id', '=', id)
      .execute()
  }
}
