// Every text of the console, in English, kept by room. `{name}` is filled in. A key's first part says where it belongs; keys
// that end in a word of the interface (a reason, a status, a code) are looked up by that word.
import { canned } from './en/canned.ts'
import { contacts } from './en/contacts.ts'
import { conversation } from './en/conversation.ts'
import { evidence } from './en/evidence.ts'
import { history } from './en/history.ts'
import { inbox } from './en/inbox.ts'
import { outcome } from './en/outcome.ts'
import { panel } from './en/panel.ts'
import { settings } from './en/settings.ts'
import { shell } from './en/shell.ts'
import { start } from './en/start.ts'
import { transfer } from './en/transfer.ts'

export const en = {
  ...canned,
  ...contacts,
  ...conversation,
  ...evidence,
  ...history,
  ...inbox,
  ...outcome,
  ...panel,
  ...settings,
  ...shell,
  ...start,
  ...transfer,
} as const satisfies Readonly<Record<string, string | { readonly one: string; readonly other: string }>>

/** The rooms by themselves: no key may be in two of them. */
export const rooms = [
  canned,
  contacts,
  conversation,
  evidence,
  history,
  inbox,
  outcome,
  panel,
  settings,
  shell,
  start,
  transfer,
]
