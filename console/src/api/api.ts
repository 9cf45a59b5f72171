// Every call that the console makes, by name. Nothing else knows an address.
import { ask } from './client.ts'
import type {
  Channel,
  Group,
  Me,
  Message,
  MessageEvidence,
  Page,
  Phase,
  Presence,
  Result,
  Session,
  TimelineItem,
  WorkflowState,
} from './types.ts'

const session = (id: string): string => `/sessions/${encodeURIComponent(id)}`
const message = (id: string): string => `/messages/${encodeURIComponent(id)}`

export const query = (values: Readonly<Record<string, string | number | undefined>>): string => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) params.set(name, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

export interface SessionFilter {
  readonly phase?: Phase
  readonly clientId?: string
  readonly tag?: string
  readonly limit?: number
  readonly cursor?: string
}

export interface MessageRange {
  readonly before?: number
  readonly afterRev?: number
  readonly limit?: number
  readonly cursor?: string
}

export const api = {
  signIn: (email: string, password: string) =>
    ask<unknown>({ method: 'POST', path: '/auth/login', body: { email, password } }),
  signOut: () => ask<null>({ method: 'POST', path: '/auth/logout' }),
  me: () => ask<Me>({ path: '/me' }),
  setPresence: (status: Presence, reason?: string) =>
    ask<unknown>({ method: 'PUT', path: '/me/presence', body: reason === undefined ? { status } : { status, reason } }),

  groups: () => ask<Page<Group>>({ path: `/groups${query({ limit: 1000 })}` }),
  channels: () => ask<Page<Channel>>({ path: `/channels${query({ limit: 1000 })}` }),
  results: () => ask<Page<Result>>({ path: `/results${query({ limit: 1000 })}` }),

  sessions: (filter: SessionFilter) => ask<Page<Session>>({ path: `/sessions${query({ ...filter })}` }),
  session: (id: string) => ask<Session>({ path: session(id) }),
  messages: (id: string, range: MessageRange) =>
    ask<Page<Message>>({ path: `${session(id)}/messages${query({ ...range })}` }),
  clientMessages: (clientId: string, cursor?: string) =>
    ask<Page<Message>>({ path: `/clients/${encodeURIComponent(clientId)}/messages${query({ cursor, limit: 200 })}` }),
  timeline: (id: string, cursor?: string) =>
    ask<Page<TimelineItem>>({ path: `${session(id)}/timeline${query({ cursor, limit: 200 })}` }),
  workflow: (id: string) => ask<WorkflowState>({ path: `${session(id)}/workflow` }),

  accept: (id: string, key: string) => ask<Session>({ method: 'POST', path: `${session(id)}/accept`, key }),
  send: (id: string, body: { text: string; replyTo?: string }, key: string) =>
    ask<Message>({ method: 'POST', path: `${session(id)}/messages`, body: { type: 'text', ...body }, key }),
  end: (
    id: string,
    body: { lastSeq: number; result?: { resultId: string; note: string | null }; farewell?: string },
    key: string,
  ) => ask<Session>({ method: 'POST', path: `${session(id)}/end`, body, key }),
  result: (id: string, body: { resultId: string; note: string | null }, key: string) =>
    ask<Session>({ method: 'POST', path: `${session(id)}/result`, body, key }),
  read: (id: string, seq: number) => ask<unknown>({ method: 'POST', path: `${session(id)}/read`, body: { seq } }),
  typing: (id: string) => ask<unknown>({ method: 'POST', path: `${session(id)}/typing` }),
  draft: (id: string) => ask<{ text: string }>({ path: `${session(id)}/draft` }),
  saveDraft: (id: string, text: string) =>
    ask<unknown>({ method: 'PUT', path: `${session(id)}/draft`, body: { text } }),

  retry: (id: string, key: string, evenThoughReached: boolean) =>
    ask<Message>({
      method: 'POST',
      path: `${message(id)}/retry`,
      key,
      ...(evenThoughReached ? { body: { evenThoughReached } } : {}),
    }),
  resolve: (id: string, outcome: 'arrived' | 'notArrived', key: string) =>
    ask<Message>({ method: 'POST', path: `${message(id)}/resolve`, body: { outcome }, key }),
  evidence: (id: string) => ask<MessageEvidence>({ path: `${message(id)}/evidence` }),
} as const
