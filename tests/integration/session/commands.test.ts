// Commands: who may do what in which phase, said once and kept, and what a dead worker or Temporal makes of them.
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CommandKind } from '../../../src/domain/commands.ts'
import type { Phase } from '../../../src/domain/words.ts'
import { Door } from '../../../src/engine/door.ts'
import { giveCommand } from '../../../src/sessions/command.ts'
import type { CommandBody } from '../../../src/sessions/commands/case.ts'
import { decideCommand } from '../../../src/sessions/decide.ts'
import { type Engine, startEngine } from '../../support/engine.ts'
import { eventually } from '../../support/eventually.ts'
import { queued, said, signIn, type Talk, talking } from '../../support/people.ts'

let engine: Engine
beforeAll(async () => {
  engine = await startEngine()
  await signIn(engine)
})
afterAll(() => engine.close())

type Who = 'owner' | 'colleague' | 'supervisor' | 'stranger'
type Expected = 'done' | 'already-accepted' | 'wrong-phase' | 'not-found' | 'not-allowed' | 'not-your-session'
const result = () => ({ resultId: engine.resultId, note: null })

/** Every phase × command × who asks. `owner`: who accepted it, and in the queue the one who would. */
const NEXT: Record<Phase, Record<CommandKind, Record<Who, Expected>>> = {
  queued: {
    transfer: { owner: 'done', colleague: 'done', supervisor: 'done', stranger: 'not-found' },
    return: { owner: 'wrong-phase', colleague: 'wrong-phase', supervisor: 'wrong-phase', stranger: 'not-found' },
    takeOver: { owner: 'not-allowed', colleague: 'not-allowed', supervisor: 'done', stranger: 'not-found' },
    accept: { owner: 'done', colleague: 'done', supervisor: 'done', stranger: 'not-found' },
    end: { owner: 'not-allowed', colleague: 'not-allowed', supervisor: 'done', stranger: 'not-found' },
    result: { owner: 'not-allowed', colleague: 'not-allowed', supervisor: 'wrong-phase', stranger: 'not-found' },
  },
  active: {
    transfer: { owner: 'done', colleague: 'not-found', supervisor: 'done', stranger: 'not-found' },
    return: { owner: 'done', colleague: 'not-found', supervisor: 'done', stranger: 'not-found' },
    takeOver: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'done', stranger: 'not-found' },
    accept: {
      owner: 'wrong-phase',
      colleague: 'already-accepted',
      supervisor: 'already-accepted',
      stranger: 'not-found',
    },
    end: { owner: 'done', colleague: 'not-found', supervisor: 'done', stranger: 'not-found' },
    result: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'wrong-phase', stranger: 'not-found' },
  },
  wrapUp: {
    transfer: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'wrong-phase', stranger: 'not-found' },
    return: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'wrong-phase', stranger: 'not-found' },
    takeOver: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'wrong-phase', stranger: 'not-found' },
    accept: {
      owner: 'already-accepted',
      colleague: 'already-accepted',
      supervisor: 'already-accepted',
      stranger: 'not-found',
    },
    end: { owner: 'wrong-phase', colleague: 'not-found', supervisor: 'wrong-phase', stranger: 'not-found' },
    result: { owner: 'done', colleague: 'not-found', supervisor: 'done', stranger: 'not-found' },
  },
  ended: {
    transfer: { owner: 'wrong-phase', colleague: 'not-your-session', supervisor: 'wrong-phase', stranger: 'not-found' },
    return: { owner: 'wrong-phase', colleague: 'not-your-session', supervisor: 'wrong-phase', stranger: 'not-found' },
    takeOver: { owner: 'wrong-phase', colleague: 'not-your-session', supervisor: 'wrong-phase', stranger: 'not-found' },
    accept: {
      owner: 'already-accepted',
      colleague: 'already-accepted',
      supervisor: 'already-accepted',
      stranger: 'not-found',
    },
    end: { owner: 'wrong-phase', colleague: 'not-your-session', supervisor: 'wrong-phase', stranger: 'not-found' },
    result: { owner: 'done', colleague: 'not-your-session', supervisor: 'done', stranger: 'not-found' },
  },
}

async function inPhase(phase: Phase): Promise<Talk> {
  if (phase === 'queued') return queued(engine)
  const talk = await talking(engine)
  if (phase === 'wrapUp') await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1 })
  if (phase === 'ended') await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1, result: result() })
  expect((await engine.session(talk.phone)).phase).toBe(phase)
  return talk
}

function body(command: CommandKind): CommandBody {
  if (command === 'end') return { lastSeq: 1 }
  if (command === 'result') return { resultId: engine.resultId, note: null }
  return command === 'transfer' ? { target: { kind: 'operator', operatorId: engine.sara } } : {}
}

for (const phase of Object.keys(NEXT) as Phase[]) {
  test(`who may do what with a session that is ${phase}`, async () => {
    const stranger = v7()
    const like = await engine.db
      .selectFrom('user_account')
      .selectAll()
      .where('id', '=', engine.omar)
      .executeTakeFirstOrThrow()
    await engine.db
      .insertInto('user_account')
      .values({ ...like, id: stranger, email: `${stranger}@parley.test` })
      .execute()
    const who = { owner: engine.olga, colleague: engine.omar, supervisor: engine.sara, stranger }
    for (const command of Object.keys(NEXT[phase]) as CommandKind[]) {
      for (const role of Object.keys(NEXT[phase][command]) as Who[]) {
        const talk = await inPhase(phase)
        const answer = await engine.command(who[role], talk.session.id, command, body(command))
        const got = answer.answer === 'refused' ? answer.refusal.code : answer.answer
        expect(`${command} by ${role}: ${got}`).toBe(`${command} by ${role}: ${NEXT[phase][command][role]}`)
      }
    }
  })
}

test('a message that the operator had not seen refuses the end, and one’s own does not', async () => {
  const talk = await talking(engine)
  await talk.client.writes('one more thing')
  await engine.session(talk.phone, (row) => row.last_in_seq === 2)
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1 })).toEqual({
    answer: 'refused',
    refusal: { code: 'newer-client-message', lastSeq: 2 },
  })
  await said(engine, talk, 'my own, third')
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2 })).toEqual({ answer: 'done' })
  const kinds = (await engine.events(talk.session.id)).map((event) => event.kind)
  expect(kinds).toEqual(['started', 'accepted', 'refused', 'wrapUp'])
})

test('a command of a program is told as the program’s of its user, refused or done, and so are its last words', async () => {
  const talk = await queued(engine)
  const give = (command: CommandKind, body: CommandBody) =>
    engine.command(engine.olga, talk.session.id, command, body, v7(), 'program')
  expect(await give('accept', {})).toEqual({ answer: 'done' })
  expect(await give('result', { resultId: engine.resultId })).toMatchObject({ answer: 'refused' })
  expect(await give('end', { lastSeq: 1, farewell: 'Goodbye' })).toEqual({ answer: 'done' })
  expect(await give('result', { resultId: engine.resultId })).toEqual({ answer: 'done' })
  // By its person, with the workflow gone or going.
  await engine.command(engine.olga, talk.session.id, 'result', { resultId: engine.resultId })
  const events = await engine.events(talk.session.id)
  expect(events.slice(1).map(({ kind, actor_kind, actor_id }) => [kind, actor_kind, actor_id])).toEqual([
    ['accepted', 'program', engine.olga],
    ['refused', 'program', engine.olga],
    ['wrapUp', 'program', engine.olga],
    ['ended', 'program', engine.olga],
    ['resultChanged', 'operator', engine.olga],
  ])
  const last = await engine.db
    .selectFrom('message')
    .select(['text', 'author_kind', 'author_id'])
    .where('session_id', '=', talk.session.id)
    .where('direction', '=', 'out')
    .executeTakeFirstOrThrow()
  expect(last).toEqual({ text: 'Goodbye', author_kind: 'program', author_id: engine.olga })
})

test('a command that was stored without who gave it is an operator’s', async () => {
  const talk = await queued(engine)
  const id = v7()
  await engine.db
    .insertInto('command')
    .values({
      id,
      user_id: engine.olga,
      key: id,
      hash: Buffer.alloc(32),
      session_id: talk.session.id,
      kind: 'accept',
      body: JSON.stringify({}),
      received_at: new Date(engine.clock.now()),
    })
    .execute()
  expect((await decideCommand(engine.ctx, id)).outcome).toEqual({ ok: true })
  expect((await engine.events(talk.session.id)).at(-1)).toMatchObject({ kind: 'accepted', actor_kind: 'operator' })
})

test('a result that needs a note is refused without one, and an unknown one always', async () => {
  const talk = await inPhase('wrapUp')
  const give = (resultId: string, note: string | null) =>
    engine.command(engine.olga, talk.session.id, 'result', { resultId, note })
  expect(await give(engine.strictResultId, '  ')).toMatchObject({ refusal: { code: 'result-required' } })
  expect(await give(v7(), 'note')).toMatchObject({ refusal: { code: 'unknown-result' } })
  expect(await give(engine.strictResultId, 'because')).toEqual({ answer: 'done' })
  expect((await engine.session(talk.phone)).phase).toBe('ended')
})

test('the last free slot goes to one of two sessions that are accepted at once', async () => {
  const [a, b] = [await queued(engine), await queued(engine)]
  const { taken } = await engine.db
    .selectFrom('session')
    .select((eb) => eb.fn.countAll<string>().as('taken'))
    .where('operator_id', '=', engine.omar)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  await engine.db
    .updateTable('user_account')
    .set({ slots: Number(taken) + 1 })
    .where('id', '=', engine.omar)
    .execute()
  const answers = await Promise.all([a, b].map((talk) => engine.command(engine.omar, talk.session.id, 'accept')))
  expect(answers.map((answer) => (answer.answer === 'refused' ? answer.refusal.code : answer.answer)).sort()).toEqual([
    'done',
    'no-free-slot',
  ])
  await engine.db.updateTable('user_account').set({ slots: 50 }).execute()
})

test('the same key twice at once is one command with one answer; with another body it is refused', async () => {
  const talk = await queued(engine)
  const key = v7()
  const answers = await Promise.all(
    [1, 2, 3].map(() => engine.command(engine.olga, talk.session.id, 'accept', {}, key)),
  )
  expect(answers).toEqual([{ answer: 'done' }, { answer: 'done' }, { answer: 'done' }])
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 1 }, key)).toEqual({
    answer: 'refused',
    refusal: { code: 'idempotency-key-reused' },
  })
  const sends = await Promise.all([1, 2].map(() => engine.send(engine.olga, talk.session.id, 'once', null, `${key}-s`)))
  expect(sends[0]).toEqual(sends[1])
  expect(sends[0]?.ok).toBe(true)
  expect((await engine.session(talk.phone)).last_seq).toBe(2)
})

test('what was told to be unavailable does not happen after all; the same key runs it anew, for whoever uses it now', async () => {
  const talk = await queued(engine)
  const key = v7()
  await engine.stopWorker()
  expect(await engine.command(engine.olga, talk.session.id, 'accept', {}, key)).toEqual({ answer: 'unavailable' })
  await engine.startWorker()
  await eventually(() => engine.door.query(talk.session.id), 'the workflow runs again')
  expect((await engine.session(talk.phone)).phase).toBe('queued')
  expect(await engine.command(engine.olga, talk.session.id, 'accept', {}, key, 'program')).toEqual({ answer: 'done' })
  expect((await engine.events(talk.session.id)).map((event) => [event.kind, event.actor_kind])).toEqual([
    ['started', 'client'],
    ['accepted', 'program'],
  ])
}, 60_000)

test('with Temporal away a command is unavailable, and nothing is done', async () => {
  const talk = await talking(engine)
  const dead = new Door({ address: '127.0.0.1:1', namespace: engine.where.namespace, taskQueue: 'none' })
  const actor = {
    kind: 'operator' as const,
    rights: { userId: engine.olga, role: 'operator', groupIds: [engine.groupId], seeOthers: false, slots: 9 } as const,
  }
  const answer = await giveCommand(engine.ctx, dead, {
    actor,
    key: v7(),
    hash: Buffer.alloc(32),
    sessionId: talk.session.id,
    kind: 'end',
    body: { lastSeq: 1 },
  })
  expect(answer).toEqual({ answer: 'unavailable' })
  expect(await dead.query(talk.session.id)).toBeNull()
  expect((await engine.session(talk.phone)).phase).toBe('active')
  await dead.close()
})

test('a command may come before its workflow runs', async () => {
  const talk = await queued(engine)
  await engine.temporal.workflow
    .getHandle(`session-${talk.session.id}`)
    .terminate()
    .catch(() => {})
  const late = await startedNever(talk)
  expect(await engine.command(engine.olga, late, 'accept')).toEqual({ answer: 'done' })
  expect((await engine.door.query(late))?.phase).toBe('active')
})

/** The same session under an id that no workflow has run for. */
async function startedNever(talk: Talk): Promise<string> {
  const id = v7()
  await engine.db.updateTable('session').set({ id }).where('id', '=', talk.session.id).execute()
  await engine.db.updateTable('offer').set({ session_id: id }).where('session_id', '=', talk.session.id).execute()
  return id
}

test('a workflow that somebody terminated is replaced by the next bell, and what waits is sent', async () => {
  const talk = await talking(engine)
  await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).terminate()
  await engine.message(await said(engine, talk, 'still here'), ['delivered'])
  expect((await engine.door.query(talk.session.id))?.phase).toBe('active')
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2, result: result() })).toEqual({
    answer: 'done',
  })
})

test('after the end a command is decided by the API, and neither it nor a late status wakes a ghost', async () => {
  const talk = await talking(engine)
  const id = await said(engine, talk, 'the last word')
  await engine.message(id, ['delivered'])
  await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2, result: result() })
  await engine.temporal.workflow.getHandle(`session-${talk.session.id}`).result()
  const before = await engine.runs(talk.session.id)
  expect(await engine.command(engine.olga, talk.session.id, 'end', { lastSeq: 2 })).toEqual({
    answer: 'refused',
    refusal: { code: 'wrong-phase', phase: 'ended' },
  })
  talk.client.reads()
  await engine.message(id, ['read'])
  const stored = await engine.db
    .selectFrom('signal_outbox')
    .selectAll()
    .where('session_id', '=', talk.session.id)
    .execute()
  expect(stored).toEqual([])
  const after = await engine.runs(talk.session.id)
  expect(after.map((run) => [run.runId, run.events.length])).toEqual(
    before.map((run) => [run.runId, run.events.length]),
  )
})

test('a message in wrap-up makes the session active again, the workflow follows; after the end it begins another', async () => {
  const talk = await inPhase('wrapUp')
  await talk.client.writes('wait, one more')
  const again = await engine.session(talk.phone, (row) => row.phase === 'active')
  expect([again.id, again.operator_id]).toEqual([talk.session.id, engine.olga])
  await eventually(async () => (await engine.door.query(again.id))?.phase === 'active', 'the workflow follows')
  const answer = await engine.command(engine.olga, again.id, 'end', { lastSeq: 2, result: result() })
  expect(answer).toEqual({ answer: 'done' })
  await talk.client.writes('hello again')
  const next = await engine.session(talk.phone, (row) => row.id !== again.id)
  expect([next.phase, next.previous_id]).toEqual(['queued', again.id])
  const old = await engine.db
    .selectFrom('session')
    .select('next_id')
    .where('id', '=', again.id)
    .executeTakeFirstOrThrow()
  expect(old.next_id).toBe(next.id)
})
