// What a client is called where one name has to stand.
import type { Client, LastMessage, Message } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { plain } from '../text/format.ts'
import { told } from './problem.ts'

/** The name in the directory before the one that WhatsApp tells: somebody here has seen to it. */
export const nameOf = (client: Client): string =>
  client.contactName ?? client.name ?? client.phone ?? t('client.unnamed')

/** What they call themselves, where the directory calls them something else. */
export const ownNameOf = (client: Client): string | null =>
  client.contactName !== null && client.contactName !== client.name ? client.name : null

/** "Jana Nováková" → "JN"; a number → its last two digits. */
export function initials(client: Client): string {
  const words = (client.contactName ?? client.name ?? '').split(/\s+/).filter((word) => /\p{L}|\p{N}/u.test(word))
  if (words.length === 0) return (client.phone ?? '').slice(-2) || '?'
  const first = [...(words[0] ?? '')][0] ?? ''
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : ''
  return (first + last).toLocaleUpperCase()
}

/** The message in one line of a list: its text, or the name of its type. */
export const lineOf = (message: Pick<LastMessage | Message, 'text' | 'type'>): string => {
  const text = message.text === null ? '' : plain(message.text)
  return text === '' ? told('type', message.type, t('type.unsupported')) : text
}
