// Who is it? A client is found by aliases, and Meta may give a phone, a BSUID, or both. The BSUID outranks the phone:
// it names the person, while a phone number may be recycled. Meta's ids are kept exactly as they came; nothing here
// rewrites a number.
//
//   BSUID and phone known, one client      → that client
//   BSUID known, phone free                → the client learns the phone
//   phone known, its client has no BSUID   → the client learns the BSUID
//   phone known, its client has another    → the phone moves away from it: a recycled number inherits nobody's history
//   BSUID's client and phone's client differ and the latter has no BSUID → the two are one person: join
import type { Alias } from './words.ts'

/** Meta: two letters, a dot, up to 128 letters and digits; a parent's id has ENT between. Never to be read as a number. */
export const BSUID = /^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/

export interface KnownClient {
  readonly id: string
  readonly hasBsuid: boolean
}

export type Identity =
  | { readonly is: 'new'; readonly takesPhoneFrom: string | null }
  | {
      readonly is: 'known'
      readonly clientId: string
      readonly learns: readonly Alias[]
      readonly takesPhoneFrom: string | null
    }
  | { readonly is: 'same'; readonly byBsuid: string; readonly byPhone: string }

export function identify(aliases: readonly Alias[], find: (alias: Alias) => KnownClient | null): Identity {
  const bsuid = aliases.find((alias) => alias.kind === 'bsuid') ?? null
  const phone = aliases.find((alias) => alias.kind === 'phone') ?? null
  const byBsuid = bsuid === null ? null : find(bsuid)
  const byPhone = phone === null ? null : find(phone)

  if (byBsuid !== null) {
    if (phone === null || byPhone?.id === byBsuid.id) return known(byBsuid.id)
    if (byPhone === null) return known(byBsuid.id, [phone])
    if (!byPhone.hasBsuid) return { is: 'same', byBsuid: byBsuid.id, byPhone: byPhone.id }
    return { is: 'known', clientId: byBsuid.id, learns: [phone], takesPhoneFrom: byPhone.id }
  }
  if (byPhone !== null) {
    if (bsuid === null) return known(byPhone.id)
    if (!byPhone.hasBsuid) return known(byPhone.id, [bsuid])
    return { is: 'new', takesPhoneFrom: byPhone.id }
  }
  return { is: 'new', takesPhoneFrom: null }
}

const known = (clientId: string, learns: readonly Alias[] = []): Identity => ({
  is: 'known',
  clientId,
  learns,
  takesPhoneFrom: null,
})

export interface JoinSide {
  readonly id: string
  readonly createdAt: number
  /** The client's open session has an operator. */
  readonly hasOperator: boolean
}

/** Which of two clients that proved to be one goes on: the one somebody is talking to, else the older one. */
export function survivor(a: JoinSide, b: JoinSide): { readonly survives: string; readonly joins: string } {
  const first =
    a.hasOperator !== b.hasOperator
      ? a.hasOperator
      : a.createdAt !== b.createdAt
        ? a.createdAt < b.createdAt
        : a.id < b.id
  return first ? { survives: a.id, joins: b.id } : { survives: b.id, joins: a.id }
}

/** Where answers go: the phone where Meta has told one, else the BSUID (contract 2.1). */
export function destination(aliases: readonly Alias[]): Alias | null {
  return aliases.find((alias) => alias.kind === 'phone') ?? aliases.find((alias) => alias.kind === 'bsuid') ?? null
}
