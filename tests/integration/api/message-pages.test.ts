// Messages of a session, page by page: the newest ones first to see, older and newer ones from there, and what changed
// since a rev, which is how a client catches up. Always in the order in which they stand.
import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MessageView } from '../../../src/api/views/message-schema.ts'
import { openApi, type Reading } from '../../support/reading.ts'
import type { Caller } from '../../support/service.ts'
import { ghost, newWamid, status, text } from '../../support/webhooks.ts'
import { startWorld, type World } from '../../support/world.ts'

let world: World
let api: Reading
let olga: Caller
beforeAll(async () => {
  world = await startWorld()
  api = await openApi(world)
  olga = await api.as(world.olga)
})
afterAll(async () => {
  await api?.close()
  await world?.close()
})

let clients = 0
/** More pages than any conversation here has. */
const MANY = 500

/** A session of Olga's in which a new client has written `count` messages. */
async function talk(count: number): Promise<Talk> {
  const who = { phone: `42077700${String(++clients).padStart(4, '0')}`, name: 'Jana' }
  await world.deliver(...Array.from({ length: count }, (_, n) => text(who, `m${n + 1}`)))
  const { id } = await world.session(who.phone)
  await world.accept(id)
  return new Talk(id, who)
}

class Talk {
  readonly id: string
  readonly who: { readonly phone: string; readonly name: string }
  readonly #ghosts: string[] = []
  readonly #sent: string[] = []
  #said = 0

  constructor(id: string, who: Talk['who']) {
    this.id = id
    this.who = who
  }

  page = async (query = ''): Promise<{ readonly items: readonly MessageView[]; readonly next: string | null }> => {
    const answer = await olga.get(`/api/v1/sessions/${this.id}/messages?${query}`)
    expect(answer.status, answer.text).toBe(200)
    return answer.body
  }

  /** Page after page, as they come. */
  pages = async (query: string, between = async () => {}): Promise<(readonly MessageView[])[]> => {
    const read: (readonly MessageView[])[] = []
    let cursor = ''
    for (;;) {
      const { items, next } = await this.page(`${query}${cursor}`)
      read.push(items)
      if (read.length > MANY) throw new Error('the pages lead in a circle')
      if (next === null) return read
      cursor = `&cursor=${next}`
      await between()
    }
  }

  seqs = async (query: string): Promise<(number | null)[]> => (await this.page(query)).items.map(({ seq }) => seq)

  /** One thing more happens in the conversation. */
  async goesOn(what: (typeof STEPS)[number], n: number): Promise<void> {
    const word = `more ${++this.#said}`
    switch (what) {
      case 'writes':
        return world.deliver(text(this.who, word), text(this.who, `${word}, again`))
      case 'ghost': {
        const id = newWamid()
        this.#ghosts.push(id)
        return world.deliver(ghost(this.who, { id }))
      }
      case 'real': {
        const id = this.#ghosts.shift()
        return id === undefined ? undefined : world.deliver(text(this.who, word, { id }))
      }
      case 'sends':
        this.#sent.push((await world.sends(this.id, 'accepted')).wamid)
        return
      case 'status': {
        const wamid = this.#sent[n % Math.max(1, this.#sent.length)]
        const step = ['sent', 'delivered', 'read', 'failed'][n % 4] ?? 'sent'
        return wamid === undefined ? undefined : world.deliver(status(wamid, step, { code: 131026 }))
      }
    }
  }
}

const STEPS = ['writes', 'ghost', 'real', 'sends', 'status'] as const
const steps = fc.array(fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(99)), { maxLength: 3 }), { maxLength: 8 })

/** Of two states of a message the greater rev is the newer. */
function merge(into: Map<string, MessageView>, messages: readonly MessageView[]): void {
  for (const message of messages) {
    const known = into.get(message.id)
    if (known === undefined || message.rev >= known.rev) into.set(message.id, message)
  }
}

const bySeq = (messages: Iterable<MessageView>): MessageView[] =>
  [...messages].sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))

describe('a page', () => {
  test('is the newest one, ascending, and leads to older ones until there are none', async () => {
    const { page, pages, seqs } = await talk(7)
    expect(await seqs('limit=3')).toEqual([5, 6, 7])
    expect((await pages('limit=3')).map((one) => one.map(({ seq }) => seq))).toEqual([[5, 6, 7], [2, 3, 4], [1]])
    expect(await page('limit=7')).toMatchObject({ next: null })
    expect((await page('')).items.map(({ text }) => text)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'])
  })

  test('before a message holds those right before it, and leads to older ones', async () => {
    const { pages, seqs } = await talk(7)
    expect(await seqs('before=5&limit=2')).toEqual([3, 4])
    expect((await pages('before=6&limit=2')).map((one) => one.map(({ seq }) => seq))).toEqual([[4, 5], [2, 3], [1]])
    expect([await seqs('before=1'), await seqs('before=0'), await seqs('before=99&limit=2')]).toEqual([[], [], [6, 7]])
  })

  test('after a message holds those right after it, and leads to newer ones', async () => {
    const { pages, seqs } = await talk(7)
    expect(await seqs('after=2&limit=2')).toEqual([3, 4])
    expect((await pages('after=2&limit=2')).map((one) => one.map(({ seq }) => seq))).toEqual([[3, 4], [5, 6], [7]])
    expect([await seqs('after=7'), await seqs('after=0&limit=2')]).toEqual([[], [1, 2]])
  })

  test('after a rev holds what is new or changed since, in the order of its change', async () => {
    const conversation = await talk(2)
    const { wamid } = await world.sends(conversation.id, 'accepted')
    const before = (await olga.get(`/api/v1/sessions/${conversation.id}`)).body.rev
    expect(await conversation.seqs(`afterRev=${before}`)).toEqual([])
    await world.deliver(text(conversation.who, 'four'))
    await world.deliver(status(wamid, 'read'))
    const { items } = await conversation.page(`afterRev=${before}`)
    expect(items).toMatchObject([
      { seq: 4, text: 'four', rev: before + 1 },
      { seq: 3, status: 'read', rev: before + 2 },
    ])
    expect(await conversation.seqs(`afterRev=${before + 1}`)).toEqual([3])
    expect((await conversation.seqs('afterRev=0')).toSorted()).toEqual([1, 2, 3, 4])
  })

  test('shows nothing that no rev tells: a status that came too late is evidence, and no time of its message', async () => {
    const conversation = await talk(1)
    const { wamid } = await world.sends(conversation.id, 'read')
    const before = await conversation.page()
    expect(Object.keys(before.items[1]?.statusTimes ?? {})).toEqual(['pending', 'calling', 'accepted', 'read'])
    world.clock.forward(1_000)
    await world.deliver(status(wamid, 'delivered'))
    expect(await conversation.page()).toEqual(before)
  })

  test('of what changed together is paged within one rev as well', async () => {
    const conversation = await talk(7)
    expect(new Set((await conversation.page()).items.map(({ rev }) => rev)).size).toBe(1)
    const read = await conversation.pages('afterRev=0&limit=2')
    expect(read.map((one) => one.map(({ seq }) => seq))).toEqual([[1, 2], [3, 4], [5, 6], [7]])
  })

  const beyond = (position: object) => `cursor=${Buffer.from(JSON.stringify(position)).toString('base64url')}`
  test.for([
    ...['before=-1', 'before=2147483648', 'after=x', 'afterRev=1.5', 'afterRev=2147483647'],
    ...['limit=0', 'limit=1001', 'cursor=x', 'afterrev=1'],
    ...[beyond({ before: 2_147_483_648 }), beyond({ rev: 1, seq: 2_147_483_648 })],
  ])('is refused where %s asks for it', async (query) => {
    const { id } = await talk(1)
    const answer = await olga.get(`/api/v1/sessions/${id}/messages?${query}`)
    expect(answer.body).toMatchObject({
      status: 400,
      code: 'invalid',
      errors: [{ pointer: `/${query.split('=')[0]}` }],
    })
  })

  test('is of its own session alone, whichever one the cursor comes from', async () => {
    const [one, two] = [await talk(3), await talk(3)]
    const { next } = await one.page('limit=1')
    const { items } = await two.page(`limit=5&cursor=${next}`)
    expect(items.every((message) => message.sessionId === two.id)).toBe(true)
    expect((await olga.get(`/api/v1/sessions/${v7()}/messages`)).status).toBe(404)
  })
})

describe('pages while the conversation goes on', () => {
  test('to older ones show all that was there, once and in order, and nothing that came later', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 4, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        steps,
        async (count, limit, script) => {
          const conversation = await talk(count)
          const changes = [...script]
          const read = await conversation.pages(`limit=${limit}`, async () => {
            for (const [what, n] of changes.shift() ?? []) await conversation.goesOn(what, n)
          })
          const seqs = read
            .toReversed()
            .flat()
            .map(({ seq }) => seq)
          expect(seqs).toEqual(Array.from({ length: count }, (_, n) => n + 1))
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
  })

  test('to newer ones go on until the last that is there, once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        steps,
        async (count, limit, script) => {
          const conversation = await talk(count)
          const changes = [...script]
          const read = await conversation.pages(`after=1&limit=${limit}`, async () => {
            for (const [what, n] of changes.shift() ?? []) await conversation.goesOn(what, n)
          })
          const { lastSeq } = (await olga.get(`/api/v1/sessions/${conversation.id}`)).body
          expect(read.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq - 1 }, (_, n) => n + 2))
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
  })

  test('since a rev bring whoever was away to what is there now, whatever happens meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        steps,
        steps,
        async (count, limit, away, during) => {
          const conversation = await talk(count)
          for (const [what, n] of away.flat()) await conversation.goesOn(what, n)
          const known = new Map<string, MessageView>()
          merge(known, (await conversation.page('limit=1000')).items)
          const rev = (await olga.get(`/api/v1/sessions/${conversation.id}`)).body.rev
          for (const [what, n] of away.flat()) await conversation.goesOn(what, n + 1)

          const changes = [...during]
          const read = await conversation.pages(`afterRev=${rev}&limit=${limit}`, async () => {
            for (const [what, n] of changes.shift() ?? []) await conversation.goesOn(what, n)
          })
          const told = read.flat()
          // Each state once: a message comes again only where it has changed again.
          expect(new Set(told.map((message) => `${message.id} ${message.rev}`)).size).toBe(told.length)
          for (const message of told) expect(message.rev).toBeGreaterThan(rev)
          merge(known, told)
          expect(bySeq(known.values())).toEqual((await conversation.page('limit=1000')).items)
        },
      ),
      { numRuns: 15, endOnFailure: true },
    )
  })
})
