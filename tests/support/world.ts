// Ingest on a real database with a clock that stands still until it is moved: one number, its group and people, and
// helpers that bring a session into any phase and an attempt into any state through the decisions that do so for real.
// There is no Temporal here: bells are collected, and what a workflow would decide is decided by the test.
import { sql } from 'kysely'
import { pino } from 'pino'
import { v7 } from 'uuid'
import type { CommandKind } from '../../src/domain/commands.ts'
import type { AttemptState } from '../../src/domain/delivery.ts'
import type { Rights } from '../../src/domain/policy.ts'
import type { TimerName } from '../../src/domain/timers.ts'
import { Ingest } from '../../src/ingest/ingest.ts'
import { loadRights } from '../../src/sessions/actor.ts'
import { type Change, ChangeBus } from '../../src/sessions/changes.ts'
import { claimNext } from '../../src/sessions/claim.ts'
import type { CommandBody } from '../../src/sessions/commands/case.ts'
import type { Ctx } from '../../src/sessions/context.ts'
import { decideCommand, type Outcome } from '../../src/sessions/decide.ts'
import { sendText } from '../../src/sessions/send.ts'
import { settle } from '../../src/sessions/settle.ts'
import { decideTimer } from '../../src/sessions/timer.ts'
import { freshDatabase } from './database.ts'
import { eventually } from './eventually.ts'
import { bytes, type Number_, newWamid, speakBy, status, type Told, webhook } from './webhooks.ts'

export const HOUR = 3_600_000
const NOON = Date.parse('2026-11-24T12:00:00Z')

export class StandingClock {
  #at = NOON

  now(): number {
    return this.#at
  }

  forward(ms: number): void {
    this.#at += ms
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>
/** One process of Parley's API: its own bus, bells and lanes. */
export type Door = Awaited<ReturnType<typeof startWorld>>['door']

export async function startWorld(
  options: { readonly slots?: number; readonly settings?: Readonly<Record<string, unknown>> } = {},
) {
  const database = await freshDatabase()
  const { db, byKey } = database
  const clock = new StandingClock()
  speakBy(() => clock.now())
  const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
  const people = await settleIn(db, clock, options)
  const number: Number_ = { phoneNumberId: people.phoneNumberId }

  const openDoor = (databaseUrl = database.url) => {
    const changes: Change[] = []
    const rings: string[] = []
    const channels: string[] = []
    const bus = new ChangeBus()
    bus.on((told) => void changes.push(...told))
    bus.onChannel((id) => void channels.push(id))
    const ctx: Ctx = { db, byKey, clock, bus, ring: (ids) => void rings.push(...ids) }
    return { ctx, changes, rings, channels, ingest: new Ingest({ ctx, databaseUrl, log }) }
  }
  const door = openDoor()
  const { ctx, ingest, changes, rings } = door
  const doors = [door]

  const rights = async (userId: string): Promise<Rights> => {
    const found = await loadRights(db, userId)
    if (found === null) throw new Error(`no such user: ${userId}`)
    return found
  }

  const world = {
    ...people,
    database,
    db,
    clock,
    number,
    ctx,
    ingest,
    door,
    changes,
    rings,
    log,
    rights,
    /** Another process on the same database. */
    anotherDoor(databaseUrl?: string) {
      const another = openDoor(databaseUrl)
      doors.push(another)
      return another
    },

    /** One webhook to the world's own number, as one body. */
    deliver: (...told: readonly Told[]): Promise<void> => ingest.take(bytes(webhook(number, ...told))),
    deliverBody: (body: unknown): Promise<void> => ingest.take(bytes(body)),

    /** Everything about the client who has this alias now. */
    async client(alias: string) {
      return db
        .selectFrom('client as c')
        .innerJoin('client_alias as a', 'a.client_id', 'c.id')
        .selectAll('c')
        .where('a.value', '=', alias)
        .executeTakeFirstOrThrow()
    },
    async aliases(clientId: string): Promise<readonly string[]> {
      const rows = await db
        .selectFrom('client_alias')
        .select(['kind', 'value'])
        .where('client_id', '=', clientId)
        .execute()
      return rows.map((row) => `${row.kind} ${row.value}`).sort()
    },
    /** Sessions of whoever has this alias, oldest first. */
    async sessions(alias: string) {
      const { id } = await world.client(alias)
      return db
        .selectFrom('session')
        .selectAll()
        .where('client_id', '=', id)
        .orderBy('started_at')
        .orderBy('id')
        .execute()
    },
    async session(alias: string) {
      const found = (await world.sessions(alias)).at(-1)
      if (found === undefined) throw new Error(`${alias} has no session`)
      return found
    },
    readSession: (id: string) => db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    messages: (sessionId: string) =>
      db.selectFrom('message').selectAll().where('session_id', '=', sessionId).orderBy('seq').execute(),
    /** The messages with this id at Meta that count: a superseded placeholder does not. */
    byWamid: (wamid: string) =>
      db.selectFrom('message').selectAll().where('wamid', '=', wamid).where('superseded_by', 'is', null).execute(),
    async events(sessionId: string) {
      const rows = await db
        .selectFrom('session_event')
        .selectAll()
        .where('session_id', '=', sessionId)
        .orderBy('n')
        .execute()
      return rows.map((row) => ({ ...row, evidence: row.evidence as Record<string, unknown> }))
    },
    async kinds(sessionId: string): Promise<readonly string[]> {
      return (await world.events(sessionId)).map((event) => event.kind)
    },
    outbox: () => db.selectFrom('signal_outbox').selectAll().orderBy('session_id').execute(),
    quarantine: () => db.selectFrom('quarantine').selectAll().orderBy('path').execute(),
    /** The workflows have heard everything: what rings from here on rings anew. */
    async answerBells(): Promise<void> {
      await db.deleteFrom('signal_outbox').execute()
      rings.length = 0
      changes.length = 0
    },

    // --- a session's life, decided as its workflow would have it decided ---------------------------------------------

    async command(userId: string, sessionId: string, kind: CommandKind, body: CommandBody = {}): Promise<Outcome> {
      const id = v7()
      await db
        .insertInto('command')
        .values({
          id,
          user_id: userId,
          key: id,
          hash: Buffer.alloc(32),
          session_id: sessionId,
          kind,
          body: JSON.stringify(body),
          received_at: new Date(clock.now()),
        })
        .execute()
      const { outcome } = await decideCommand(ctx, id)
      if (outcome === 'abandoned') throw new Error('the command was abandoned')
      return outcome
    },
    async accept(sessionId: string, userId = people.olga): Promise<void> {
      must(await world.command(userId, sessionId, 'accept'), 'accept')
    },
    /** Into wrap-up, having seen everything. */
    async end(sessionId: string, userId = people.olga): Promise<void> {
      const { last_seq } = await world.readSession(sessionId)
      must(await world.command(userId, sessionId, 'end', { lastSeq: last_seq }), 'end')
    },
    async giveResult(sessionId: string, userId = people.olga): Promise<void> {
      must(await world.command(userId, sessionId, 'result', { resultId: people.resultId }), 'result')
    },
    async fire(sessionId: string, timer: TimerName): Promise<void> {
      const { rev } = await world.readSession(sessionId)
      await decideTimer(ctx, sessionId, timer, rev)
    },
    /** Where the client's newest session stands after this: queued, active, wrapUp or ended. */
    async inPhase(alias: string, phase: 'queued' | 'active' | 'wrapUp' | 'ended') {
      const session = await world.session(alias)
      if (phase !== 'queued') await world.accept(session.id)
      if (phase === 'wrapUp' || phase === 'ended') await world.end(session.id)
      if (phase === 'ended') await world.giveResult(session.id)
      await world.answerBells()
      return world.session(alias)
    },
    /** An outgoing text of an active session, brought to `state` the way it would get there. */
    async sends(sessionId: string, state: AttemptState, wamid = newWamid()) {
      // Longer than the pace of number and pair holds anything back.
      clock.forward(6_000)
      const sent = await sendText(ctx, {
        actor: { kind: 'operator', rights: await rights(people.olga) },
        key: v7(),
        hash: Buffer.alloc(32),
        sessionId,
        text: 'It leaves today',
        replyTo: null,
      })
      if (!sent.ok) throw new Error(`refused: ${sent.refusal.code}`)
      const { messageId } = sent.value
      const { id } = await db
        .selectFrom('attempt')
        .select('id')
        .where('message_id', '=', messageId)
        .executeTakeFirstOrThrow()
      const outgoing = { id, messageId, wamid }
      if (state !== 'pending') {
        const claim = await claimNext(ctx, sessionId)
        if (claim.claim !== 'post') throw new Error(`not claimed: ${claim.claim}`)
        if (state === 'unknown') await settle(ctx, sessionId, id, { outcome: 'unknown', why: 'timeout' })
        else if (state === 'failed')
          await settle(ctx, sessionId, id, { outcome: 'refused', code: 131026, details: null })
        else if (state !== 'calling') await settle(ctx, sessionId, id, { outcome: 'accepted', wamid, aliases: [] })
        if (state === 'sent' || state === 'delivered' || state === 'read' || state === 'played') {
          await world.deliver(status(wamid, state))
        }
      }
      await world.answerBells()
      return outgoing
    },
    attempt: (id: string) => db.selectFrom('attempt').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    async statuses(attemptId: string): Promise<readonly string[]> {
      const rows = await db
        .selectFrom('attempt_status')
        .select('status')
        .where('attempt_id', '=', attemptId)
        .where('source', '=', 'meta')
        .orderBy('received_at')
        .orderBy('id')
        .execute()
      return rows.map((row) => row.status)
    },
    parked: () => db.selectFrom('status_parked').selectAll().orderBy('at').execute(),
    eventually,
    async addChannel(phoneNumberId: string): Promise<string> {
      return addChannel(db, clock, people.groupId, phoneNumberId)
    },
    /** Every row of every table, as one text: equal texts mean that nothing at all changed. */
    async everything(except: readonly string[] = []): Promise<string> {
      const { rows: tables } = await sql<{ name: string }>`
        SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`.execute(db)
      const parts: string[] = []
      for (const { name } of tables.filter((table) => !except.includes(table.name))) {
        const { rows } = await sql<{ row: unknown }>`
          SELECT to_jsonb(t) AS row FROM ${sql.table(name)} t ORDER BY to_jsonb(t)::text`.execute(db)
        parts.push(`${name}\n${rows.map((one) => JSON.stringify(one.row)).join('\n')}`)
      }
      return parts.join('\n')
    },
    async close(): Promise<void> {
      await Promise.all(doors.map((one) => one.ingest.close()))
      await database.drop()
    },
  }
  return world
}

function must(outcome: Outcome, what: string): void {
  if (!outcome.ok) throw new Error(`${what} was refused: ${JSON.stringify(outcome.refusal)}`)
}

type Db = Ctx['db']

async function addChannel(db: Db, clock: StandingClock, groupId: string, phoneNumberId: string): Promise<string> {
  const id = v7()
  await db
    .insertInto('channel')
    .values({
      id,
      phone_number_id: phoneNumberId,
      waba_id: 'waba-1',
      name: 'Support',
      display_phone_number: '+420 111 222 333',
      group_id: groupId,
      created_at: new Date(clock.now()),
    })
    .execute()
  return id
}

async function settleIn(db: Db, clock: StandingClock, options: Parameters<typeof startWorld>[0] = {}) {
  const now = new Date(clock.now())
  await db
    .insertInto('installation')
    .values({ id: 1, created_at: now })
    .onConflict((oc) => oc.doNothing())
    .execute()
  const groupId = v7()
  await db.insertInto('group_').values({ id: groupId, name: 'Support' }).execute()
  const user = async (name: string, role = 'operator'): Promise<string> => {
    const id = v7()
    await db
      .insertInto('user_account')
      .values({
        id,
        email: `${name}@parley.test`,
        name,
        role,
        password_hash: '-',
        slots: options.slots ?? 500,
        created_at: now,
      })
      .execute()
    await db.insertInto('group_member').values({ group_id: groupId, user_id: id }).execute()
    return id
  }
  const olga = await user('olga')
  const omar = await user('omar')
  const sara = await user('sara', 'supervisor')
  const phoneNumberId = '106540352242922'
  const channelId = await addChannel(db, clock, groupId, phoneNumberId)
  const resultId = v7()
  await db.insertInto('result').values({ id: resultId, name: 'Solved', position: 1 }).execute()
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    await db
      .insertInto('setting')
      .values({ key, value: JSON.stringify(value) })
      .execute()
  }
  return { groupId, olga, omar, sara, channelId, phoneNumberId, resultId }
}
