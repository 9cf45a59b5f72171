import { beforeEach, expect, test } from 'vitest'
import { Problem, Unreachable } from '../../../console/src/api/client.ts'
import type { Message } from '../../../console/src/api/types.ts'
import { type Entry, KEEP_TRYING_MS, Outbox } from '../../../console/src/store/outbox.ts'
import { message } from './samples.ts'

class World {
  now = 1_000_000
  readonly posts: { entry: Entry; done: (message: Message) => void; fail: (error: unknown) => void }[] = []
  readonly timers: (() => void)[] = []
  readonly sent: Message[] = []
  keys = 0
  readonly outbox = new Outbox({
    post: (entry) => new Promise((done, fail) => this.posts.push({ entry, done, fail })),
    sent: (one) => this.sent.push(one),
    now: () => this.now,
    newKey: () => {
      this.keys += 1
      return `key-${this.keys}`
    },
    later: (_ms, run) => {
      this.timers.push(run)
      return () => {}
    },
    save: () => {},
  })

  async next(answer: Message | Error) {
    const post = this.posts.shift()
    if (post === undefined) throw new Error('nothing was posted')
    if (answer instanceof Error) post.fail(answer)
    else post.done(answer)
    await settle()
    return post.entry
  }

  async tick(ms: number) {
    this.now += ms
    this.timers.shift()?.()
    await settle()
  }

  states() {
    return this.outbox.entries.value.map(({ text, state }) => `${text}: ${state}`)
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
const closed = new Problem({ status: 409, code: 'text-field-closed', reason: 'windowShut' }, null)

let world: World
beforeEach(() => {
  world = new World()
})

test('messages of one session go out one after another, in the order in which they were written', async () => {
  world.outbox.send('s1', 'one', null)
  world.outbox.send('s1', 'two', null)
  world.outbox.send('s2', 'other', null)
  expect(world.posts.map(({ entry }) => entry.text)).toEqual(['one', 'other'])
  await world.next(message({ id: 'm1', clientRef: 'key-1' }))
  expect(world.posts.map(({ entry }) => entry.text)).toEqual(['other', 'two'])
})

test('a post that got no answer is repeated with the same key, and only with that', async () => {
  world.outbox.send('s1', 'one', null)
  const first = await world.next(new Unreachable('away'))
  expect(world.states()).toEqual(['one: waiting'])
  await world.tick(500)
  const second = await world.next(message({ id: 'm1', clientRef: 'key-1' }))
  expect(second.key).toBe(first.key)
  expect(world.keys).toBe(1)
  expect(world.states()).toEqual([])
})

test('after a minute without a connection it stays, and waits for a person; its key stays, too', async () => {
  world.outbox.send('s1', 'one', null)
  await world.next(new Unreachable('away'))
  await world.tick(KEEP_TRYING_MS)
  expect(world.states()).toEqual(['one: kept'])
  expect(world.posts).toEqual([])
  world.outbox.again('key-1')
  await settle()
  expect(world.posts[0]?.entry.key).toBe('key-1')
})

test('a refusal is certain: it is not repeated, and says why', async () => {
  world.outbox.send('s1', 'one', null)
  await world.next(closed)
  expect(world.states()).toEqual(['one: refused'])
  expect(world.outbox.entries.value[0]?.problem?.code).toBe('text-field-closed')
  expect(world.timers).toEqual([])
})

test('a message that is seen before its answer is no longer waited for', async () => {
  world.outbox.send('s1', 'one', null)
  world.outbox.seen(message({ id: 'm1', clientRef: 'key-1' }))
  expect(world.states()).toEqual([])
})

test('the connection’s return is used at once', async () => {
  world.outbox.send('s1', 'one', null)
  await world.next(new Unreachable('away'))
  world.outbox.wake()
  await settle()
  expect(world.posts).toHaveLength(1)
})
