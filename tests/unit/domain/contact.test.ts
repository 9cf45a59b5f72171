import { describe, expect, test } from 'vitest'
import { changedOver, displayName, keyOf, searchKey, searchTerms, sortKey } from '../../../src/domain/contact.ts'
import { guardedCell, unguardedCell } from '../../../src/domain/csv-cell.ts'
import { fold } from '../../../src/domain/fold.ts'

const name = (value: string) => ({ kind: 'name', fieldId: null, value }) as const
const phone = (value: string) => ({ kind: 'phone', fieldId: null, value }) as const
const NOBODY = { names: [], phones: [], bsuids: [] }

describe('texts that are compared', () => {
  test.each([
    ['Žluťoučký KŮŇ', 'zlutoucky kun'],
    ['Łódź', 'lodz'],
    ['Straße', 'strasse'],
    ['Ærø', 'aero'],
    ['  two   spaces ', 'two spaces'],
    ['Ｆｕｌｌ', 'full'],
    ['Ελλάδα', 'ελλαδα'],
  ])('lose case, accents and variants: %s', (text, folded) => {
    expect(fold(text)).toBe(folded)
    expect(fold(folded)).toBe(folded)
  })
})

describe('a contact', () => {
  test('is shown by its first name, and sorted behind all others where it has none', () => {
    expect(displayName([phone('+420777'), name('A'), name('B')])).toBe('A')
    expect(displayName([phone('+420777')])).toBeNull()
    expect(sortKey([name('Žaneta')])).toBe('zaneta')
    expect(sortKey([phone('+420777')]) > sortKey([name('zzz')])).toBe(true)
  })

  test('has one number in two notations, one name in two spellings', () => {
    expect(keyOf(phone('+420 777 123'))).toBe(keyOf(phone('+420777123')))
    expect(keyOf(name('Nováková'))).toBe(keyOf(name('NOVAKOVA')))
  })

  test('is found by each word’s beginning, also behind a hyphen, and by what WhatsApp tells of its clients', () => {
    const key = searchKey([name('Anna-Marie Černá'), phone('+420777123456')], {
      names: ['Áňa'],
      phones: ['420999'],
      bsuids: ['CZ.ABC'],
    })
    for (const part of [' anna-marie', ' marie', ' cerna', '420777123456', ' ana ', '420999', ' cz.abc'])
      expect(key).toContain(part)
    expect(searchKey([], NOBODY).trim()).toBe('')
  })
})

describe('what is typed into a search', () => {
  test.each([
    ['+420 777 123 456', '420777123456'],
    ['00420777123456', '420777123456'],
    ['(0777) 123-456', '777123456'],
    ['777.123', '777123'],
  ])('is a number in any notation: %s', (q, digits) => {
    expect(searchTerms(q)).toEqual([{ is: 'phone', digits }])
  })

  test('is words otherwise, of which only longer ones of letters may be mistyped', () => {
    expect(searchTerms(' Jan  NOVÁK č12 ')).toEqual([
      { is: 'word', word: 'jan', mayBeMistyped: false },
      { is: 'word', word: 'novak', mayBeMistyped: true },
      { is: 'word', word: 'c12', mayBeMistyped: false },
    ])
    expect(searchTerms('   ')).toEqual([])
    expect(searchTerms('000')).toEqual([])
  })

  test('may have two letters changed over', () => {
    expect(changedOver('aab')).toEqual(['aba'])
    expect(changedOver('jan')).toEqual(['ajn', 'jna'])
  })
})

describe('a cell of an export', () => {
  test.each(['=1+1', '+1+1', '-2', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1+1', '+420 777\n=1'])(
    'never begins a formula, and is read back as it was: %j',
    (text) => {
      expect(guardedCell(text)).toBe(`'${text}`)
      expect(unguardedCell(guardedCell(text))).toBe(text)
    },
  )
  test.each(['+420 777 123 456', 'Jana', "'quoted'", '', '5-3', 'a=b'])('stays as it is otherwise: %j', (text) => {
    expect(guardedCell(text)).toBe(text)
    expect(unguardedCell(text)).toBe(text)
  })
})
