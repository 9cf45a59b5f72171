// What a request or a row of a file says of a contact, read into values as they are kept: trimmed, each once, numbers in
// E.164, own fields by their key. What cannot be kept is named with its place, and nothing of it is guessed.
import type { Database, Trx } from '../db/database.ts'
import { type ContactValue, keyOf, MOST_OF_A_KIND, type ValueKind } from '../domain/contact.ts'
import { type Country, readPhone } from './phone.ts'

/** Only what is told is changed; a list that is told replaces the whole list. */
export interface Told {
  readonly names?: readonly string[] | undefined
  readonly phones?: readonly string[] | undefined
  readonly emails?: readonly string[] | undefined
  /** By the field's key. */
  readonly fields?: Readonly<Record<string, readonly string[]>> | undefined
}

export interface Mistake {
  readonly pointer: string
  readonly detail: string
}

/** All values of one kind, or of one own field. */
export interface ValueList {
  readonly kind: ValueKind
  readonly fieldId: string | null
  readonly values: readonly string[]
}

export interface Field {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly archived: boolean
}

export async function loadFields(db: Database | Trx): Promise<readonly Field[]> {
  const rows = await db.selectFrom('contact_field').selectAll().orderBy('position').orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, key: row.key, name: row.name, archived: row.archived_at !== null }))
}

/** In characters: what can still be shown in a list and found by an index. */
const LONGEST = 500
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

export function readTold(
  told: Told,
  fields: readonly Field[],
  country: Country,
): { readonly lists: readonly ValueList[]; readonly mistakes: readonly Mistake[] } {
  const lists: ValueList[] = []
  const mistakes: Mistake[] = []
  const read = (
    kind: ValueKind,
    fieldId: string | null,
    at: string,
    given: readonly string[] | undefined,
    one: (text: string) => string | null,
    detail: string,
  ): void => {
    if (given === undefined) return
    const values = new Map<string, string>()
    for (const [n, text] of given.entries()) {
      const value = one(text.trim())
      if (value === null || value === '') {
        mistakes.push({ pointer: `${at}/${n}`, detail })
        continue
      }
      if ([...value].length > LONGEST) {
        mistakes.push({ pointer: `${at}/${n}`, detail: `must have at most ${LONGEST} characters` })
        continue
      }
      const key = keyOf({ kind, fieldId, value })
      // A name written with and without accents is one name; the first spelling stays.
      if (!values.has(key)) values.set(key, value)
    }
    if (values.size > MOST_OF_A_KIND) mistakes.push({ pointer: at, detail: `must be at most ${MOST_OF_A_KIND}` })
    lists.push({ kind, fieldId, values: [...values.values()] })
  }
  read('name', null, '/names', told.names, (text) => text, 'must not be empty')
  read('phone', null, '/phones', told.phones, (text) => readPhone(text, country), 'is no phone number')
  read('email', null, '/emails', told.emails, (text) => (EMAIL.test(text) ? text : null), 'is no e-mail address')
  for (const [key, given] of Object.entries(told.fields ?? {})) {
    const field = fields.find((one) => one.key === key)
    if (field === undefined) mistakes.push({ pointer: `/fields/${key}`, detail: 'is no field of the directory' })
    else read('field', field.id, `/fields/${key}`, given, (text) => text, 'must not be empty')
  }
  return { lists, mistakes }
}

export const valuesOf = (lists: readonly ValueList[]): readonly ContactValue[] =>
  lists.flatMap(({ kind, fieldId, values }) => values.map((value) => ({ kind, fieldId, value })))
