// A contact of the directory: what it may hold, how its values are compared, and the words it is found by. A contact
// says who somebody is; where a message goes is the session's own (its destination), so nothing here is ever an address.
import { fold } from './fold.ts'

export const VALUE_KINDS = ['name', 'phone', 'email', 'field'] as const
export type ValueKind = (typeof VALUE_KINDS)[number]

export interface ContactValue {
  readonly kind: ValueKind
  /** Of a field of one's own; null for the kinds that everybody has. */
  readonly fieldId: string | null
  readonly value: string
}

/** So many of a kind: more is a list that somebody pasted into one cell. */
export const MOST_OF_A_KIND = 20

const digitsOf = (text: string): string => text.replace(/\D/g, '')

/** Two values of a kind are the same when their keys are. */
export function keyOf(value: ContactValue): string {
  return value.kind === 'phone' ? digitsOf(value.value) : fold(value.value)
}

/** The name that lists and sessions show: the first one. */
export const displayName = (values: readonly ContactValue[]): string | null =>
  values.find((value) => value.kind === 'name')?.value ?? null

/** Those without a name come last, by what else they have. */
export function sortKey(values: readonly ContactValue[]): string {
  const name = displayName(values)
  const other = values.find((value) => value.kind !== 'name')?.value ?? ''
  return (name === null ? `\u{10FFFF}${fold(other)}` : fold(name)).slice(0, 200)
}

/** How a linked client is known on WhatsApp: a contact is found by that, too. */
export interface KnownAs {
  readonly names: readonly string[]
  readonly phones: readonly string[]
  readonly bsuids: readonly string[]
}

/**
 * Each word stands behind a space, so that its beginning can be looked for; a value with hyphens or dots stands there whole
 * and in pieces.
 */
export function searchKey(values: readonly ContactValue[], known: KnownAs): string {
  const words = new Set<string>()
  const add = (text: string): void => {
    const folded = fold(text)
    if (folded === '') return
    words.add(folded)
    const pieces = folded.replace(/[^\p{L}\p{N}]+/gu, ' ').trim()
    if (pieces !== '' && pieces !== folded) words.add(pieces)
  }
  for (const value of values) {
    if (value.kind === 'phone') words.add(digitsOf(value.value))
    else add(value.value)
  }
  for (const name of known.names) add(name)
  for (const phone of known.phones) words.add(digitsOf(phone))
  for (const bsuid of known.bsuids) words.add(fold(bsuid))
  return ` ${[...words].join(' ')} `
}

export type Term =
  /** Digits of a number, without what a country puts before them when dialled at home. */
  | { readonly is: 'phone'; readonly digits: string }
  | { readonly is: 'word'; readonly word: string; readonly mayBeMistyped: boolean }

const NUMBER = /^[+(]?[\d\s()./+-]+$/
/** Shorter words differ from too many others by one letter. */
const MISTYPED_FROM = 4

/**
 * What somebody typed into a search field: all of it has to be found. A number may stand in any notation: "+420 777 123",
 * "00420 777…", "777 123 456", "0777 123". A number that is mistyped is another number, so only words are forgiven.
 */
export function searchTerms(q: string): readonly Term[] {
  const asked = q.trim()
  const digits = digitsOf(asked)
  if (NUMBER.test(asked) && digits.length >= 3) {
    const bare = asked.startsWith('+') ? digits : digits.replace(/^0+/, '')
    return bare === '' ? [] : [{ is: 'phone', digits: bare }]
  }
  return fold(asked)
    .split(' ')
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => ({
      is: 'word',
      word,
      mayBeMistyped: [...word].length >= MISTYPED_FROM && /^\p{L}+$/u.test(word),
    }))
}

/** The word with each two neighbours changed over: the typing error that counts as two of any other kind. */
export function changedOver(word: string): readonly string[] {
  const letters = [...word]
  return letters.slice(1).flatMap((letter, at) => {
    const before = letters[at] ?? ''
    if (letter === before) return []
    return [[...letters.slice(0, at), letter, before, ...letters.slice(at + 2)].join('')]
  })
}
