// Whom a direct message is for, as somebody typed it: a phone number in any common notation, with the country of the
// company's own number as default, or a BSUID. What Meta told of a client is never rewritten: a typed number only looks
// for it, in every way in which the same number is written.
import { type CountryCode, type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js'
import { BSUID } from './identity.ts'
import type { Alias } from './words.ts'

export interface Recipient {
  /** As it is kept where nobody is known by any of the candidates. */
  readonly alias: Alias
  /** Under which a client may be known, the likeliest first. */
  readonly candidates: readonly Alias[]
  /** E.164 with +; null for a BSUID. */
  readonly phone: string | null
  /** ISO 3166; null where it is unknown, or shared by several countries. */
  readonly country: string | null
  /** The digits are ones that the country hands out; a number that is not may still be one. */
  readonly plausible: boolean
}

/** The country of one of the company's numbers, as it is displayed. */
export const countryOf = (displayPhoneNumber: string): string | null => {
  const shown = displayPhoneNumber.trim()
  return parse(shown.startsWith('+') ? shown : `+${shown}`, null)?.country ?? null
}

/** Null: neither a phone number nor a BSUID. */
export function readRecipient(typed: string, defaultCountry: string | null): Recipient | null {
  const text = typed.trim()
  // A digits-only reading would make a plausible number of it.
  if (BSUID.test(text)) {
    const alias: Alias = { kind: 'bsuid', value: text }
    return { alias, candidates: [alias], phone: null, country: text.slice(0, 2), plausible: true }
  }
  const number = bestReading(withoutLink(text), defaultCountry)
  if (number === null) return null
  const digits = number.number.slice(1)
  const candidates = [digits, ...otherSpellings(digits), `+${digits}`]
  return {
    alias: { kind: 'phone', value: digits },
    candidates: [...new Set(candidates)].map((value) => ({ kind: 'phone', value })),
    phone: number.number,
    country: number.country ?? null,
    plausible: number.isValid(),
  }
}

const withoutLink = (text: string): string =>
  text
    .replace(/^tel:/i, '')
    .replace(/^(https?:\/\/)?(wa\.me\/|api\.whatsapp\.com\/send\/?\?phone=)\+?(\d+).*$/i, '+$3')
    .replace(/^\s*00/, '+')

/** Someone who types the country code without + means it, where the digits are no number of their own country's. */
function bestReading(text: string, defaultCountry: string | null): PhoneNumber | null {
  const readings = [parse(text, defaultCountry), text.startsWith('+') ? null : parse(`+${text}`, null)]
  for (const digits of readings.map((reading) => reading?.number.slice(1))) {
    if (digits !== undefined) readings.push(...otherSpellings(digits).map((other) => parse(`+${other}`, null)))
  }
  const found = readings.filter((reading) => reading !== null)
  return found.find((reading) => reading.isValid()) ?? found.find((reading) => reading.isPossible()) ?? null
}

function parse(text: string, defaultCountry: string | null): PhoneNumber | null {
  const where = defaultCountry === null ? {} : { defaultCountry: defaultCountry as CountryCode }
  return parsePhoneNumberFromString(text, { ...where, extract: false }) ?? null
}

/**
 * Numbers that were renumbered, or are written differently for mobiles: WhatsApp may know the person by either spelling.
 * Brazil's ninth digit, the mobile prefixes of Mexico (1) and Argentina (9), Benin's 01.
 */
function otherSpellings(digits: string): readonly string[] {
  for (const { country, local, prefix } of MOBILE) {
    const long = new RegExp(`^(${country})${prefix}(${local})$`).exec(digits)
    if (long !== null) return [`${long[1]}${long[2]}`]
    const short = new RegExp(`^(${country})(${local})$`).exec(digits)
    if (short !== null) return [`${short[1]}${prefix}${short[2]}`]
  }
  return []
}

const MOBILE = [
  { country: '55\\d{2}', prefix: '9', local: '[6-9]\\d{7}' },
  { country: '52', prefix: '1', local: '\\d{10}' },
  { country: '54', prefix: '9', local: '\\d{10}' },
  { country: '229', prefix: '01', local: '\\d{8}' },
] as const
