import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Piece, parse, plain, written } from '../../../console/src/text/format.ts'

const kinds = (pieces: readonly Piece[]): readonly string[] =>
  pieces.flatMap((piece) => [piece.kind, ...('pieces' in piece ? kinds(piece.pieces) : [])])

test('no character is ever lost, whatever a client writes', () => {
  const marks = fc.constantFrom('*', '_', '~', '`', '```', ' ', '\n', 'a', 'ž', '👍', 'https://a.cz/_b_', '.', ')')
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(marks, { maxLength: 30 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(anything, (text) => written(parse(text)) === text),
    { numRuns: 600 },
  )
}, 30_000)

test('marks are drawn where WhatsApp draws them', () => {
  expect(parse('*bold* and _italic_')).toEqual([
    { kind: 'bold', mark: '*', pieces: [{ kind: 'text', text: 'bold' }] },
    { kind: 'text', text: ' and ' },
    { kind: 'italic', mark: '_', pieces: [{ kind: 'text', text: 'italic' }] },
  ])
  expect(kinds(parse('*_~all three~_*'))).toEqual(['bold', 'italic', 'strike', 'text'])
  expect(parse('`a*b*c`')).toEqual([{ kind: 'code', mark: '`', text: 'a*b*c' }])
  expect(parse('```\nlet a = *b*\n```')).toEqual([{ kind: 'block', mark: '```', text: '\nlet a = *b*\n' }])
})

test.each(['2*3*4', 'snake_case_name', '* not bold*', '*not bold *', '**', 'a*', '*over\nlines*', '5 * 3 = 15 * 1'])(
  '%j is only text',
  (text) => {
    expect(parse(text)).toEqual([{ kind: 'text', text }])
  },
)

test('an address becomes a link without the sentence around it, and keeps its own underscores', () => {
  expect(parse('See https://a.cz/x_y_z.')).toEqual([
    { kind: 'text', text: 'See ' },
    { kind: 'link', text: 'https://a.cz/x_y_z', href: 'https://a.cz/x_y_z' },
    { kind: 'text', text: '.' },
  ])
})

test('only pages become links', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'ftp://a.cz'),
      (text) => kinds(parse(`*${text}*`)).every((kind) => kind !== 'link'),
    ),
  )
})

test('a long line of marks without an end is read in a moment', () => {
  const started = performance.now()
  parse('*a '.repeat(20_000))
  expect(performance.now() - started).toBeLessThan(4_000)
})

test('a list shows one line without marks', () => {
  expect(plain('*Hello*\n  _you_')).toBe('Hello you')
})
