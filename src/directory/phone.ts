// A phone number that somebody typed for a contact, as it is kept: E.164. What is dialled at home without a country is
// read as a number of the company's own country, that of its first WhatsApp number. Numbers that Meta tells are never
// read here, and nothing of this is ever an address.
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Database, Trx } from '../db/database.ts'

export type Country = CountryCode | null

/** Null where it can be no number. Unusual ones pass: no rule by area code is reliable. */
export function readPhone(typed: string, country: Country): string | null {
  const text = typed.trim().replace(/^00(?=[1-9])/, '+')
  const number = parsePhoneNumberFromString(text, {
    ...(country === null ? {} : { defaultCountry: country }),
    extract: false,
  })
  return number?.isPossible() === true ? number.number : null
}

export async function homeCountry(db: Database | Trx): Promise<Country> {
  const first = await db.selectFrom('channel').select('display_phone_number').orderBy('id').limit(1).executeTakeFirst()
  if (first === undefined) return null
  const text = first.display_phone_number.trim()
  return parsePhoneNumberFromString(text.startsWith('+') ? text : `+${text}`)?.country ?? null
}
