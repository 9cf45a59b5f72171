// `t(key, fill)`: the text of a key in the language of the page, and how that language writes times and numbers.
import type { Catalogue, Fill, Key } from './catalogue.ts'
import { en } from './en.ts'

const LANGUAGE = 'en'
const catalogue: Catalogue = en
/** Words are the catalogue's; whether it is 14:03 or 2:03 PM, and which day comes first, the reader's own settings say. */
export const locale = (): string => {
  const own = globalThis.navigator?.language ?? LANGUAGE
  return own.startsWith(LANGUAGE) ? own : LANGUAGE
}

const plurals = new Intl.PluralRules(LANGUAGE)

export function t<K extends Key>(key: K, ...fill: Fill<K>): string {
  const entry = catalogue[key]
  const values: Readonly<Record<string, string | number>> = fill[0] ?? {}
  const form = typeof entry === 'string' ? entry : (pluralForm(entry, Number(values.count)) ?? entry.other)
  return form.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

const pluralForm = (entry: Exclude<Catalogue[Key], string>, count: number): string | undefined => {
  const rule = plurals.select(count)
  return rule === 'one' || rule === 'few' || rule === 'many' ? entry[rule] : undefined
}
