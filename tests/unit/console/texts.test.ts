// Every text of the console stands in its catalogue: no view has words of its own, and no text of the catalogue is
// without a use.
import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { en, rooms } from '../../../console/src/i18n/en.ts'
import { t } from '../../../console/src/i18n/t.ts'

const ROOT = new URL('../../../console/src/', import.meta.url).pathname
const files = globSync('**/*.{ts,tsx}', { cwd: ROOT })
const sources = files.map((file) => ({ file, text: readFileSync(`${ROOT}${file}`, 'utf8') }))

const SAID = new Set(['aria-label', 'aria-description', 'aria-roledescription', 'title', 'placeholder', 'alt', 'label'])
const hasWord = (text: string): boolean => /\p{L}/u.test(text)

/** Texts that a reader would see or hear, and that stand in the markup itself. */
function wordsIn(file: string, text: string): readonly string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const found: string[] = []
  const literal = (node: ts.Node | undefined) => {
    if (node === undefined) return
    if ((ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) && hasWord(node.text))
      found.push(node.text)
    else if (
      ts.isTemplateExpression(node) &&
      hasWord(node.head.text + node.templateSpans.map((span) => span.literal.text).join(''))
    )
      found.push(node.getText())
    else if (ts.isConditionalExpression(node)) {
      literal(node.whenTrue)
      literal(node.whenFalse)
    } else if (ts.isJsxExpression(node)) literal(node.expression)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node) && hasWord(node.text)) found.push(node.text.trim())
    if (ts.isJsxAttribute(node) && SAID.has(node.name.getText())) literal(node.initializer)
    if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)) literal(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found.map((one) => `${file}: ${one}`)
}

test('the search finds words in markup, wherever they hide', () => {
  const bad = "const A = () => <p title=\"Hi\" aria-label={'Hello'}>Text {x ? 'yes' : t('no')} {`one`}</p>"
  expect(wordsIn('a.tsx', bad)).toEqual(['a.tsx: Hi', 'a.tsx: Hello', 'a.tsx: Text', 'a.tsx: yes', 'a.tsx: one'])
})

test('no view has words of its own', () => {
  expect(sources.filter(({ file }) => file.endsWith('.tsx')).flatMap(({ file, text }) => wordsIn(file, text))).toEqual(
    [],
  )
})

test('every text is used, by its key or by a word of the interface', () => {
  const all = sources
    .filter(({ file }) => !file.startsWith('i18n/en'))
    .map(({ text }) => text)
    .join('\n')
  const prefixes = [...all.matchAll(/(?:t\(`|told\(\s*')([\w.]+?)\.?(?:\$\{|',)/g)].map((match) => `${match[1]}.`)
  const unused = Object.keys(en).filter(
    (key) => !all.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)),
  )
  expect(unused).toEqual([])
})

test('no key is in two rooms, where one would hide the other', () => {
  const keys = rooms.flatMap((room) => Object.keys(room))
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([])
})

test('holes are filled, and numbers choose their form', () => {
  expect(t('row.unread', { count: 1 })).toBe('1 unread message')
  expect(t('row.unread', { count: 3 })).toBe('3 unread messages')
  expect(t('event.accepted', { who: 'Olga' })).toBe('Olga accepted it.')
})
