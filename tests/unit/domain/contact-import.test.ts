import { describe, expect, test } from 'vitest'
import { delimiterOf, readRow, suggestTarget } from '../../../src/domain/contact-import.ts'

const fields = [{ key: 'customer_number', name: 'Customer number' }]

describe('a column', () => {
  test.each([
    ['Name', 'name'],
    ['JMÉNO A PŘÍJMENÍ', 'name'],
    ['Telefon', 'phone'],
    ['Phone 2', 'phone'],
    ['e-mail', 'email'],
    ['customer NUMBER', 'field:customer_number'],
    ['customer_number', 'field:customer_number'],
    ['Id', 'id'],
    ['Shoe size', 'ignore'],
    ['', 'ignore'],
  ])('is known by its heading: %s → %s', (heading, target) => {
    expect(suggestTarget(heading, fields)).toBe(target)
  })
})

describe('a row', () => {
  test('gives several values of a kind, from several columns, lines, commas', () => {
    const targets = ['name', 'phone', 'phone', 'email', 'field:customer_number', 'ignore']
    const cells = ['Jana\nJanička', '+420 777 123 456; 601 222 333', "'+1+1", 'a@b.cz, c@d.cz', 'A,1', 'not this']
    expect(readRow(cells, targets)).toEqual({
      id: null,
      names: ['Jana', 'Janička'],
      phones: ['+420 777 123 456', '601 222 333', '+1+1'],
      emails: ['a@b.cz', 'c@d.cz'],
      fields: { customer_number: ['A,1'] },
    })
  })

  test('may be shorter than the headings', () => {
    expect(readRow(['Jana'], ['name', 'phone', 'field:customer_number'])).toEqual({
      id: null,
      names: ['Jana'],
      phones: [],
      emails: [],
      fields: {},
    })
  })
})

test.each([
  ['a,b,c', ','],
  ['a;b;c,d', ';'],
  ['a\tb', '\t'],
  ['"a;b;c;d",e', ','],
  ['only one', ','],
  ['a|b\nx;y;z', '|'],
])('the delimiter is the one that the headings have: %j', (text, mark) => {
  expect(delimiterOf(text)).toBe(mark)
})
