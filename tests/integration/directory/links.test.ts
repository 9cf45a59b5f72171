// Clients and the contact they belong to: linking from a session, suggestions, merging and its undo; and that nothing of it
// ever changes where a message goes.
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findContacts } from '../../../src/db/queries/contacts.ts'
import { insertContact } from '../../../src/directory/contacts.ts'
import { linkClient } from '../../../src/directory/links.ts'
import { mergeContacts, undoMerge } from '../../../src/directory/merge.ts'
import { loadRights } from '../../../src/sessions/actor.ts'
import { claimNext } from '../../../src/sessions/claim.ts'
import { transact } from '../../../src/sessions/context.ts'
import { sendText } from '../../../src/sessions/send.ts'
import { eventually } from '../../support/eventually.ts'
import { LiveClient } from '../../support/live-client.ts'
import {
  ADMIN,
  type Caller,
  envelope,
  OLGA,
  startTestService,
  type TestService,
  textFrom,
} from '../../support/service.ts'
import * as meta from '../../support/webhooks.ts'
import { startWorld } from '../../support/world.ts'

let parley: TestService
let admin: Caller
let olga: Caller
let stranger: Caller
let live: LiveClient
beforeAll(async () => {
  parley = await startTestService({ temporalAway: true })
  admin = await parley.as(ADMIN)
  olga = await parley.as(OLGA)
  await admin.post('/api/v1/users', {
    email: 'far@parley.test',
    name: 'Far',
    role: 'operator',
    password: 'of no group at all',
  })
  stranger = await parley.signIn('far@parley.test', 'of no group at all')
  live = new LiveClient(await parley.signIn(OLGA))
  await live.connect()
})
afterAll(async () => {
  live?.disconnect()
  await parley?.close()
})

let last = 0
const phone = (): string => `4207772${String(++last).padStart(5, '0')}`
async function session(number = phone()) {
  await parley.deliver(textFrom(number, 'Hello'))
  return parley.sessionOf(olga, number)
}
async function phoneless() {
  const bsuid = `CZ.${v7()}`
  await parley.deliver(
    envelope({
      contacts: [{ profile: { name: 'Nameless Number' }, user_id: bsuid }],
      messages: [
        {
          from_user_id: bsuid,
          id: `wamid.${v7()}`,
          timestamp: String(Math.floor(Date.now() / 1000)),
          type: 'text',
          text: { body: 'Hi' },
        },
      ],
    }),
  )
  return eventually(async () => {
    const { body } = await olga.get('/api/v1/sessions')
    return body.items.find((one: { client: { bsuid: string | null } }) => one.client.bsuid === bsuid)
  }, 'the session of somebody without a number')
}
const again = async (id: string) => (await olga.get(`/api/v1/sessions/${id}`)).body

describe('“Add Contact” in a session', () => {
  test('stores what WhatsApp tells of the client, and the session shows the contact’s name from then on, live', async () => {
    const one = await session()
    const { status, body: contact } = await olga.post(`/api/v1/clients/${one.client.id}/contact`, {})
    expect(status).toBe(200)
    expect(contact).toMatchObject({
      name: one.client.name,
      phones: [one.client.phone],
      clients: [{ id: one.client.id, phone: one.client.phone }],
    })
    await olga.patch(`/api/v1/contacts/${contact.id}`, { name: 'Jana Nováková' })
    const shown = await eventually(async () => {
      const now = live.sessions.get(one.id)
      return now?.client.contactName === 'Jana Nováková' ? now : undefined
    }, 'the frame with the new name')
    expect(shown.client).toMatchObject({ name: one.client.name, contactId: contact.id })
    const changed = await again(one.id)
    expect(changed.rev).toBe(one.rev + 2)
    expect((await olga.get(`/api/v1/clients/${one.client.id}`)).body).toMatchObject({
      contactId: contact.id,
      contactName: 'Jana Nováková',
    })
    const { body: messages } = await olga.get(`/api/v1/sessions/${one.id}/messages`)
    expect(messages.items[0].author.name).toBe('Jana Nováková')
    const { body: byName } = await olga.get('/api/v1/sessions?q=jana%20novakova')
    expect(byName.items.map((found: { id: string }) => found.id)).toEqual([one.id])
    const { body: timeline } = await olga.get(`/api/v1/sessions/${one.id}/timeline`)
    expect(timeline.items.filter((event: { type: string }) => event.type === 'contact')).toMatchObject([
      { evidence: { change: 'linked', contactId: contact.id } },
      { evidence: { change: 'changed', contactId: contact.id } },
    ])
    const evidence = timeline.items.map((event: { evidence: object }) => event.evidence)
    expect(JSON.stringify(evidence)).not.toContain('Nováková')
  })

  test('works for somebody whose number WhatsApp does not tell: found, listed, shown by name and id', async () => {
    const one = await phoneless()
    const { body: contact } = await olga.post(`/api/v1/clients/${one.client.id}/contact`, { name: 'Without A Number' })
    expect(contact).toMatchObject({
      name: 'Without A Number',
      phones: [],
      clients: [{ phone: null, bsuid: one.client.bsuid }],
    })
    for (const q of ['without a number', one.client.bsuid, 'nameless']) {
      const { body } = await olga.get(`/api/v1/contacts?q=${encodeURIComponent(q)}`)
      expect(body.items.map((found: { id: string }) => found.id)).toContain(contact.id)
    }
    expect((await again(one.id)).client).toMatchObject({ phone: null, contactName: 'Without A Number' })
  })

  test('suggests whom the directory has with the number or the name, the best first', async () => {
    const number = phone()
    const { body: byNumber } = await olga.post('/api/v1/contacts', { name: 'Somebody', phones: [`+${number}`] })
    const { body: byName } = await olga.post('/api/v1/contacts', { name: `CLIENT ${number}` })
    const { body: byBoth } = await olga.post('/api/v1/contacts', { name: `Client ${number}`, phones: [`+${number}`] })
    const one = await session(number)
    const { body } = await olga.get(`/api/v1/clients/${one.client.id}/contact-suggestions`)
    expect(
      body.items.map((match: { contact: { id: string }; reasons: string[] }) => [match.contact.id, match.reasons]),
    ).toEqual([
      [byBoth.id, ['phone', 'name']],
      [byNumber.id, ['phone']],
      [byName.id, ['name']],
    ])
    expect((await olga.post(`/api/v1/clients/${one.client.id}/contact`, { contactId: byBoth.id })).status).toBe(200)
    expect((await again(one.id)).client.contactId).toBe(byBoth.id)
  })

  test('is for whoever may see the client; another group’s clients stay hidden, the directory does not', async () => {
    const one = await session()
    const { body: contact } = await olga.post(`/api/v1/clients/${one.client.id}/contact`, {})
    expect((await stranger.post(`/api/v1/clients/${one.client.id}/contact`, { contactId: contact.id })).status).toBe(
      404,
    )
    expect((await stranger.delete(`/api/v1/clients/${one.client.id}/contact`)).status).toBe(404)
    expect((await stranger.get(`/api/v1/contacts/${contact.id}`)).status).toBe(200)
    expect((await stranger.get(`/api/v1/contacts/${contact.id}/sessions`)).body.items).toEqual([])
    const { body } = await olga.get(`/api/v1/contacts/${contact.id}/sessions`)
    expect(body.items.map((found: { id: string }) => found.id)).toEqual([one.id])
    const { body: clients } = await stranger.get(`/api/v1/contacts/${contact.id}/clients`)
    expect(clients.items).toHaveLength(1)
  })

  test('disconnects, and refuses what is no contact', async () => {
    const one = await session()
    expect(
      (await olga.post(`/api/v1/clients/${one.client.id}/contact`, { contactId: v7() })).body.errors[0].pointer,
    ).toBe('/contactId')
    const { body: contact } = await olga.post(`/api/v1/clients/${one.client.id}/contact`, {})
    expect((await olga.delete(`/api/v1/clients/${one.client.id}/contact`)).status).toBe(204)
    expect((await again(one.id)).client).toMatchObject({ contactId: null, contactName: null })
    expect((await olga.get(`/api/v1/contacts/${contact.id}`)).body.clients).toEqual([])
    await olga.post(`/api/v1/clients/${one.client.id}/contact`, { contactId: contact.id })
    await admin.delete(`/api/v1/contacts/${contact.id}`)
    expect((await again(one.id)).client).toMatchObject({ contactId: null, contactName: null })
  })
})

describe('a merge', () => {
  const two = async () => {
    const a = await session()
    const b = await session()
    const { body: first } = await olga.post(`/api/v1/clients/${a.client.id}/contact`, {
      name: 'First',
      emails: ['both@example.cz'],
    })
    const { body: other } = await olga.post(`/api/v1/clients/${b.client.id}/contact`, {
      name: 'Other',
      emails: ['both@example.cz', 'other@example.cz'],
    })
    return { a, b, first, other }
  }

  test('is one contact with the values and clients of both; the other’s address leads to it', async () => {
    const { a, b, first, other } = await two()
    expect((await olga.post(`/api/v1/contacts/${first.id}/merge`, { contactId: other.id })).status).toBe(403)
    const { body: merged } = await admin.post(`/api/v1/contacts/${first.id}/merge`, { contactId: other.id })
    expect(merged).toMatchObject({
      id: first.id,
      name: 'First',
      names: ['First', 'Other'],
      phones: [a.client.phone, b.client.phone],
      emails: ['both@example.cz', 'other@example.cz'],
    })
    expect(merged.clients.map((client: { id: string }) => client.id)).toEqual([a.client.id, b.client.id])
    expect((await olga.get(`/api/v1/contacts/${other.id}`)).body.id).toBe(first.id)
    expect((await again(b.id)).client).toMatchObject({ contactId: first.id, contactName: 'First' })
    expect(
      (await admin.post(`/api/v1/contacts/${first.id}/merge`, { contactId: other.id })).body.errors[0].detail,
    ).toContain('already')
    const { body: sessions } = await olga.get(`/api/v1/contacts/${other.id}/sessions`)
    expect(sessions.items).toHaveLength(2)
  })

  test('is undone: both are as they were, with what was changed since kept', async () => {
    const { a, b, first, other } = await two()
    await admin.post(`/api/v1/contacts/${first.id}/merge`, { contactId: other.id })
    await olga.patch(`/api/v1/contacts/${first.id}`, { names: ['First, changed', 'Other'] })
    const { body: merges } = await olga.get(`/api/v1/contacts/${first.id}/merges`)
    expect(merges.items).toMatchObject([{ contactId: other.id, name: 'Other', byName: 'Ada Admin' }])
    const mergeId = merges.items[0].id
    expect((await olga.post(`/api/v1/contacts/${first.id}/undo-merge`, { mergeId })).status).toBe(403)
    const { body: back } = await admin.post(`/api/v1/contacts/${first.id}/undo-merge`, { mergeId })
    expect(back).toMatchObject({ id: other.id, name: 'Other', emails: ['both@example.cz', 'other@example.cz'] })
    expect(back.clients.map((client: { id: string }) => client.id)).toEqual([b.client.id])
    expect((await olga.get(`/api/v1/contacts/${first.id}`)).body).toMatchObject({
      names: ['First, changed'],
      emails: ['both@example.cz'],
      clients: [{ id: a.client.id }],
    })
    expect((await again(b.id)).client).toMatchObject({ contactId: other.id, contactName: 'Other' })
    expect((await admin.post(`/api/v1/contacts/${first.id}/undo-merge`, { mergeId })).status).toBe(404)
    const { body: changes } = await olga.get(`/api/v1/contacts/${other.id}/changes`)
    expect(changes.items.map((change: { type: string }) => change.type)).toEqual([
      'mergeUndone',
      'mergedInto',
      'linked',
      'created',
    ])
  })

  test('is offered where somebody else has the same number, address or name', async () => {
    const number = `+${phone()}`
    const { body: one } = await olga.post('/api/v1/contacts', {
      name: 'Same Person',
      phones: [number],
      emails: ['same@example.cz'],
    })
    const { body: most } = await olga.post('/api/v1/contacts', { name: 'SAME person', phones: [number] })
    const { body: less } = await olga.post('/api/v1/contacts', { name: 'Not the same', emails: ['SAME@example.cz'] })
    const duplicates = async () => {
      const { body } = await olga.get(`/api/v1/contacts/${one.id}/duplicates`)
      return body.items.map((match: { contact: { id: string }; reasons: string[] }) => [
        match.contact.id,
        match.reasons,
      ])
    }
    expect(await duplicates()).toEqual([
      [most.id, ['phone', 'name']],
      [less.id, ['email']],
    ])
    await admin.post(`/api/v1/contacts/${one.id}/merge`, { contactId: most.id })
    expect(await duplicates()).toEqual([[less.id, ['email']]])
  })

  test('of merged ones is undone from the newest back', async () => {
    const { first, other } = await two()
    const { body: third } = await olga.post('/api/v1/contacts', { name: 'Third' })
    await admin.post(`/api/v1/contacts/${first.id}/merge`, { contactId: other.id })
    await admin.post(`/api/v1/contacts/${third.id}/merge`, { contactId: first.id })
    expect((await olga.get(`/api/v1/contacts/${other.id}`)).body).toMatchObject({
      id: third.id,
      names: ['Third', 'First', 'Other'],
    })
    const undo = async (id: string) => {
      const [merge] = (await olga.get(`/api/v1/contacts/${id}/merges`)).body.items
      return admin.post(`/api/v1/contacts/${id}/undo-merge`, { mergeId: merge.id })
    }
    expect((await undo(third.id)).body).toMatchObject({ id: first.id, names: ['First', 'Other'] })
    expect((await undo(first.id)).body).toMatchObject({ id: other.id, names: ['Other'] })
    expect((await olga.get(`/api/v1/contacts/${third.id}`)).body.names).toEqual(['Third'])
  })
})

test('50 times two administrators merge two contacts into each other at once: one contact is left, with both clients', async () => {
  const world = await startWorld()
  try {
    const rights = await loadRights(world.db, world.olga)
    if (rights === null) throw new Error('no rights')
    const by = { kind: 'operator', rights } as const
    for (let round = 0; round < 50; round++) {
      const [a = '', b = ''] = await Promise.all(
        [0, 1].map((side) =>
          transact(world.ctx, (trx) =>
            insertContact(trx, by, [{ kind: 'name', fieldId: null, value: `${round} ${side}` }], world.clock.now()),
          ),
        ),
      )
      const outcomes = await Promise.all([mergeContacts(world.ctx, by, a, b), mergeContacts(world.ctx, by, b, a)])
      expect(outcomes.map((one) => one.is).sort()).toEqual(['merged', 'same'])
      const { rows } = await sql<{ n: number }>`
        SELECT count(*)::int AS n FROM contact WHERE id IN (${a}, ${b}) AND merged_into IS NULL`.execute(world.db)
      expect(rows[0]?.n).toBe(1)
    }
  } finally {
    await world.close()
  }
})

test('where a message goes is fixed at the session’s start: no link, merge, undo or change of a contact moves it', async () => {
  const world = await startWorld()
  try {
    const rights = await loadRights(world.db, world.olga)
    if (rights === null) throw new Error('no rights')
    const by = { kind: 'operator', rights } as const
    const make = (name: string, number: string) =>
      transact(world.ctx, (trx) =>
        insertContact(
          trx,
          by,
          [
            { kind: 'name', fieldId: null, value: name },
            { kind: 'phone', fieldId: null, value: number },
          ],
          world.clock.now(),
        ),
      )
    await world.deliver(meta.text({ phone: '420777900001' }, 'It is me'))
    await world.deliver(meta.text({ phone: '420777900002' }, 'It is somebody else'))
    const mine = await world.inPhase('420777900001', 'active')
    await world.inPhase('420777900002', 'active')
    const [wanted, other] = await Promise.all([make('Wanted', '+420777900003'), make('Other', '+420777900002')])
    const sends = async () => {
      world.clock.forward(6_000)
      const sent = await sendText(world.ctx, {
        actor: by,
        key: v7(),
        hash: Buffer.alloc(32),
        sessionId: mine.id,
        text: 'For you alone',
        replyTo: null,
      })
      expect(sent.ok).toBe(true)
      const claim = await claimNext(world.ctx, mine.id)
      if (claim.claim !== 'post') throw new Error(claim.claim)
      await sql`UPDATE attempt SET state = 'accepted' WHERE session_id = ${mine.id}`.execute(world.db)
      return claim.claimed.to
    }
    const home = { kind: 'phone', value: '420777900001' }
    expect(await sends()).toEqual(home)
    await linkClient(world.ctx, by, mine.client_id, wanted)
    expect(await sends()).toEqual(home)
    const theirs = await world.client('420777900002')
    await linkClient(world.ctx, by, theirs.id, other)
    const merged = await mergeContacts(world.ctx, by, other, wanted)
    expect(await sends()).toEqual(home)
    if (merged.is !== 'merged') throw new Error(merged.is)
    await undoMerge(world.ctx, by, other, merged.mergeId)
    await linkClient(world.ctx, by, mine.client_id, other)
    expect(await sends()).toEqual(home)
  } finally {
    await world.close()
  }
})

test('two clients that prove to be one belong to the contact of whichever had one', async () => {
  const world = await startWorld()
  try {
    const rights = await loadRights(world.db, world.olga)
    if (rights === null) throw new Error('no rights')
    const by = { kind: 'operator', rights } as const
    for (const [n, linked] of [
      [1, 'phone'],
      [2, 'bsuid'],
    ] as const) {
      const phone = `42077798000${n}`
      const bsuid = `CZ.JOINED${n}`
      await world.deliver(meta.text({ phone }, 'By number'))
      await world.deliver(meta.text({ bsuid }, 'By id'))
      const contact = await transact(world.ctx, (trx) =>
        insertContact(trx, by, [{ kind: 'name', fieldId: null, value: `Joined ${n}` }], world.clock.now()),
      )
      await linkClient(world.ctx, by, (await world.client(linked === 'phone' ? phone : bsuid)).id, contact)
      await world.deliver(meta.text({ phone, bsuid }, 'Both'))
      const one = await world.client(phone)
      expect(one.id).toBe((await world.client(bsuid)).id)
      expect(one.contact_id).toBe(contact)
      // Found by what Meta has told since they were linked, as by what it had told before.
      for (const q of [`+${phone}`, bsuid])
        expect((await findContacts(world.db, { q, limit: 5 })).ids).toEqual([contact])
    }
  } finally {
    await world.close()
  }
})
