// What the page knows: the simulator's world, loaded once and then kept by its events.
import { signal } from '@preact/signals'
import type { Post } from '../../courier.ts'
import type { Knobs } from '../../knobs.ts'
import type { LiveEvent } from '../../live.ts'
import type { BusinessNumber, Client, Note, Talk } from '../../words.ts'

export const numbers = signal<readonly BusinessNumber[]>([])
export const clients = signal<ReadonlyMap<string, Client>>(new Map())
export const talks = signal<ReadonlyMap<string, Talk>>(new Map())
export const notes = signal<ReadonlyMap<string, Note>>(new Map())
export const posts = signal<ReadonlyMap<string, Post>>(new Map())
export const knobs = signal<Knobs | null>(null)
export const defaults = signal<Knobs | null>(null)
export const knownErrors = signal<readonly { code: number; title: string }[]>([])
export const held = signal(0)
export const webhookUrl = signal<string | null>(null)
export const connected = signal(false)
/** The simulator's time is ours, moved by this and that many times as fast since `since`. */
const clock = signal({ now: Date.now(), scale: 1, since: Date.now() })
/** Ticks each second, so that countdowns move. */
export const tick = signal(0)
export const trouble = signal<string | null>(null)

export const simulatedNow = (): number => {
  void tick.value
  const { now, scale, since } = clock.value
  return now + (Date.now() - since) * scale
}
export const clockScale = (): number => clock.value.scale

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`/simulator${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const read = (await answer.json()) as T & { error?: string }
  if (!answer.ok) throw new Error(read.error ?? `HTTP ${answer.status}`)
  return read
}

/** For buttons: what goes wrong is shown at the top, until the next one succeeds. */
export async function act(doing: () => Promise<unknown>): Promise<boolean> {
  try {
    await doing()
    trouble.value = null
    return true
  } catch (error) {
    trouble.value = error instanceof Error ? error.message : 'It did not work.'
    return false
  }
}

interface Loaded {
  numbers: BusinessNumber[]
  clients: Client[]
  talks: Talk[]
  notes: Note[]
  posts: Post[]
  errors: { code: number; title: string }[]
  held: number
  webhookUrl: string | null
  knobs: Knobs
  defaults: Knobs
  clock: { now: number; setting: { scale: number } }
}

async function load(): Promise<void> {
  const world = await call<Loaded>('GET', '/world')
  numbers.value = world.numbers
  clients.value = new Map(world.clients.map((client) => [client.id, client]))
  talks.value = new Map(world.talks.map((talk) => [`${talk.phoneNumberId}/${talk.clientId}`, talk]))
  notes.value = new Map(world.notes.map((note) => [note.wamid, note]))
  posts.value = new Map(world.posts.map((post) => [post.id, post]))
  knownErrors.value = world.errors
  held.value = world.held
  webhookUrl.value = world.webhookUrl
  knobs.value = world.knobs
  defaults.value = world.defaults
  clock.value = { now: world.clock.now, scale: world.clock.setting.scale, since: Date.now() }
}

function apply(event: LiveEvent): void {
  switch (event.type) {
    case 'client':
      clients.value = new Map(clients.value).set(event.client.id, event.client)
      break
    case 'talk':
      talks.value = new Map(talks.value).set(`${event.talk.phoneNumberId}/${event.talk.clientId}`, event.talk)
      break
    case 'note':
      notes.value = new Map(notes.value).set(event.note.wamid, event.note)
      break
    case 'post': {
      const next = new Map(posts.value).set(event.post.id, event.post)
      const oldest = next.keys().next().value
      if (next.size > 200 && oldest !== undefined) next.delete(oldest)
      posts.value = next
      break
    }
    case 'knobs':
      knobs.value = event.knobs
      break
    case 'clock':
      clock.value = { now: event.now, scale: event.setting.scale, since: Date.now() }
      break
    case 'held':
      held.value = event.held
  }
}

/** Events that come while the world is loading are applied after it; after a gap everything is loaded anew. */
export function connect(): void {
  let waiting: LiveEvent[] | null = []
  const events = new EventSource('/simulator/events')
  events.onopen = async () => {
    waiting = []
    await act(load)
    const missed = waiting
    waiting = null
    for (const event of missed) apply(event)
    connected.value = true
  }
  events.onerror = () => {
    connected.value = false
  }
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data) as LiveEvent
    if (waiting) waiting.push(event)
    else apply(event)
  }
  setInterval(() => {
    tick.value += 1
  }, 1000)
}

const ARRIVED = ['delivered', 'read', 'played']
/** What this phone shows: all the client wrote, and what arrived of the company's. */
export const onPhone = (client: string, number: string): readonly Note[] =>
  [...notes.value.values()]
    .filter((note) => note.clientId === client && note.phoneNumberId === number && note.type !== 'reaction')
    .filter((note) => note.from === 'client' || ARRIVED.includes(note.status))
    .sort((a, b) => a.no - b.no)

export const underWay = (client: string, number: string): readonly Note[] =>
  [...notes.value.values()].filter(
    (note) =>
      note.clientId === client &&
      note.phoneNumberId === number &&
      note.from === 'company' &&
      !ARRIVED.includes(note.status) &&
      note.type !== 'reaction',
  )
