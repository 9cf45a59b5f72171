// What all views are made of: ids, times as the interface tells them, errors of sends, lists and their cursors.
import { z } from 'zod'
import { decodeCursor, encodeCursor } from '../../db/queries/cursor.ts'
import { RETRY, type SendError } from '../../domain/meta-errors.ts'
import type { Instant, Json } from '../../domain/words.ts'

export const id = z.uuid()
export const time = z.iso.datetime().describe('ISO 8601, UTC')

export const errorSchema = z
  .object({
    code: z.union([z.int(), z.string()]).describe("Meta's code, or a word where Parley itself found it"),
    title: z.string().describe('What it means'),
    advice: z.string().describe('What to do about it'),
    retry: z.enum(RETRY).describe('Whether sending it again can help: now, only as a HeroCard, or never'),
    details: z.string().nullable().describe("Meta's own words, where it gave any"),
    windowUntil: time
      .nullable()
      .describe('Meta called the window shut; by the client’s last message it is open until then'),
  })
  .meta({ id: 'SendError' })
export type ErrorView = z.infer<typeof errorSchema>

export const DEFAULT_LIMIT = 50
export const MAX_LIMIT = 1000

/** The query of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(500).optional().describe('`next` of the page before'),
}
export const page = z.object(pageQuery)

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().describe('`cursor` of the next page; null on the last'),
  })

export interface Page<T> {
  readonly items: T[]
  readonly next: string | null
}

const place = z.strictObject({ id, n: z.int().min(0) })

/**
 * A page of a list that is short enough to be read whole. It goes on behind the last one told; where that one has gone
 * meanwhile, where it stood.
 */
export function pageOf<T extends { readonly id: string }>(all: readonly T[], query: z.infer<typeof page>): Page<T> {
  const last = query.cursor === undefined ? null : decodeCursor(place, query.cursor)
  const known = all.findIndex((item) => item.id === last?.id)
  const from = known >= 0 ? known + 1 : (last?.n ?? 0)
  const items = all.slice(from, from + query.limit)
  const end = from + items.length
  const next = all.length > end ? encodeCursor({ id: items.at(-1)?.id, n: end - 1 }) : null
  return { items, next }
}

export function iso(at: Date): string
export function iso(at: Date | null): string | null
export function iso(at: Date | null): string | null {
  return at === null ? null : at.toISOString()
}

export function isoOf(at: Instant): string
export function isoOf(at: Instant | null): string | null
export function isoOf(at: Instant | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

/** The error as stored by the rules; tolerant of rows that an older version wrote. */
export function errorView(stored: unknown): ErrorView | null {
  if (stored === null || typeof stored !== 'object') return null
  const error = stored as Partial<SendError>
  return {
    code: error.code ?? 'unknown',
    title: error.title ?? '',
    advice: error.advice ?? '',
    retry: error.retry ?? 'now',
    details: error.details ?? null,
    windowUntil: isoOf(typeof error.windowUntil === 'number' ? error.windowUntil : null),
  }
}

/** Keys of evidence that hold a time; the tables keep milliseconds, the interface tells ISO 8601. */
const TIME_KEY = /(^at|^until|At|Until)$/

export function withIsoTimes(value: Json, key = ''): Json {
  if (typeof value === 'number') return TIME_KEY.test(key) && Number.isFinite(value) ? isoOf(value) : value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => withIsoTimes(item, key))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withIsoTimes(item, name)]))
}
