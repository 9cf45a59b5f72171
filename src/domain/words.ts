// The closed sets of Parley, and the plain types that every rule speaks. Each set is a tuple first and a type second,
// so that tables, schemas and screens are made from the same list.

export const PHASES = ['queued', 'active', 'wrapUp', 'ended'] as const
export type Phase = (typeof PHASES)[number]

export const ORIGINS = ['inbound', 'direct', 'reconnect'] as const
export type Origin = (typeof ORIGINS)[number]

export const ROLES = ['operator', 'supervisor', 'administrator'] as const
export type Role = (typeof ROLES)[number]

/** Why a session ended. `noAnswer`: nobody answered the HeroCard in the time that the setting gives. `wrapUpMax`: the time for the result ran out, which is then "not entered". */
export const END_REASONS = ['operator', 'wrapUpMax', 'inactivity', 'noAnswer', 'joined'] as const
export type EndReason = (typeof END_REASONS)[number]

/** What a message is on the screen (design: the `type` of Message). */
export const MESSAGE_TYPES = [
  'text',
  'image',
  'video',
  'audio',
  'voice',
  'document',
  'sticker',
  'location',
  'contacts',
  'template',
  'interactive',
  'button',
  'reaction',
  'order',
  'system',
  'unsupported',
] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

export const DIRECTIONS = ['in', 'out'] as const
export type Direction = (typeof DIRECTIONS)[number]

export const AUTHOR_KINDS = ['client', 'operator', 'program', 'system'] as const
export type AuthorKind = (typeof AUTHOR_KINDS)[number]

export const ALIAS_KINDS = ['bsuid', 'phone'] as const
export type AliasKind = (typeof ALIAS_KINDS)[number]

export interface Alias {
  readonly kind: AliasKind
  readonly value: string
}

/** Milliseconds since 1970, UTC. Time is always handed in, never read. */
export type Instant = number

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }
