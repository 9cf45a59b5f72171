// What a text is found by, and which part of it is shown.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { excerpt, termsOf, wordsOf } from '../../../src/domain/search.ts'

const finds = (q: string, text: string): boolean =>
  termsOf(q).every((term) => wordsOf(text).some((word) => word.startsWith(term)))

test.each([
  ['faktura', 'Posílám Vám fakturu'],
  ['objednávkou', 'kde je objednávka'],
  ['Řehoř', 'pan rehor'],
  ['orders', 'we ordered it'],
  ['shipping', 'it was shipped'],
  ['777 123', 'call 777-123-456'],
  ['CZ123', 'number CZ123456'],
])('%s finds “%s”', (q, text) => {
  expect(finds(q, text)).toBe(true)
})

test.each([
  ['faktura', 'faktor'],
  ['lamp order', 'a lamp'],
  ['1234', '1243'],
])('%s does not find “%s”', (q, text) => {
  expect(finds(q, text)).toBe(false)
})

test('whatever is written is found by each of its words, and shown where it was found', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), (text) => {
      for (const word of wordsOf(text).slice(0, 20)) {
        const terms = termsOf(word)
        expect(terms.every((term) => word.startsWith(term))).toBe(true)
        const shown = excerpt(text, terms)
        expect(text).toContain(shown.text)
        for (const { start, end } of shown.matches) expect(shown.text.slice(start, end)).not.toBe('')
      }
    }),
  )
})

test('terms are letters and digits alone, so that none is an operator of the database', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (q) => {
      for (const term of termsOf(q)) expect(term).toMatch(/^[\p{L}\p{N}]+$/u)
    }),
  )
})
