// What may come in at the edge: ids, lines and texts that PostgreSQL, JSON and WhatsApp all can hold. Unknown fields of
// a body are refused (strict objects), so that a misspelt one is never silently without effect.
import { z } from 'zod'
import type { FieldError } from './problems.ts'

/** WhatsApp's limit of a text message, counted in code points: what most readers would count as characters. */
export const MAX_TEXT = 4096

const characters = (text: string): number => [...text].length

/** PostgreSQL holds no NUL, and half of a surrogate pair is no character at all. */
const isClean = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Any text, as it was written; it may be empty. */
export const anyText = (most: number) =>
  z
    .string()
    .refine(isClean, 'must be well-formed Unicode without NUL')
    .refine((text) => text.length <= most || characters(text) <= most, `must have at most ${most} characters`)
    .meta({ maxLength: most })

/** A text with something in it. */
export const someText = (most: number) =>
  anyText(most)
    .refine((text) => text.trim() !== '', 'must not be empty')
    .meta({ minLength: 1, maxLength: most })

export const messageText = someText(MAX_TEXT)

/** One line, without the spaces around it: a name, a reason. */
export const line = (most: number) =>
  z
    .string()
    .transform((text) => text.trim())
    .refine((text) => text !== '', 'must not be empty')
    .refine((text) => isClean(text) && !/\p{Cc}/u.test(text), 'must be one line of well-formed Unicode')
    .refine((text) => characters(text) <= most, `must have at most ${most} characters`)
    .meta({ minLength: 1, maxLength: most })

export const anId = z.guid('must be an id').transform((text) => text.toLowerCase())

export const emailAddress = line(254)
  .transform((text) => text.toLowerCase())
  .refine((text) => /^[^\s@]+@[^\s@]+$/.test(text), 'must be an e-mail address')
  .meta({ format: 'email' })

/** The least that NIST asks of a password; no longer than what is worth hashing. */
export const newPassword = z
  .string()
  .refine((text) => isClean(text) && characters(text) >= 8, 'must have at least 8 characters')
  .refine((text) => characters(text) <= 256, 'must have at most 256 characters')
  .meta({ minLength: 8, maxLength: 256 })

/** What may be left out or null: one command in two spellings is one and the same once it is read. */
export const orNull = <T extends z.ZodType>(of: T) =>
  of
    .nullable()
    .optional()
    .transform((value) => value ?? null)

/** The path's id. One that is no UUID belongs to nothing: 404, like the id of something unseen. */
export const idParams = z.object({ id: anId })

/** For commands that take nothing: no body, or an empty one. */
export const noBody = z
  .union([z.undefined(), z.null(), z.strictObject({})])
  .optional()
  .transform(() => ({}))
  .meta({ description: 'None' })

/** What zod found, as pointers that a caller can follow. */
export function fieldErrors(issues: readonly z.core.$ZodIssue[]): readonly FieldError[] {
  return issues.slice(0, 50).flatMap((issue): readonly FieldError[] => {
    const pointer = pointerTo(issue.path)
    if (issue.code !== 'unrecognized_keys') return [{ pointer, detail: issue.message }]
    return issue.keys.slice(0, 20).map((key) => ({ pointer: pointer + pointerTo([key]), detail: 'is not known here' }))
  })
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
