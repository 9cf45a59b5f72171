// Calling a canned text while one writes: `#` and the beginning of its shortcut, or any word of it.
import type { CannedText, FilledText } from '../api/types.ts'

export interface Call {
  readonly from: number
  readonly to: number
  /** Without the #. */
  readonly query: string
}

const CALL = /(?:^|\s)#([\p{L}\p{N}_-]{0,40})$/u

/** The call that ends at the caret; a # within a word, or one that a space has ended, calls nothing. */
export function callAt(text: string, caret: number): Call | null {
  const match = CALL.exec(text.slice(0, caret))
  const query = match?.[1]
  return query === undefined ? null : { from: caret - query.length - 1, to: caret, query }
}

export const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** Shortcuts that begin so come first, then names, then whatever has it in its text. */
export function matching(texts: readonly CannedText[], query: string): readonly CannedText[] {
  const asked = fold(query.replace(/^#/, '').trim())
  if (asked === '') return texts
  const rank = (one: CannedText): number => {
    if (fold(one.shortcut ?? '').startsWith(asked)) return 0
    if (fold(one.name).includes(asked)) return 1
    return one.variants.some(({ text }) => fold(text).includes(asked)) ? 2 : 3
  }
  return texts
    .map((one) => ({ one, rank: rank(one) }))
    .filter(({ rank: found }) => found < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one)
}

export const variantOf = (text: CannedText, language: string | null) =>
  text.variants.find((one) => one.language === language) ?? text.variants[0]

const nameOf = (placeholder: string): string => placeholder.toLowerCase()

/** With what has been entered so far; what is still missing stands in its braces. */
export const previewOf = (filled: FilledText, entered: Readonly<Record<string, string>>): string =>
  filled.parts
    .map(({ placeholder, text }) => {
      if (text !== null) return text
      const given = Object.entries(entered).find(([name]) => nameOf(name) === nameOf(placeholder ?? ''))?.[1] ?? ''
      return given.trim() === '' ? `{{${placeholder}}}` : given.trim()
    })
    .join('')
