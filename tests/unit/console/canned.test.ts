import { describe, expect, test } from 'vitest'
import type { CannedText, FilledText } from '../../../console/src/api/types.ts'
import { callAt, matching, previewOf } from '../../../console/src/text/canned.ts'

describe('a # while one writes', () => {
  test.each([
    ['#', 1, { from: 0, to: 1, query: '' }],
    ['#hel', 4, { from: 0, to: 4, query: 'hel' }],
    ['Yes #dě', 7, { from: 4, to: 7, query: 'dě' }],
    ['one\n#two', 8, { from: 4, to: 8, query: 'two' }],
    ['#hello world', 4, { from: 0, to: 4, query: 'hel' }],
  ])('calls a template: %j at %i', (text, caret, call) => {
    expect(callAt(text, caret)).toEqual(call)
  })

  test.each([
    ['C#', 2],
    ['#hello ', 7],
    ['order #', 5],
    ['##', 2],
    ['', 0],
  ])('calls none: %j at %i', (text, caret) => {
    expect(callAt(text, caret)).toBeNull()
  })
})

const text = (name: string, shortcut: string | null, words: string): CannedText => ({
  id: name,
  scope: 'own',
  groupId: null,
  groupName: null,
  folder: null,
  name,
  shortcut,
  text: words,
  variants: [{ language: 'en', text: words }],
  mayEdit: true,
  updatedAt: '2026-01-01T00:00:00.000Z',
})

test('shortcuts that begin so come first, then names, then texts; without accents', () => {
  const all = [
    text('Has it in the text', null, 'děkuji'),
    text('Děkujeme', 'thx', 'x'),
    text('Other', 'dek', 'x'),
    text('None', 'no', 'x'),
  ]
  expect(matching(all, 'dek').map((one) => one.name)).toEqual(['Other', 'Děkujeme', 'Has it in the text'])
  expect(matching(all, '')).toHaveLength(4)
})

test('the preview has what was entered, and braces around what is missing', () => {
  const filled: FilledText = {
    language: 'en',
    text: '',
    parts: [
      { placeholder: null, text: 'Order ' },
      { placeholder: 'Number', text: null },
      { placeholder: null, text: ' on ' },
      { placeholder: 'day', text: null },
    ],
    missing: ['number', 'day'],
  }
  expect(previewOf(filled, { number: ' 42 ' })).toBe('Order 42 on {{day}}')
})
