// What a client's message does: the client, the session that begins or goes on, the window, the bell; and what does
// nothing of the kind.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  batch,
  bytes,
  call,
  echo,
  edit,
  ghost,
  inGroup,
  media,
  newWamid,
  numberChange,
  reaction,
  revoke,
  standby,
  text,
  unsupported,
  webhook,
} from '../../support/webhooks.ts'
import { HOUR, startWorld, type World } from '../../support/world.ts'

const JANA = { phone: '420777123456', bsuid: 'CZ.13491208655302741918', name: 'Jana' }
let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

describe('the first message of a client', () => {
  test('makes client, aliases, a queued session with its offer, window, event, bell and change', async () => {
    const spoke = world.clock.now() - 90_000
    const id = newWamid()
    await world.deliver(text(JANA, 'Dobrý den 😀', { at: spoke, id }))
    const client = await world.client(JANA.phone)
    expect(await world.aliases(client.id)).toEqual([`bsuid ${JANA.bsuid}`, `phone ${JANA.phone}`])
    const session = await world.session(JANA.phone)
    const [message] = await world.messages(session.id)
    expect(client).toMatchObject({
      name: 'Jana',
      window_expires_at: new Date(spoke + 24 * HOUR),
      window_message_id: message?.id,
    })
    expect(session).toMatchObject({
      phase: 'queued',
      origin: 'inbound',
      destination: JANA.phone,
      group_id: world.groupId,
      rev: 1,
      last_seq: 1,
      last_in_seq: 1,
      unread: 1,
      waiting_since: new Date(world.clock.now()),
      bell_on: false,
    })
    expect(message).toMatchObject({
      seq: 1,
      rev: 1,
      body_rev: 1,
      text: 'Dobrý den 😀',
      wamid: id,
      direction: 'in',
      spoken_at: new Date(spoke),
      received_at: new Date(world.clock.now()),
      time_doubted: false,
    })
    const offer = await world.db.selectFrom('offer').selectAll().executeTakeFirstOrThrow()
    expect(offer).toMatchObject({ session_id: session.id, no: 1, due_at: new Date(world.clock.now() + 300_000) })
    expect(await world.kinds(session.id)).toEqual(['started'])
    expect(await world.outbox()).toMatchObject([{ session_id: session.id, start: true }])
    expect(world.rings).toEqual([session.id])
    expect(world.changes).toEqual([{ sessionId: session.id, rev: 1 }])
  })

  test('thirty hours late: a session begins with the window shut', async () => {
    await world.deliver(text(JANA, 'late', { at: world.clock.now() - 30 * HOUR }))
    expect((await world.client(JANA.phone)).window_expires_at?.getTime()).toBe(world.clock.now() - 6 * HOUR)
    const session = await world.session(JANA.phone)
    expect(session.phase).toBe('queued')
    // Whoever accepts it waits for the client: the next message rings.
    await world.accept(session.id)
    expect((await world.session(JANA.phone)).bell_on).toBe(true)
  })

  test('a time that cannot be right is replaced by that of receipt, and marked; one that is later than that, too', async () => {
    await world.deliver(
      text(JANA, 'none', { at: null }),
      text(JANA, 'ancient', { at: 1_000_000 }),
      text(JANA, 'tomorrow', { at: world.clock.now() + 24 * HOUR }),
    )
    const messages = await world.messages((await world.session(JANA.phone)).id)
    expect(messages.map((m) => [m.text, m.time_doubted, m.spoken_at.getTime() === world.clock.now()])).toEqual([
      ['none', true, true],
      ['ancient', true, true],
      ['tomorrow', true, true],
    ])
    expect((await world.client(JANA.phone)).window_expires_at?.getTime()).toBe(world.clock.now() + 24 * HOUR)
  })
})

describe('again, in another order, at the same time', () => {
  test('a duplicate changes nothing but the kept body', async () => {
    const told = text(JANA, 'Hello')
    await world.deliver(told)
    const before = await world.everything(['webhook_raw'])
    world.clock.forward(5_000)
    await world.deliver(told)
    await world.deliver(told, told)
    expect(await world.everything(['webhook_raw'])).toBe(before)
  })

  test('the same body eight times at once is one message', async () => {
    const other = world.anotherDoor()
    const body = bytes(webhook(world.number, text(JANA, 'Hello'), text(JANA, 'there')))
    await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? world : other).ingest.take(body)))
    expect((await world.messages((await world.session(JANA.phone)).id)).map((m) => m.text)).toEqual(['Hello', 'there'])
    expect(await world.quarantine()).toEqual([])
  })

  test('sixty messages of one new client at once through two processes: one client, one session, no gap', async () => {
    const other = world.anotherDoor()
    const told = Array.from({ length: 60 }, (_, n) =>
      text(n % 3 === 0 ? { phone: JANA.phone } : n % 3 === 1 ? { bsuid: JANA.bsuid } : JANA, `${n}`),
    )
    // The one that ties both aliases together is among them, not before them.
    await Promise.all(told.map((one, n) => (n % 2 ? world : other).ingest.take(bytes(webhook(world.number, one)))))
    const session = await world.session(JANA.phone)
    const all = await world.db.selectFrom('message').select(['text']).execute()
    expect(all.length).toBe(60)
    const open = await world.db.selectFrom('session').selectAll().where('ended_at', 'is', null).execute()
    expect(open.map((s) => s.id)).toEqual([session.id])
    const clients = await world.db.selectFrom('client').selectAll().where('joined_into', 'is', null).execute()
    expect(clients).toHaveLength(1)
    const seqs = (await world.messages(session.id)).map((m) => m.seq)
    expect(seqs).toEqual(seqs.map((_, n) => n + 1))
    expect(await world.quarantine()).toEqual([])
  })

  test('the window only grows, whatever comes later', async () => {
    await world.deliver(text(JANA, 'new'))
    const { window_expires_at, window_message_id } = await world.client(JANA.phone)
    await world.deliver(text(JANA, 'old', { at: world.clock.now() - HOUR }))
    expect(await world.client(JANA.phone)).toMatchObject({ window_expires_at, window_message_id })
  })
})

describe('a session that is there', () => {
  test('an active one gets the message, and without a bell on no bell is written', async () => {
    await world.deliver(text(JANA, 'a'))
    const { id } = await world.inPhase(JANA.phone, 'active')
    await world.deliver(text(JANA, 'b'), text(JANA, 'c'))
    expect(await world.session(JANA.phone)).toMatchObject({ id, last_seq: 3, unread: 3 })
    expect(await world.outbox()).toEqual([])
    expect(world.rings).toEqual([])
    expect(world.changes).toHaveLength(1)
  })

  test('a message in wrap-up makes it active again, with the same operator, and rings', async () => {
    await world.deliver(text(JANA, 'a'))
    const { id } = await world.inPhase(JANA.phone, 'wrapUp')
    await world.deliver(text(JANA, 'b'))
    expect(await world.session(JANA.phone)).toMatchObject({
      id,
      phase: 'active',
      operator_id: world.olga,
      wrap_up_at: null,
      end_reason: null,
      bell_on: false,
    })
    expect(await world.outbox()).toMatchObject([{ session_id: id, start: false, spoke: true }])
    expect((await world.kinds(id)).at(-1)).toBe('reactivated')
  })

  test('a message after the end begins a new session, linked with the old one', async () => {
    await world.deliver(text(JANA, 'a'))
    const old = await world.inPhase(JANA.phone, 'ended')
    world.clock.forward(1_000)
    await world.deliver(text(JANA, 'b'))
    const [first, second] = await world.sessions(JANA.phone)
    expect(second).toMatchObject({ phase: 'queued', previous_id: old.id })
    expect(first).toMatchObject({ id: old.id, next_id: second?.id, rev: old.rev + 1 })
    expect(world.changes).toEqual(
      expect.arrayContaining([
        { sessionId: old.id, rev: old.rev + 1 },
        { sessionId: second?.id, rev: 1 },
      ]),
    )
  })

  test('one that waits for its client is rung once, and only by what opens the window', async () => {
    await world.deliver(text(JANA, 'a'))
    const { id } = await world.inPhase(JANA.phone, 'active')
    world.clock.forward(25 * HOUR)
    await world.fire(id, 'windowExpiry')
    expect((await world.session(JANA.phone)).bell_on).toBe(true)
    await world.answerBells()
    await world.deliver(text(JANA, 'too late to open', { at: world.clock.now() - 24.5 * HOUR }))
    expect(await world.outbox()).toEqual([])
    expect((await world.session(JANA.phone)).bell_on).toBe(true)
    await world.deliver(text(JANA, 'now'), text(JANA, 'and more'))
    expect(await world.outbox()).toMatchObject([{ session_id: id, start: false, spoke: true, rung: 1 }])
    expect((await world.session(JANA.phone)).bell_on).toBe(false)
    expect((await world.kinds(id)).at(-1)).toBe('windowOpened')
    await world.answerBells()
    await world.deliver(text(JANA, 'nobody waits for this'))
    expect(await world.outbox()).toEqual([])
  })

  test('an open session is found though a later one has ended: no second one begins', async () => {
    await world.deliver(text({ phone: JANA.phone }, 'older client'))
    await world.inPhase(JANA.phone, 'ended')
    world.clock.forward(1_000)
    await world.deliver(text({ bsuid: JANA.bsuid }, 'newer client, whose session stays open'))
    world.clock.forward(1_000)
    await world.deliver(text({ phone: JANA.phone }, 'older client, later session'))
    await world.inPhase(JANA.phone, 'ended')
    world.clock.forward(1_000)
    await world.deliver(text(JANA, 'both are one'))
    await world.deliver(text(JANA, 'and one session'))
    const open = await world.db.selectFrom('session').selectAll().where('ended_at', 'is', null).execute()
    expect(open).toHaveLength(1)
    expect(await world.quarantine()).toEqual([])
    expect((await world.messages(open[0]?.id ?? '')).map((m) => m.text)).toContain('and one session')
  })
})

describe('what is no message of the client to the company', () => {
  const KINDS = [
    ['a group message', () => inGroup(text(JANA, 'x')), false],
    ['an echo', () => echo(JANA, 'x'), false],
    ['a system message', () => numberChange(JANA, { phone: JANA.phone, bsuid: JANA.bsuid }), false],
    ['a deletion', () => revoke(JANA, 'wamid.a'), false],
    ['a reaction', () => reaction(JANA, 'wamid.a', '👍'), true],
    ['an edit', () => edit(JANA, 'wamid.a', 'x'), true],
    ['a ghost', () => ghost(JANA), true],
    ['a call', () => call(JANA), true],
    ['a message to Meta’s agent', () => standby(text(JANA, 'x')), true],
  ] as const

  test.each(KINDS)('%s begins no session; whether it opens the window: %#', async (_name, make, opens) => {
    await world.deliver(make())
    expect(await world.db.selectFrom('session').select('id').execute()).toEqual([])
    expect(await world.db.selectFrom('message').select('session_id').execute()).toEqual([{ session_id: null }])
    expect((await world.client(JANA.phone)).window_expires_at !== null).toBe(opens)
    expect(await world.outbox()).toEqual([])
  })

  test.each(KINDS)('%s neither reopens a wrap-up nor counts as unread', async (_name, make) => {
    await world.deliver(text(JANA, 'a'))
    const was = await world.inPhase(JANA.phone, 'wrapUp')
    await world.deliver(make())
    expect(await world.session(JANA.phone)).toMatchObject({
      phase: 'wrapUp',
      unread: was.unread,
      last_in_seq: was.last_in_seq,
    })
    expect(await world.outbox()).toEqual([])
  })

  test('unknown types count as messages, and are shown as a placeholder with their type', async () => {
    await world.deliver(unsupported(JANA, 'poll_creation'), media(JANA, 'sticker'))
    const session = await world.session(JANA.phone)
    expect((await world.messages(session.id)).map((m) => [m.type, m.kind])).toEqual([
      ['unsupported', 'message'],
      ['sticker', 'message'],
    ])
    expect(session.unread).toBe(2)
  })
})

describe('a ghost and its real message', () => {
  const id = newWamid()
  const real = () => text(JANA, 'the real one', { id })

  test('in an open session it is replaced in place, with a new rev', async () => {
    await world.deliver(text(JANA, 'a'))
    const session = await world.inPhase(JANA.phone, 'active')
    await world.deliver(ghost(JANA, { id }))
    const [placeholder] = await world.byWamid(id)
    await world.deliver(real())
    await world.deliver(real(), real())
    const [found, ...others] = await world.byWamid(id)
    expect(others).toEqual([])
    expect(found).toMatchObject({
      id: placeholder?.id,
      seq: 2,
      text: 'the real one',
      kind: 'message',
      session_id: session.id,
    })
    expect(found?.rev).toBeGreaterThan(placeholder?.rev ?? 0)
    expect(await world.session(JANA.phone)).toMatchObject({ last_seq: 2, last_in_seq: 2, unread: 2 })
  })

  test('twice the real one in one batch replaces the ghost once, without a refusal', async () => {
    await world.deliver(text(JANA, 'a'), ghost(JANA, { id }))
    const batches = world.ingest.counts.batches
    await world.deliver(real(), real())
    expect(world.ingest.counts.batches).toBe(batches + 1)
    expect(await world.byWamid(id)).toHaveLength(1)
  })

  test('without a session the placeholder is superseded, and the real one begins one', async () => {
    await world.deliver(ghost(JANA, { id }))
    await world.deliver(real())
    const session = await world.session(JANA.phone)
    const [found] = await world.byWamid(id)
    expect(found).toMatchObject({ session_id: session.id, seq: 1 })
    const rows = await world.db.selectFrom('message').select(['id', 'superseded_by']).where('wamid', '=', id).execute()
    expect(rows.map((row) => row.superseded_by).filter((by) => by !== null)).toEqual([found?.id])
  })

  test('after the session has ended it is a new message of a new one', async () => {
    await world.deliver(text(JANA, 'a'), ghost(JANA, { id }))
    const old = await world.inPhase(JANA.phone, 'ended')
    world.clock.forward(1_000)
    await world.deliver(real())
    const session = await world.session(JANA.phone)
    expect(session.previous_id).toBe(old.id)
    expect((await world.byWamid(id)).map((m) => m.session_id)).toEqual([session.id])
  })

  test('in wrap-up the ghost changes nothing, and the real one makes the session active again', async () => {
    await world.deliver(text(JANA, 'a'))
    await world.inPhase(JANA.phone, 'wrapUp')
    await world.deliver(ghost(JANA, { id }))
    expect((await world.session(JANA.phone)).phase).toBe('wrapUp')
    await world.deliver(real())
    expect(await world.session(JANA.phone)).toMatchObject({ phase: 'active', last_in_seq: 2 })
  })

  test('the other way round the ghost does nothing', async () => {
    await world.deliver(real())
    const before = await world.everything(['webhook_raw'])
    await world.deliver(ghost(JANA, { id }))
    expect(await world.everything(['webhook_raw'])).toBe(before)
  })

  test.each([['ghost first'], ['real first']])(
    'both in one body, %s: one message, and the window’s evidence is it',
    async (order) => {
      const both = [ghost(JANA, { id }), real()]
      await world.deliver(...(order === 'ghost first' ? both : both.reverse()))
      const [found, ...others] = await world.byWamid(id)
      expect(others).toEqual([])
      expect(found).toMatchObject({ text: 'the real one', seq: 1 })
      expect((await world.client(JANA.phone)).window_message_id).toBe(found?.id)
    },
  )
})

test('a quoted reply finds what it quotes, the client’s own and the company’s', async () => {
  const first = newWamid()
  await world.deliver(text(JANA, 'a', { id: first }))
  const { id } = await world.inPhase(JANA.phone, 'active')
  const sent = await world.sends(id, 'accepted')
  await world.deliver(
    text(JANA, 'b', { replyTo: first }),
    text(JANA, 'c', { replyTo: sent.wamid }),
    text(JANA, 'd', { replyTo: 'wamid.unknown' }),
  )
  const messages = await world.messages(id)
  expect(messages.slice(2).map((m) => m.reply_to)).toEqual([messages[0]?.id, sent.messageId, null])
})

test('several numbers in one body: each client belongs to the number they wrote to', async () => {
  const second = await world.addChannel('222')
  await world.deliverBody(
    batch(webhook(world.number, text(JANA, 'one')), webhook({ phoneNumberId: '222' }, text(JANA, 'two'))),
  )
  const rows = await world.db
    .selectFrom('message')
    .select(['channel_id', 'text', 'client_id'])
    .orderBy('text')
    .execute()
  expect(rows.map((row) => row.channel_id)).toEqual([world.channelId, second])
  expect(new Set(rows.map((row) => row.client_id)).size).toBe(2)
})
