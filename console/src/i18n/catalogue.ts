// What a catalogue of texts is: a text, or its plural forms; `{name}` marks what is filled in. English is the measure:
// another language has the same keys, and the compiler names what it lacks.
import type { en } from './en.ts'

type Plural = { readonly one: string; readonly other: string; readonly few?: string; readonly many?: string }
export type Text = string | Plural

export type Key = keyof typeof en
export type Catalogue = Readonly<Record<Key, Text>>

type Holes<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never
type HolesOf<T> = T extends string ? Holes<T> : T extends Plural ? Holes<T['other']> | 'count' : never

/** What the text of a key wants filled in; nothing where it has no holes. */
export type Fill<K extends Key> = [HolesOf<(typeof en)[K]>] extends [never]
  ? []
  : [{ readonly [Name in HolesOf<(typeof en)[K]>]: string | number }]

/** Keys whose text stands as it is, so that a table of keys can be read without arguments. */
export type PlainKey = { [K in Key]: Fill<K> extends [] ? K : never }[Key]
