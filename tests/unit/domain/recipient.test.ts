// Whom somebody means who types a phone number or a WhatsApp id.
import { describe, expect, it } from 'vitest'
import { countryOf, readRecipient } from '../../../src/domain/recipient.ts'

const phone = (typed: string, country: string | null = 'CZ') => readRecipient(typed, country)?.phone ?? null

describe('a typed recipient', () => {
  it.each([
    '777 123 456',
    '777-123-456',
    '777.123.456',
    '(777) 123 456',
    '420777123456',
    '+420 777 123 456',
    '+420 777/123-456',
    '00420 777123456',
    ' +420\u00a0777\u2011123\u2011456 ',
    'tel:+420777123456',
    'https://wa.me/420777123456?text=Hello',
    'https://api.whatsapp.com/send?phone=420777123456',
  ])('is a Czech number as %s', (typed) => {
    expect(phone(typed)).toBe('+420777123456')
  })

  it('has the country of the company’s number as default', () => {
    expect(phone('07911 123456', 'GB')).toBe('+447911123456')
    expect(phone('(415) 555-2671', 'US')).toBe('+14155552671')
    expect(phone('777 123 456', null)).toBeNull()
    expect(phone('+420777123456', null)).toBe('+420777123456')
  })

  it('means another country where the digits are none of the own, with or without +', () => {
    expect(phone('447911123456')).toBe('+447911123456')
    expect(phone('0044 7911 123456')).toBe('+447911123456')
  })

  it.each(['', 'hello', '12', '+420123', '+999123456789', '777123456789012345678', 'olga@parley.test', '🙂'])(
    'is nobody as %j',
    (typed) => {
      expect(readRecipient(typed, 'CZ')).toBeNull()
    },
  )

  it('that no operator hands out is doubted, not refused', () => {
    expect(readRecipient('+15550001234', 'CZ')).toMatchObject({ phone: '+15550001234', plausible: false })
    expect(readRecipient('+420777123456', 'CZ')).toMatchObject({ plausible: true, country: 'CZ' })
  })

  it('as a BSUID is left exactly as it is, and never becomes a number', () => {
    for (const bsuid of ['MY.20351234567890', 'US.13491208655302741918', 'US.ENT.11815799212886844830']) {
      expect(readRecipient(` ${bsuid} `, 'CZ')).toMatchObject({
        alias: { kind: 'bsuid', value: bsuid },
        candidates: [{ kind: 'bsuid', value: bsuid }],
        phone: null,
        country: bsuid.slice(0, 2),
      })
    }
  })

  it.each([
    ['+55 11 98765-4321', '551187654321'],
    ['+55 11 8765-4321', '5511987654321'],
    ['+52 55 1234 5678', '5215512345678'],
    ['+54 9 11 2345-6789', '541123456789'],
    ['+229 01 97 12 34 56', '22997123456'],
  ])('is looked for under its other spelling, too: %s', (typed, other) => {
    const read = readRecipient(typed, 'CZ')
    expect(read?.candidates.map((alias) => alias.value)).toContain(other)
    expect(read?.candidates[0]).toEqual(read?.alias)
  })

  it('whose old spelling is no number any more is read by the new one', () => {
    expect(phone('+52 1 55 1234 5678')).toBe('+525512345678')
  })
})

describe('the country of the company’s own number', () => {
  it('is read from how it is displayed', () => {
    expect(countryOf('+420 228 880 100')).toBe('CZ')
    expect(countryOf('1 (415) 555-2671')).toBe('US')
    expect(countryOf('')).toBeNull()
  })
})
