import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { LiveFrame } from '../../../console/src/api/types.ts'
import { Live, type LiveState, type SocketEvents } from '../../../console/src/live.ts'
import { message, session } from './samples.ts'

/** A world whose sockets, loads and timers wait until the test lets them go. */
class World {
  readonly sockets: { events: SocketEvents; closed: boolean }[] = []
  readonly loads: { done: () => void; fail: () => void }[] = []
  readonly timers: { ms: number; run: () => void }[] = []
  readonly applied: LiveFrame[] = []
  readonly states: LiveState[] = []
  signedOutTimes = 0
  rightsAsked = 0

  readonly live = new Live({
    open: (events) => {
      const socket = { events, closed: false }
      this.sockets.push(socket)
      return {
        close: () => {
          socket.closed = true
        },
      }
    },
    load: () =>
      new Promise((resolve, reject) => this.loads.push({ done: resolve, fail: () => reject(new Error('away')) })),
    apply: (frame) => this.applied.push(frame),
    state: (state) => this.states.push(state),
    signedOut: () => {
      this.signedOutTimes += 1
    },
    rights: async () => {
      this.rightsAsked += 1
    },
    later: (ms, run) => {
      const timer = { ms, run }
      this.timers.push(timer)
      return () => {
        const at = this.timers.indexOf(timer)
        if (at !== -1) this.timers.splice(at, 1)
      }
    },
    chance: () => 1,
  })

  get socket() {
    const socket = this.sockets.at(-1)
    if (socket === undefined) throw new Error('no socket was opened')
    return socket
  }

  push(frame: LiveFrame) {
    this.socket.events.onFrame(frame)
  }

  async loaded() {
    this.loads.shift()?.done()
    await settle()
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
const hello: LiveFrame = { type: 'hello', serverTime: '2026-11-12T13:00:00Z' }
const frame = (id: string): LiveFrame => ({ type: 'session', session: session({ id }) })

let world: World
beforeEach(() => {
  world = new World()
  world.live.start()
})

test('what is pushed while the lists load is held, and applied in its order afterwards', async () => {
  world.push(frame('before hello'))
  world.push(hello)
  world.push(frame('a'))
  world.push({ type: 'message', sessionId: 's1', message: message({ id: 'm1' }) })
  expect(world.applied).toEqual([hello])
  await world.loaded()
  expect(world.applied.map((one) => one.type)).toEqual(['hello', 'session', 'session', 'message'])
  world.push(frame('b'))
  expect(world.applied.at(-1)).toEqual(frame('b'))
  expect(world.states.at(-1)).toBe('live')
})

test('a resync loads everything again, and holds meanwhile', async () => {
  world.push(hello)
  await world.loaded()
  world.push({ type: 'resync' })
  world.push(frame('c'))
  expect(world.applied).toEqual([hello])
  expect(world.loads).toHaveLength(1)
  await world.loaded()
  expect(world.applied.at(-1)).toEqual(frame('c'))
})

test('a resync during a load is followed by another load', async () => {
  world.push(hello)
  world.push({ type: 'resync' })
  await world.loaded()
  expect(world.states.at(-1)).not.toBe('live')
  expect(world.loads).toHaveLength(1)
  await world.loaded()
  expect(world.states.at(-1)).toBe('live')
})

test('waits grow with each failure up to a limit, and start anew after a success', async () => {
  const waits: number[] = []
  for (let n = 0; n < 9; n += 1) {
    world.socket.events.onClose(1006)
    const timer = world.timers.shift()
    waits.push(timer?.ms ?? 0)
    timer?.run()
  }
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000])
  world.push(hello)
  await world.loaded()
  world.socket.events.onClose(1006)
  expect(world.timers.at(-1)?.ms).toBe(500)
})

test('a load that fails closes the socket and tries again', async () => {
  world.push(hello)
  world.loads.shift()?.fail()
  await settle()
  expect(world.socket.closed).toBe(true)
  expect(world.states.at(-1)).toBe('offline')
  expect(world.timers).toHaveLength(1)
})

test('4401 leads to the sign-in, and nothing reconnects', async () => {
  world.push(hello)
  await world.loaded()
  world.socket.events.onClose(4401)
  await settle()
  expect(world.signedOutTimes).toBe(1)
  expect(world.timers).toEqual([])
})

test('4403 asks for the rights anew before it comes back', async () => {
  world.push(hello)
  await world.loaded()
  world.socket.events.onClose(4403)
  await settle()
  expect(world.rightsAsked).toBe(1)
  expect(world.timers).toHaveLength(1)
})

test.each([4408, 1012])('%d comes back soon', async (code) => {
  world.push(hello)
  await world.loaded()
  world.socket.events.onClose(code)
  expect(world.timers.map(({ ms }) => ms)).toEqual([300])
  expect(world.states.at(-1)).toBe('connecting')
})

test('frames and ends of an old socket are nobody’s any more', async () => {
  world.push(hello)
  const old = world.socket
  world.live.reconnectNow()
  old.events.onFrame(frame('late'))
  old.events.onClose(1006)
  world.push(hello)
  world.loads.shift()?.done()
  await world.loaded()
  expect(world.applied).toEqual([hello, hello])
  expect(world.timers).toEqual([])
  expect(old.closed).toBe(true)
})

test('whatever happens to the connection, no frame that followed the last hello is lost or doubled', async () => {
  const step = fc.constantFrom('frame', 'close', 'hello', 'resync', 'loaded', 'timer')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const here = new World()
      here.live.start()
      let expected: string[] = []
      let n = 0
      let greeted = false
      for (const what of steps) {
        if (what === 'frame') {
          n += 1
          here.push(frame(`f${n}`))
          expected.push(`f${n}`)
        }
        if (what === 'hello' && !greeted) {
          greeted = true
          here.push(hello)
        }
        if (what === 'resync' && greeted) here.push({ type: 'resync' })
        if (what === 'close') {
          here.socket.events.onClose(1006)
          here.timers.shift()?.run()
          expected = []
          greeted = false
          here.applied.length = 0
        }
        if (what === 'loaded') {
          // A load answers with everything that was pushed before it was asked.
          here.loads.shift()?.done()
          await settle()
        }
      }
      if (!greeted) here.push(hello)
      while (here.loads.length > 0) await here.loaded()
      const got = here.applied.flatMap((one) => (one.type === 'session' ? [one.session.id] : []))
      expect(got).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})

test('where the network is said to be away, the open socket is not believed', async () => {
  world.push(hello)
  await world.loaded()
  world.live.lost()
  expect(world.socket.closed).toBe(true)
  expect(world.states.at(-1)).toBe('offline')
  expect(world.timers).toHaveLength(1)
})
