// What a text is found by, and what somebody who searches means: words without case and accents, each by how it begins.
// Czech and English bend their words at the end, so the end of a longer word that is asked for does not count:
// "faktura" finds "fakturu", "orders" finds "ordered". No dictionary is needed, and a word in any language is found.
import { fold } from './fold.ts'

const WORD = /[\p{L}\p{N}]+/gu
const LONGEST_WORD = 60
const MOST_WORDS = 2_000
const MOST_TERMS = 10
const SHORTEST_STEM = 4
/** Longest first. */
const ENDINGS = [
  ['ami', 'emi', 'ymi', 'ach', 'ech', 'ich', 'ych', 'ovi', 'ing'],
  ['ou', 'em', 'um', 'ho', 'mu', 'ed', 'es', 'ek'],
  ['a', 'e', 'i', 'o', 'u', 'y', 's'],
].flat()

/** Each once, as they are kept. */
export function wordsOf(text: string): readonly string[] {
  const words = new Set<string>()
  for (const [word] of fold(text).matchAll(WORD)) {
    words.add(word.slice(0, LONGEST_WORD))
    if (words.size >= MOST_WORDS) break
  }
  return [...words]
}

/** What each word of the text must begin with, all of them; empty where nothing is asked for. */
export function termsOf(q: string): readonly string[] {
  return [...new Set(wordsOf(q).map(stemOf))].slice(0, MOST_TERMS)
}

function stemOf(word: string): string {
  if (/\p{N}/u.test(word)) return word
  const ending = ENDINGS.find((one) => word.endsWith(one) && word.length - one.length >= SHORTEST_STEM)
  return ending === undefined ? word : word.slice(0, -ending.length)
}

export interface Excerpt {
  readonly text: string
  /** Offsets into `text`, ascending, end exclusive. */
  readonly matches: readonly { readonly start: number; readonly end: number }[]
}

const BEFORE = 60
const LENGTH = 240

/** The part of a text that shows why it was found. */
export function excerpt(text: string, terms: readonly string[]): Excerpt {
  const found = [...text.matchAll(WORD)].flatMap((word) => {
    const folded = fold(word[0])
    return terms.some((term) => folded.startsWith(term))
      ? [{ start: word.index, end: word.index + word[0].length }]
      : []
  })
  const first = found[0]?.start ?? 0
  // Never through a pair that makes one letter.
  const from = first <= BEFORE ? 0 : safe(text, first - BEFORE)
  const to = safe(text, Math.min(text.length, from + LENGTH))
  return {
    text: text.slice(from, to),
    matches: found
      .filter(({ start, end }) => start >= from && end <= to)
      .map(({ start, end }) => ({ start: start - from, end: end - from })),
  }
}

const safe = (text: string, at: number): number => (/[\uDC00-\uDFFF]/.test(text[at] ?? '') ? at - 1 : at)
