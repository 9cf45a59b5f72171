// The calls that hand a session on, and the notes that operators leave for each other.
import { query } from './api.ts'
import { ask } from './client.ts'
import type { Operator, Page, Session, SessionNote } from './types.ts'

const session = (id: string): string => `/sessions/${encodeURIComponent(id)}`

export type Target = { readonly operatorId: string } | { readonly groupId: string }

export const handOver = {
  operators: (groupId: string) =>
    ask<Page<Operator>>({ path: `/groups/${encodeURIComponent(groupId)}/operators${query({ limit: 1000 })}` }),
  transfer: (id: string, body: Target & { note?: string }, key: string) =>
    ask<Session>({ method: 'POST', path: `${session(id)}/transfer`, body, key }),
  giveBack: (id: string, key: string) => ask<Session>({ method: 'POST', path: `${session(id)}/return`, key }),
  takeOver: (id: string, key: string) => ask<Session>({ method: 'POST', path: `${session(id)}/take-over`, key }),
  notes: (id: string) => ask<Page<SessionNote>>({ path: `${session(id)}/notes${query({ limit: 1000 })}` }),
  note: (id: string, text: string, key: string) =>
    ask<SessionNote>({ method: 'POST', path: `${session(id)}/notes`, body: { text }, key }),
}
