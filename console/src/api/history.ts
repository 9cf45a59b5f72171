// The calls that look back: the table of sessions with its filters, and full text.
import { query } from './api.ts'
import { ask } from './client.ts'
import type { Page, SearchHit, Session } from './types.ts'

export interface HistoryFilter {
  readonly phase: string
  readonly q?: string
  readonly text?: string
  readonly result?: string
  readonly from?: string
  readonly to?: string
}

export const history = {
  sessions: (filter: HistoryFilter, cursor: string | null) =>
    ask<Page<Session>>({ path: `/sessions${query({ ...filter, limit: 50, cursor: cursor ?? undefined })}` }),
  search: (q: string, cursor: string | null) =>
    ask<Page<SearchHit>>({ path: `/search${query({ q, limit: 20, cursor: cursor ?? undefined })}` }),
  /** An address for a link: the browser fetches the file itself. */
  exportOf: (filter: HistoryFilter): string => `/api/v1/sessions/export${query({ ...filter })}`,
}
