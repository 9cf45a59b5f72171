// Whether a body is Meta's: the raw bytes decide, and nothing is trusted by default.
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifySignature } from '../../../src/ingest/signature.ts'
import { bytes, signature, text, webhook } from '../../support/webhooks.ts'

const body = bytes(webhook({ phoneNumberId: '1' }, text({ phone: '420', name: 'Jana Nováková' }, 'Dobrý den 😀')))

test('a body as Meta sends it is ASCII with \\u escapes, and its signature is one of those bytes', () => {
  expect(body.every((byte) => byte < 0x80)).toBe(true)
  expect(body.toString()).toContain('Nov\\u00e1kov\\u00e1')
  expect(verifySignature(body, signature(body, 'secret'), ['secret'])).toBe(true)
  // The same JSON written differently is another body.
  const rewritten = Buffer.from(JSON.stringify(JSON.parse(body.toString())))
  expect(verifySignature(rewritten, signature(body, 'secret'), ['secret'])).toBe(false)
})

test('several secrets hold while one is being changed', () => {
  expect(verifySignature(body, signature(body, 'new'), ['old', 'new'])).toBe(true)
  expect(verifySignature(body, signature(body, 'old'), ['old', 'new'])).toBe(true)
  expect(verifySignature(body, signature(body, 'other'), ['old', 'new'])).toBe(false)
})

test('without a secret, without a header, or with a header of another form nothing is Meta’s', () => {
  const right = signature(body, 'secret')
  expect(verifySignature(body, right, [])).toBe(false)
  expect(verifySignature(body, `sha256=${createHmac('sha256', '').update(body).digest('hex')}`, [''])).toBe(false)
  for (const header of [
    undefined,
    '',
    right.slice(7),
    right.toUpperCase(),
    `${right}0`,
    right.slice(0, -1),
    `sha1=${right.slice(7)}`,
    ` ${right}`,
  ]) {
    expect(verifySignature(body, header, ['secret'])).toBe(false)
  }
})

test('no header at all makes it throw, and only the right one is accepted', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 })),
      (header) => {
        expect(verifySignature(body, `sha256=${header}`, ['secret'])).toBe(
          `sha256=${header}` === signature(body, 'secret'),
        )
      },
    ),
  )
})

test('one changed bit anywhere in the body is noticed', () => {
  const right = signature(body, 'secret')
  fc.assert(
    fc.property(fc.nat(body.length * 8 - 1), (bit) => {
      const changed = Buffer.from(body)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(verifySignature(changed, right, ['secret'])).toBe(false)
    }),
  )
})
