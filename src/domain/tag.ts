// Tags: who makes them, and which colour one has that was made without any.
import type { Rights } from './policy.ts'

export const TAG_COLORS = [
  '#2563eb',
  '#0f766e',
  '#15803d',
  '#a16207',
  '#c2410c',
  '#b91c1c',
  '#be185d',
  '#7e22ce',
  '#475569',
] as const

/** The same for the same name. */
export const colorOf = (name: string): string => {
  const sum = [...name.toLowerCase()].reduce((all, letter) => (all * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7)
  return TAG_COLORS[sum % TAG_COLORS.length] ?? TAG_COLORS[0]
}

/** `operatorsMayTag` is a setting. Changing and deleting one, which changes it everywhere, is the administrators'. */
export const mayMakeTags = (rights: Pick<Rights, 'role'>, operatorsMayTag: boolean): boolean =>
  rights.role === 'administrator' || operatorsMayTag
