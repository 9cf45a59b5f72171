// The calls of what comes of sessions: the blacklist, tags, results, and the settings that say who may what.
import { query } from './api.ts'
import { ask } from './client.ts'
import type { Ban, Contact, Page, Result, ResultChange, ResultDraft, Session, Settings, Tag } from './types.ts'

const session = (id: string): string => `/sessions/${encodeURIComponent(id)}`
const ban = (id: string): string => `/bans/${encodeURIComponent(id)}`
const tag = (id: string): string => `/tags/${encodeURIComponent(id)}`
const result = (id: string): string => `/results/${encodeURIComponent(id)}`

export interface BanBody {
  readonly clientId?: string
  readonly phone?: string
  readonly bsuid?: string
  readonly reason: string
  readonly until: string | null
}

export interface TagChange {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

export interface ResultBody {
  readonly name?: string
  readonly parentId?: string | null
  readonly noteRequired?: boolean
  readonly groupIds?: readonly string[]
  readonly position?: number
  readonly archived?: boolean
}

export const outcome = {
  settings: () => ask<Settings>({ path: '/settings' }),
  changeSettings: (body: Partial<Settings>) => ask<Settings>({ method: 'PATCH', path: '/settings', body }),

  bans: (filter: { state: 'active' | 'inactive' | 'all'; q?: string; cursor?: string }) =>
    ask<Page<Ban>>({ path: `/bans${query({ ...filter, limit: 50 })}` }),
  ban: (body: BanBody) => ask<Ban>({ method: 'POST', path: '/bans', body }),
  lift: (id: string) => ask<Ban>({ method: 'DELETE', path: ban(id) }),

  tags: () => ask<Page<Tag>>({ path: `/tags${query({ limit: 1000 })}` }),
  addTag: (body: { name: string; color?: string }) => ask<Tag>({ method: 'POST', path: '/tags', body }),
  changeTag: (id: string, body: { name?: string; color?: string }) =>
    ask<Tag>({ method: 'PATCH', path: tag(id), body }),
  removeTag: (id: string) => ask<null>({ method: 'DELETE', path: tag(id) }),
  tagSession: (id: string, body: TagChange) => ask<Session>({ method: 'POST', path: `${session(id)}/tags`, body }),
  tagContact: (id: string, body: TagChange) =>
    ask<Contact>({ method: 'POST', path: `/contacts/${encodeURIComponent(id)}/tags`, body }),

  results: () => ask<Page<Result>>({ path: `/results${query({ limit: 1000, archived: 'true' })}` }),
  addResult: (body: ResultBody) => ask<unknown>({ method: 'POST', path: '/results', body }),
  changeResult: (id: string, body: ResultBody) => ask<unknown>({ method: 'PATCH', path: result(id), body }),
  draft: (id: string) => ask<ResultDraft>({ path: `${session(id)}/result-draft` }),
  saveDraft: (id: string, body: { resultId: string | null; note: string }) =>
    ask<ResultDraft>({ method: 'PUT', path: `${session(id)}/result-draft`, body }),
  changes: (id: string) => ask<Page<ResultChange>>({ path: `${session(id)}/result-changes${query({ limit: 200 })}` }),
} as const
