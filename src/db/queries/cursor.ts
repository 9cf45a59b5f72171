// Where the next page of a list begins: opaque to callers, checked when it comes back.
import type { z } from 'zod'

/** A cursor that no list of this kind has given out. */
export class InvalidCursor extends Error {}

export const encodeCursor = (position: unknown): string => Buffer.from(JSON.stringify(position)).toString('base64url')

export function decodeCursor<T>(schema: z.ZodType<T>, cursor: string): T {
  let position: unknown
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw new InvalidCursor()
  }
  const parsed = schema.safeParse(position)
  if (!parsed.success) throw new InvalidCursor()
  return parsed.data
}
