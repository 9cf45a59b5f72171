// The promise of the live view as a property: whatever happens, in whichever order and at whichever of two services,
// and however often and long anybody is away, what they have in the end is what the lists tell; on the way they saw
// nothing twice, no status going back, and nothing that the policy does not give them.
import fc from 'fast-check'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEMO_NUMBER } from '../../../dev/seed.ts'
import { type Service, startService } from '../../../src/api/service.ts'
import type { MessageView } from '../../../src/api/views/message-schema.ts'
import type { SessionView } from '../../../src/api/views/session.ts'
import type { CommandKind } from '../../../src/domain/commands.ts'
import { ATTEMPT_STATES, type AttemptState } from '../../../src/domain/delivery.ts'
import { type AccessFacts, maySee, type Rights } from '../../../src/domain/policy.ts'
import { loadRights } from '../../../src/sessions/actor.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import type { CommandBody } from '../../../src/sessions/commands/case.ts'
import { decideCommand } from '../../../src/sessions/decide.ts'
import { settle } from '../../../src/sessions/settle.ts'
import { eventually } from '../../support/eventually.ts'
import { LiveClient } from '../../support/live-client.ts'
import {
  ADMIN,
  Caller,
  OLGA,
  OMAR,
  SARA,
  signatureOf,
  startTestService,
  type TestService,
} from '../../support/service.ts'
import * as webhooks from '../../support/webhooks.ts'

const HOUR = 3_600_000
const RIGHTS_WITHIN_MS = 1_000
const PEOPLE = [ADMIN, SARA, OLGA, OMAR]

interface Person {
  readonly id: string
  readonly callers: readonly Caller[]
  readonly live: LiveClient
  /** The rights that they have had, each with when it began. */
  readonly rights: { from: number; rights: Rights }[]
}

let test: TestService
let services: readonly Service[]
const people: Person[] = []
let resultId = ''
let groupId = ''

beforeAll(async () => {
  test = await startTestService({ temporalAway: true })
  services = [test.service, await startService(test.config, { clock: test.clock, log: test.service.api.log })]
  await rememberAccess()
  await sql`UPDATE user_account SET slots = 500`.execute(test.db)
  resultId = (await test.db.selectFrom('result').select('id').where('name', '=', 'Solved').executeTakeFirstOrThrow()).id
  groupId = (await test.db.selectFrom('channel').select('group_id').executeTakeFirstOrThrow()).group_id
  for (const email of PEOPLE) {
    const { carries } = await test.signIn(email)
    const callers = services.map(({ url }) => new Caller(url, { ...carries, origin: url }))
    const [first] = callers
    if (first === undefined) throw new Error('no service')
    const { id } = (await first.get('/api/v1/me')).body
    people.push({ id, callers, live: new LiveClient(first), rights: [] })
  }
})
afterAll(async () => {
  for (const { live } of people) live.disconnect()
  await services?.[1]?.close()
  await test?.close()
})

/** Who could see each session at each of its revs, written down by the database at the commit. */
async function rememberAccess(): Promise<void> {
  await sql`
    CREATE TABLE seen_by (session_id uuid, rev int, phase text, group_id uuid, operator_id uuid, offer_operator_id uuid,
                          PRIMARY KEY (session_id, rev))`.execute(test.db)
  await sql`
    CREATE FUNCTION remember_access() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO seen_by SELECT s.id, s.rev, s.phase, s.group_id, s.operator_id, o.operator_id
        FROM session s LEFT JOIN offer o ON o.session_id = s.id AND o.closed_at IS NULL WHERE s.id = NEW.id
      ON CONFLICT DO NOTHING;
      RETURN NULL; END $$`.execute(test.db)
  await sql`
    CREATE CONSTRAINT TRIGGER remember_access AFTER INSERT OR UPDATE ON session
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION remember_access()`.execute(test.db)
}

const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]

/** One run's clients, with what may still happen to them. */
class Story {
  readonly phones: readonly string[]
  readonly bsuids: readonly string[]
  readonly ghosts: { who: webhooks.Who; wamid: string }[] = []
  readonly wamids: string[] = []
  readonly refused: string[] = []
  #said = 0

  constructor(no: number) {
    this.phones = [0, 1, 2].map((n) => `4206${String(no).padStart(4, '0')}${n}000`)
    this.bsuids = [0, 1].map((n) => `CZ.9${String(no).padStart(6, '0')}${n}`)
  }

  who(n: number): webhooks.Who {
    const all: webhooks.Who[] = [
      ...this.phones.map((phone) => ({ phone, name: phone })),
      ...this.bsuids.map((bsuid) => ({ bsuid, name: bsuid })),
    ]
    return all[n % all.length] ?? { phone: '420600000000' }
  }

  isOurs = (session: SessionView): boolean => {
    const { phone, bsuid } = session.client
    return (phone !== null && this.phones.includes(phone.slice(1))) || (bsuid !== null && this.bsuids.includes(bsuid))
  }

  words(): string {
    return `word ${++this.#said}`
  }

  async deliver(at: number, ...told: readonly webhooks.Told[]): Promise<void> {
    const number = { phoneNumberId: DEMO_NUMBER.phoneNumberId, wabaId: DEMO_NUMBER.wabaId }
    const raw = webhooks.bytes(webhooks.webhook(number, ...told))
    const signature = signatureOf(raw, test.simulator.appSecret)
    const answer = await new Caller(serviceOf(at).url).ask('POST', '/webhooks/whatsapp', {
      raw,
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature },
    })
    expect(answer.status).toBe(200)
  }

  /** Theirs that are not ended, as the database has them. */
  async open(): Promise<readonly { id: string; phase: string; operator_id: string | null; last_seq: number }[]> {
    const { rows } = await sql<{ id: string; phase: string; operator_id: string | null; last_seq: number }>`
      SELECT s.id, s.phase, s.operator_id, s.last_seq FROM session s
       WHERE s.ended_at IS NULL AND s.client_id IN (
         SELECT client_id FROM client_alias WHERE value = ANY (${[...this.phones, ...this.bsuids]})) ORDER BY s.id`.execute(
      test.db,
    )
    return rows
  }
}

const serviceOf = (n: number): Service => pick(services, n) ?? test.service

/** As the session's workflow would have it decided. */
async function command(at: number, userId: string, sessionId: string, kind: CommandKind, body: CommandBody = {}) {
  const id = v7()
  const { ctx } = serviceOf(at)
  await test.db
    .insertInto('command')
    .values({
      id,
      user_id: userId,
      key: id,
      hash: Buffer.alloc(32),
      session_id: sessionId,
      kind,
      body: JSON.stringify(body),
      received_at: new Date(ctx.clock.now()),
    })
    .execute()
  await decideCommand(ctx, id)
}

type Step = readonly [kind: keyof typeof STEPS, a: number, b: number]

const STEPS = {
  async writes(story: Story, a: number, b: number) {
    const told = Array.from({ length: 1 + (b % 3) }, () => webhooks.text(story.who(a), story.words(), now()))
    await story.deliver(b, ...told)
  },
  async accept(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.phase === 'queued'),
      a,
    )
    const operator = people[2 + (b % 2)]
    if (session !== undefined && operator !== undefined) await command(a, operator.id, session.id, 'accept')
  },
  async transfer(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.phase === 'active' || one.phase === 'queued'),
      a,
    )
    const [by, to] = [session?.operator_id ?? people[1 + (a % 3)]?.id, people[1 + (b % 3)]?.id]
    if (session === undefined || by === undefined || to === undefined) return
    await command(b, by, session.id, 'transfer', { target: { kind: 'operator', operatorId: to } })
  },
  async handBack(story: Story, a: number, b: number) {
    const session = pick(await story.open(), a)
    const sara = people[1]
    if (session !== undefined && sara !== undefined)
      await command(b, sara.id, session.id, b % 2 === 0 ? 'return' : 'takeOver')
  },
  /** A text of the operator, with what Meta answers. */
  async send(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.phase === 'active'),
      a,
    )
    const operator = people.find((one) => one.id === session?.operator_id)
    const caller = pick(operator?.callers ?? [], b)
    if (session === undefined || caller === undefined) return
    const body = { type: 'text', text: story.words() }
    const sent = await caller.post(`/api/v1/sessions/${session.id}/messages`, body, {
      headers: { 'idempotency-key': v7() },
    })
    if (sent.status !== 202) return void story.refused.push(sent.body?.code)
    const { ctx } = serviceOf(a + b)
    const claim = await claimNext(ctx, session.id)
    if (claim.claim !== 'post') return
    const wamid = webhooks.newWamid()
    if (b % 7 === 0) await settle(ctx, session.id, claim.claimed.attemptId, { outcome: 'unknown', why: 'timeout' })
    else if (b % 7 === 1) {
      await settle(ctx, session.id, claim.claimed.attemptId, { outcome: 'refused', code: 131026, details: null })
    } else {
      // What became of it may be told before the answer is written down.
      const early = b % 7 === 2 ? story.deliver(b, webhooks.status(wamid, 'sent')) : null
      await settle(ctx, session.id, claim.claimed.attemptId, { outcome: 'accepted', wamid, aliases: [] })
      await early
      story.wamids.push(wamid)
    }
  },
  async status(story: Story, a: number, b: number) {
    const wamid = pick(story.wamids, a)
    const words = ['sent', 'delivered', 'read', 'failed'] as const
    const code = b % 4 === 3 ? { code: 131026 } : {}
    if (wamid !== undefined) await story.deliver(a + b, webhooks.status(wamid, words[b % 4] ?? 'sent', code))
  },
  async read(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.operator_id !== null),
      a,
    )
    const caller = pick(people.find((one) => one.id === session?.operator_id)?.callers ?? [], b)
    if (session !== undefined) await caller?.post(`/api/v1/sessions/${session.id}/read`, { seq: session.last_seq })
  },
  async end(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.phase === 'active'),
      a,
    )
    if (session?.operator_id == null) return
    await command(b, session.operator_id, session.id, 'end', { lastSeq: session.last_seq })
  },
  async result(story: Story, a: number, b: number) {
    const session = pick(
      (await story.open()).filter((one) => one.phase === 'wrapUp'),
      a,
    )
    if (session?.operator_id != null) await command(b, session.operator_id, session.id, 'result', { resultId })
  },
  async ghost(story: Story, a: number, b: number) {
    const ghost = { who: story.who(a), wamid: webhooks.newWamid() }
    await story.deliver(b, webhooks.ghost(ghost.who, { id: ghost.wamid, ...now() }))
    story.ghosts.push(ghost)
  },
  async real(story: Story, a: number, b: number) {
    const ghost = story.ghosts.splice(a % Math.max(1, story.ghosts.length), 1)[0]
    if (ghost === undefined) return
    await story.deliver(b, webhooks.text(ghost.who, story.words(), { id: ghost.wamid, ...now() }))
  },
  /** Two clients turn out to be one person. */
  async join(story: Story, a: number, b: number) {
    const [phone, bsuid] = [pick(story.phones, a), pick(story.bsuids, a)]
    if (phone === undefined || bsuid === undefined) return
    await story.deliver(b, webhooks.text({ phone, bsuid, name: phone }, story.words(), now()))
  },
  async rights(_story: Story, a: number, b: number) {
    const person = people[1 + (a % 3)]
    const admin = pick(people[0]?.callers ?? [], b)
    const last = person?.rights.at(-1)?.rights
    if (person === undefined || admin === undefined || last === undefined) return
    const given =
      b % 2 === 0 ? { seeOthers: !last.seeOthers } : { groupIds: last.groupIds.length === 0 ? [groupId] : [] }
    const wasConnected = person.live.connected
    const said = Date.now()
    expect((await admin.patch(`/api/v1/users/${person.id}`, given)).status).toBe(200)
    person.rights.push({ from: said, rights: await rightsOf(person.id) })
    if (!wasConnected) return
    await eventually(() => !person.live.connected, 'the socket closes', RIGHTS_WITHIN_MS)
  },
  async leave(_story: Story, a: number, b: number) {
    const live = people[a % people.length]?.live
    if (live === undefined) return
    // At once, or in the middle of what is pushed next.
    if (b % 3 === 0) live.disconnect()
    else live.disconnectAfter(b % 5)
  },
  async come(_story: Story, a: number, b: number) {
    const person = people[a % people.length]
    if (person !== undefined && !person.live.connected) await person.live.connect(pick(person.callers, b))
  },
  /** An hour, in which much happens while two of them are away. */
  async hour(story: Story, a: number, b: number) {
    const away = [people[a % 4], people[b % 4]]
    for (const person of away) person?.live.disconnect()
    test.clock.forward(HOUR)
    for (let n = 0; n < 3; n++) {
      const told = Array.from({ length: 20 }, (_, i) => webhooks.text(story.who(a + i), story.words(), now()))
      await Promise.all([story.deliver(n, ...told), STEPS.accept(story, n, b), STEPS.send(story, a, b + n)])
    }
    for (const person of away) {
      if (person !== undefined && !person.live.connected) await person.live.connect(pick(person.callers, b))
    }
  },
}

const now = (): { at: number } => ({ at: test.clock.now() })

async function rightsOf(userId: string): Promise<Rights> {
  const rights = await loadRights(test.db, userId)
  if (rights === null) throw new Error('no such user')
  return rights
}

const weight: Partial<Record<keyof typeof STEPS, number>> = { writes: 5, accept: 4, send: 5, status: 5, come: 3 }
const kinds = Object.keys(STEPS) as (keyof typeof STEPS)[]
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(...kinds.map((kind) => ({ weight: weight[kind] ?? 1, arbitrary: fc.constant(kind) }))),
  fc.nat(1_000),
  fc.nat(1_000),
)
/** What stands together happens at the same time. */
const script = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 10, maxLength: 30 })

/** Lives through every kind of frame, whatever the random ones come to: what Olga accepts is gone for Omar. */
const EVERY_FRAME: Step[][] = [[['writes', 0, 0]], [['accept', 0, 0]], [['send', 0, 3]], [['status', 0, 1]]]

let runs = 0
const reached = new Set<string>()

it('gives everybody in the end what the lists tell, and on the way nothing twice, backwards or forbidden', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const story = new Story(++runs)
      for (const person of people) {
        person.live.frames.length = 0
        person.live.seen.length = 0
        person.live.shown.clear()
        person.live.shows = story.isOurs
        person.rights.splice(0, person.rights.length, { from: 0, rights: await rightsOf(person.id) })
        if (!person.live.connected) await person.live.connect()
      }
      for (const together of steps) {
        await Promise.all(together.map(([kind, a, b]) => STEPS[kind](story, a, b)))
      }
      for (const [n, { live, callers }] of people.entries()) {
        live.disconnectAfter(Number.POSITIVE_INFINITY)
        if (!live.connected) await live.connect(pick(callers, n))
      }
      for (const person of people) {
        await agrees(person, story)
        nothingBackwards(person)
        nothingTwice(person)
        await nothingForbidden(person)
        for (const { frame } of person.live.seen) reached.add(frame.type)
      }
    }),
    {
      numRuns: Number(process.env.LIVE_RUNS ?? 12),
      timeout: 60_000,
      endOnFailure: true,
      examples: [[EVERY_FRAME]],
      ...(process.env.LIVE_SEED === undefined ? {} : { seed: Number(process.env.LIVE_SEED) }),
    },
  )
  expect([...reached]).toEqual(expect.arrayContaining(['hello', 'session', 'message', 'status', 'gone']))
}, 180_000)

/** What of a message is told by a status alone, too; the rest of it can only change with a whole message. */
const told = (message: MessageView) => ({
  id: message.id,
  rev: message.rev,
  seq: message.seq,
  type: message.type,
  text: message.text,
  status: message.status,
  error: message.error,
})
/** Who the client is after a join, and until when their window is open, is told with the session that is not ended. */
const shown = (session: SessionView) =>
  session.phase === 'ended'
    ? { ...session, client: null, window: null, lastMessage: null }
    : { ...session, client: session.client.id }

async function agrees({ live, callers }: Person, story: Story): Promise<void> {
  const caller = callers[0]
  if (caller === undefined) return
  const look = async () => {
    const { body } = await caller.get('/api/v1/sessions?limit=1000')
    const ours = (body.items as SessionView[]).filter(story.isOurs)
    const rest = await Promise.all(
      ours.map(async (session) => {
        const { body } = await caller.get(`/api/v1/sessions/${session.id}/messages?limit=1000`)
        return { ...shown(session), messages: body.items.map(told) }
      }),
    )
    const kept = [...live.sessions.values()].filter(story.isOurs).map((session) => {
      const messages = [...(live.messages.get(session.id)?.values() ?? [])]
      return { ...shown(session), messages: messages.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0)).map(told) }
    })
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
    return { rest: rest.sort(byId), kept: kept.sort(byId) }
  }
  await eventually(
    async () => {
      const { rest, kept } = await look()
      return live.settled && JSON.stringify(rest) === JSON.stringify(kept)
    },
    'the store is what the lists tell',
    3_000,
  ).catch(async () => {
    const { rest, kept } = await look()
    expect(kept).toEqual(rest)
  })
  for (const session of live.sessions.values()) {
    if (!story.isOurs(session)) continue
    const seqs = [...(live.messages.get(session.id)?.values() ?? [])].map((message) => message.seq ?? 0)
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: session.lastSeq }, (_, n) => n + 1))
  }
}

function nothingBackwards({ live }: Person): void {
  const rank = (status: AttemptState | null) => (status === null ? -1 : ATTEMPT_STATES.indexOf(status))
  for (const states of live.shown.values()) {
    for (const [n, after] of states.entries()) {
      const before = states[n - 1]
      if (before === undefined) continue
      expect(after.rev).toBeGreaterThanOrEqual(before.rev)
      // A refusal that is tried again by itself begins anew, as an attempt of its own.
      if (after.attempts.length === before.attempts.length) {
        expect(rank(after.status), `${before.status} → ${after.status}`).toBeGreaterThanOrEqual(rank(before.status))
      }
    }
  }
}

/** The same message in the same state is told at most once through one connection. */
function nothingTwice({ live }: Person): void {
  const before = new Set<string>()
  for (const { frame, connection } of live.seen) {
    if (frame.type === 'gone') for (const one of before) if (one.includes(frame.sessionId)) before.delete(one)
    if (frame.type !== 'message' && frame.type !== 'status') continue
    const [messageId, rev] =
      frame.type === 'message' ? [frame.message.id, frame.message.rev] : [frame.messageId, frame.rev]
    const one = `${connection} ${frame.sessionId} ${messageId} ${rev}`
    expect(before.has(one), `told twice: ${one}`).toBe(false)
    before.add(one)
  }
}

/** Each message is followed by its session as it was when it was told: that rev must have been theirs to see. */
async function nothingForbidden({ live, rights }: Person): Promise<void> {
  const { rows } = await sql<{
    session_id: string
    rev: number
    phase: AccessFacts['phase']
    group_id: string | null
    operator_id: string | null
    offer_operator_id: string | null
  }>`SELECT * FROM seen_by`.execute(test.db)
  const facts = new Map(
    rows.map((row) => [
      `${row.session_id} ${row.rev}`,
      {
        phase: row.phase,
        groupId: row.group_id,
        operatorId: row.operator_id,
        offerOperatorId: row.offer_operator_id,
      } satisfies AccessFacts,
    ]),
  )
  const may = (at: number, one: AccessFacts) =>
    rights.some(({ from, rights: held }, n) => {
      const until = (rights[n + 1]?.from ?? Number.POSITIVE_INFINITY) + RIGHTS_WITHIN_MS
      return from <= at && at <= until && maySee(held, one)
    })
  const untold = new Map<string, number>()
  for (const { frame, at, connection } of live.seen) {
    if (frame.type === 'session') {
      const { id, rev } = frame.session
      const known = facts.get(`${id} ${rev}`)
      expect(known, `no such rev: ${id} ${rev}`).toBeDefined()
      if (known !== undefined) expect(may(at, known), `forbidden: ${JSON.stringify(known)}`).toBe(true)
      untold.delete(id)
    } else if (frame.type === 'message' || frame.type === 'status') {
      if (frame.sessionId !== null) untold.set(frame.sessionId, connection)
    } else if (frame.type === 'gone') {
      expect(untold.has(frame.sessionId), 'a message of a session that is gone').toBe(false)
    } else if (frame.type === 'hello') untold.clear()
  }
}
