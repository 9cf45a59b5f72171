// The calls of the Contacts Directory and of canned texts, by name.
import { query } from './api.ts'
import { ask } from './client.ts'
import type {
  CannedFolder,
  CannedText,
  Contact,
  ContactChange,
  ContactField,
  ContactImport,
  ContactMerge,
  ContactSuggestion,
  FilledText,
  Page,
  Session,
} from './types.ts'

const contact = (id: string): string => `/contacts/${encodeURIComponent(id)}`
const client = (id: string): string => `/clients/${encodeURIComponent(id)}`
const canned = (id: string): string => `/canned-texts/${encodeURIComponent(id)}`

/** A list that is told replaces the whole list. */
export interface ContactBody {
  readonly name?: string
  readonly names?: readonly string[]
  readonly phones?: readonly string[]
  readonly emails?: readonly string[]
  readonly fields?: Readonly<Record<string, readonly string[]>>
}

export interface CannedBody {
  readonly name: string
  readonly shortcut: string | null
  readonly folderId: string | null
  readonly variants: readonly { readonly language: string; readonly text: string }[]
}

export type CannedOwner = { readonly scope: 'company' | 'own' } | { readonly scope: 'group'; readonly groupId: string }

/** By heading: what the column is. */
export type ImportMapping = Readonly<Record<string, string>>

export const directory = {
  contacts: (filter: { q?: string; limit?: number; cursor?: string }) =>
    ask<Page<Contact>>({ path: `/contacts${query({ ...filter })}` }),
  contact: (id: string) => ask<Contact>({ path: contact(id) }),
  add: (body: ContactBody) => ask<Contact>({ method: 'POST', path: '/contacts', body }),
  change: (id: string, body: ContactBody) => ask<Contact>({ method: 'PATCH', path: contact(id), body }),
  remove: (id: string) => ask<null>({ method: 'DELETE', path: contact(id) }),
  merge: (id: string, contactId: string) =>
    ask<Contact>({ method: 'POST', path: `${contact(id)}/merge`, body: { contactId } }),
  merges: (id: string) => ask<Page<ContactMerge>>({ path: `${contact(id)}/merges${query({ limit: 1000 })}` }),
  duplicates: (id: string) => ask<Page<ContactSuggestion>>({ path: `${contact(id)}/duplicates` }),
  undoMerge: (id: string, mergeId: string) =>
    ask<Contact>({ method: 'POST', path: `${contact(id)}/undo-merge`, body: { mergeId } }),
  changes: (id: string, cursor?: string) =>
    ask<Page<ContactChange>>({ path: `${contact(id)}/changes${query({ cursor, limit: 50 })}` }),
  sessions: (id: string, cursor?: string) =>
    ask<Page<Session>>({ path: `${contact(id)}/sessions${query({ cursor, limit: 50 })}` }),

  importFile: (file: File, mapping: ImportMapping, dryRun: boolean) =>
    ask<ContactImport>({
      method: 'POST',
      path: `/contacts/import${query({ dryRun: String(dryRun), mapping: JSON.stringify(mapping), fileName: file.name })}`,
      file: { content: file, type: 'text/csv' },
    }),

  link: (clientId: string, contactId: string) =>
    ask<Contact>({ method: 'POST', path: `${client(clientId)}/contact`, body: { contactId } }),
  addOf: (clientId: string, body: ContactBody) =>
    ask<Contact>({ method: 'POST', path: `${client(clientId)}/contact`, body }),
  disconnect: (clientId: string) => ask<null>({ method: 'DELETE', path: `${client(clientId)}/contact` }),
  suggestions: (clientId: string) => ask<Page<ContactSuggestion>>({ path: `${client(clientId)}/contact-suggestions` }),

  fields: () => ask<Page<ContactField>>({ path: `/contact-fields${query({ limit: 1000 })}` }),
  addField: (name: string) => ask<ContactField>({ method: 'POST', path: '/contact-fields', body: { name } }),
  changeField: (id: string, body: { name?: string; position?: number; archived?: boolean }) =>
    ask<ContactField>({ method: 'PATCH', path: `/contact-fields/${encodeURIComponent(id)}`, body }),

  cannedTexts: () => ask<Page<CannedText>>({ path: `/canned-texts${query({ limit: 1000 })}` }),
  fill: (id: string, sessionId: string, language: string | null) =>
    ask<FilledText>({ method: 'POST', path: `${canned(id)}/fill`, body: { sessionId, language } }),
  addCanned: (body: CannedBody & CannedOwner) => ask<CannedText>({ method: 'POST', path: '/canned-texts', body }),
  changeCanned: (id: string, body: CannedBody) => ask<CannedText>({ method: 'PATCH', path: canned(id), body }),
  removeCanned: (id: string) => ask<null>({ method: 'DELETE', path: canned(id) }),
  placeholders: () =>
    ask<Page<{ readonly id: string; readonly name: string }>>({
      path: `/canned-texts/placeholders${query({ limit: 1000 })}`,
    }),
  folders: () => ask<Page<CannedFolder>>({ path: `/canned-folders${query({ limit: 1000 })}` }),
  addFolder: (body: { name: string; groupIds: readonly string[] }) =>
    ask<CannedFolder>({ method: 'POST', path: '/canned-folders', body }),
  changeFolder: (id: string, body: { name?: string; groupIds?: readonly string[] }) =>
    ask<CannedFolder>({ method: 'PATCH', path: `/canned-folders/${encodeURIComponent(id)}`, body }),
  removeFolder: (id: string) => ask<null>({ method: 'DELETE', path: `/canned-folders/${encodeURIComponent(id)}` }),
} as const
