// Makes anything that JSON can say fit for PostgreSQL: NUL and lone surrogates become U+FFFD, nesting ends at a
// depth that every parser takes, and a key that JavaScript treats specially is an ordinary key. The raw bytes, kept
// beside, stay the truth.
import type { Json, JsonObject } from '../domain/words.ts'

const DEEPEST = 24
const TOO_DEEP = '…'

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what this is about
const NUL = /\u0000/g

export function cleanText(text: string): string {
  return text.toWellFormed().replace(NUL, '\uFFFD')
}

export function clean(value: unknown, depth = 0): Json {
  switch (typeof value) {
    case 'string':
      return cleanText(value)
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'boolean':
      return value
    case 'object':
      if (value === null) return null
      if (depth >= DEEPEST) return TOO_DEEP
      if (Array.isArray(value)) return value.map((element) => clean(element, depth + 1))
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), clean(inner, depth + 1)]))
    default:
      return null
  }
}

export function cleanObject(value: unknown): JsonObject {
  const cleaned = clean(value)
  return isObject(cleaned) ? (cleaned as JsonObject) : {}
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const textOf = (value: unknown): string | null => (typeof value === 'string' ? cleanText(value) : null)

/** Longer ids are no ids of Meta's, and would not fit an index. */
export const LONGEST_ID = 512

/** Cut to a length, but never within a character. */
export const shortened = (text: string, length: number): string => cleanText(text.slice(0, length))

/**
 * A string, or a number where Meta (or an older version of it) sends one. A number too great to be exact is none: it
 * would be somebody else's.
 */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? cleanText(value) : null
}

/** Unix seconds as string or number; milliseconds since 1970, or null where it cannot be a time. */
export function timeOf(value: unknown): number | null {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0 || seconds > 1e11) return null
  return Math.round(seconds * 1000)
}
