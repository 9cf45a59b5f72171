// The one instance of everything that lives as long as the page: facts, what loads them, the live connection, the
// outbox and the drafts; and the little that the browser tells (theme, focus, network).
import { computed, effect, signal } from '@preact/signals'
import { api } from '../api/api.ts'
import { onSignedOut, Problem } from '../api/client.ts'
import type { LiveFrame, Me, Session } from '../api/types.ts'
import { Live, type LiveState } from '../live.ts'
import { Drafts } from './drafts.ts'
import { Facts } from './facts.ts'
import { Loading } from './loading.ts'
import { type Entry, Outbox } from './outbox.ts'
import { loadResults } from './results.ts'

export const newKey = (): string => crypto.randomUUID()

export const facts = new Facts()
export const loading = new Loading(facts, api)
export const me = loading.me
/** Whether anybody is signed in: not known until the first answer. */
export const signedIn = signal<'unknown' | 'yes' | 'no'>('unknown')
export const liveState = signal<LiveState>('connecting')

const later = (ms: number, run: () => void): (() => void) => {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

// --- time -----------------------------------------------------------------------------------------------------------

const wallClock = signal(Date.now())
/** The server's time, ticking every second. */
export const now = computed(() => wallClock.value + facts.clockOffset.value)
setInterval(() => {
  const awakeAgain = Date.now() - wallClock.peek() > 20_000 && document.visibilityState === 'visible'
  wallClock.value = Date.now()
  // A machine that slept has a connection which only looks alive.
  if (awakeAgain) live.reconnectNow()
}, 1_000)

// --- sending --------------------------------------------------------------------------------------------------------

const OUTBOX = 'parley.outbox'
export const drafts = new Drafts({
  get: async (id) => (await api.draft(id)).text,
  put: async (id, text) => void (await api.saveDraft(id, text)),
  later,
})
export const outbox = new Outbox({
  post: (entry) => {
    const body = entry.replyTo === null ? { text: entry.text } : { text: entry.text, replyTo: entry.replyTo.messageId }
    return api.send(entry.sessionId, body, entry.key)
  },
  sent: (message) => facts.putMessage(message),
  now: () => Date.now(),
  newKey,
  later,
  save: (entries) => {
    const userId = me.peek()?.id
    if (userId !== undefined) sessionStorage.setItem(OUTBOX, JSON.stringify({ userId, entries }))
  },
})
facts.onMessage = (message) => outbox.seen(message)

function restoreOutbox(userId: string): void {
  const saved: unknown = JSON.parse(sessionStorage.getItem(OUTBOX) ?? 'null')
  if (typeof saved !== 'object' || saved === null || !('userId' in saved) || saved.userId !== userId) return
  const entries = (saved as unknown as { entries: readonly Entry[] }).entries
  outbox.restore(entries.map((entry) => ({ ...entry, problem: null })))
}

// --- live -----------------------------------------------------------------------------------------------------------

export const live = new Live({
  open: ({ onFrame, onClose }) => {
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`)
    socket.onmessage = (event) => onFrame(JSON.parse(String(event.data)) as LiveFrame)
    socket.onclose = (event) => onClose(event.code)
    return { close: () => socket.close() }
  },
  load: () => loading.all(),
  apply: (frame) => facts.apply(frame),
  state: (state) => {
    liveState.value = state
    if (state === 'live') outbox.wake()
  },
  signedOut: () => leave(),
  rights: () => loading.rights(),
  later,
  chance: Math.random,
})

/** A session says more than its thread holds: what is missing is asked for, once things have settled. */
effect(() => {
  if (liveState.value !== 'live') return
  const gaps = facts.opened().filter((id) => hasGap(facts.sessions.row(id).value))
  if (gaps.length === 0) return
  const cancel = later(1_500, () => {
    for (const id of gaps) if (hasGap(facts.sessions.peek(id))) void loading.changes(id).catch(() => undefined)
  })
  return cancel
})

function hasGap(session: Session | undefined): boolean {
  if (session === undefined) return false
  const newest = facts.messages(session.id).value.at(-1)?.seq ?? null
  return newest !== null && newest < session.lastSeq
}

addEventListener('online', () => live.reconnectNow())
addEventListener('offline', () => live.lost())

// --- who --------------------------------------------------------------------------------------------------------

onSignedOut(() => leave())

export async function begin(): Promise<void> {
  try {
    await loading.rights()
    enter()
  } catch (error) {
    if (error instanceof Problem && error.code === 'signed-out') leave()
    else later(2_000, () => void begin())
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  await api.signIn(email, password)
  // Whoever signs in has come to work; a reload or a new connection leaves presence as it is.
  await api.setPresence('online').catch(() => undefined)
  await loading.rights()
  if (location.pathname === '/sign-in') history.replaceState(null, '', '/sessions')
  enter()
}

export async function signOut(): Promise<void> {
  await drafts.flush()
  outbox.clear()
  sessionStorage.removeItem(OUTBOX)
  await api.signOut()
  leave()
  // Nothing of this user may be found by the next one.
  facts.sessions.clear()
  for (const id of facts.opened()) facts.forget(id)
  location.assign('/sign-in')
}

function enter(): void {
  signedIn.value = 'yes'
  const user = me.peek()
  if (user !== null) restoreOutbox(user.id)
  live.start()
  // Known before they are needed, so that ending a session never waits for them.
  void loadResults().catch(() => undefined)
}

function leave(): void {
  if (signedIn.peek() === 'no') return
  signedIn.value = 'no'
  live.stop()
}

export const supervises = (user: Me | null): boolean => user !== null && user.role !== 'operator'

// --- what the browser tells -----------------------------------------------------------------------------------------

const isLookedAt = (): boolean => document.visibilityState === 'visible' && document.hasFocus()
/** Somebody looks at this page: only then is anything read. */
export const lookedAt = signal(isLookedAt())
for (const event of ['focus', 'blur', 'visibilitychange'] as const) {
  const target = event === 'visibilitychange' ? document : window
  target.addEventListener(event, () => {
    lookedAt.value = isLookedAt()
  })
}

export type Theme = 'system' | 'light' | 'dark'
const THEME = 'parley.theme'
const stored = localStorage.getItem(THEME)
export const theme = signal<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system')
effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
  localStorage.setItem(THEME, theme.value)
})

/** Said in place, at the session it is about, until somebody has read it. */
export const notices = signal<ReadonlyMap<string, string>>(new Map())
export function notice(sessionId: string, text: string | null): void {
  const next = new Map(notices.peek())
  if (text === null) next.delete(sessionId)
  else next.set(sessionId, text)
  notices.value = next
}
