// The directory's own fields, learnt once; contacts are asked for where they are shown.
import { signal } from '@preact/signals'
import { directory } from '../api/directory.ts'
import type { Contact, ContactField } from '../api/types.ts'

export const contactFields = signal<readonly ContactField[]>([])

export async function loadContactFields(): Promise<void> {
  contactFields.value = (await directory.fields()).items
}

/** What a list shows of a contact beside the name; one without a number is known by WhatsApp's id. */
export const contactLine = (contact: Contact): string => {
  const known = [...contact.phones, ...contact.emails]
  if (known.length > 0) return known.join(' · ')
  return contact.clients.map((client) => client.phone ?? client.name ?? client.bsuid).join(' · ')
}

/** How templates name an own field. */
export const placeholderOf = (key: string): string => `{{contact.${key}}}`
