// Phone numbers as Meta reads them.
import { parsePhoneNumberFromString } from 'libphonenumber-js'

const NOWHERE = 'US'

/** Of digits with country code: the country that their BSUID begins with. */
export const countryOf = (digits: string): string => parsePhoneNumberFromString(`+${digits}`)?.country ?? NOWHERE

/**
 * The `to` of a message as digits. Spaces, dashes and brackets are fine; without + Meta puts the country code of the
 * business before it, unless it stands there already. Null: not a number.
 */
export function recipientDigits(to: string, displayPhoneNumber: string): string | null {
  const digits = to.replace(/[\s\-().]/g, '')
  if (!/^\+?\d{4,20}$/.test(digits)) return null
  if (digits.startsWith('+')) return digits.slice(1)
  const own = parsePhoneNumberFromString(displayPhoneNumber)?.countryCallingCode
  if (own === undefined) return digits
  if (digits.startsWith(own) && parsePhoneNumberFromString(`+${digits}`)?.isValid()) return digits
  return `${own}${digits}`
}

/** As somebody types it on the phone page: digits with country code. */
export const typedDigits = (text: string): string | null => {
  const digits = text.replace(/[\s\-().+]/g, '')
  return /^\d{7,15}$/.test(digits) ? digits : null
}
