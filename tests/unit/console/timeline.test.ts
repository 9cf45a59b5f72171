// The evidence of a session in words: each event in a sentence, each field of what it rested on by a name.
import { globSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import type { TimelineItem } from '../../../console/src/api/types.ts'
import { en } from '../../../console/src/i18n/en.ts'
import { sentence, valueInWords } from '../../../console/src/views/panel/sentences.ts'
import { iso } from './samples.ts'

const SYSTEM = { kind: 'system', id: null, name: null } as const
const META = { kind: 'meta', id: null, name: null } as const
const OLGA = { kind: 'operator', id: 'u1', name: 'Olga' } as const

const told = (type: string, actor: TimelineItem['actor'], evidence: TimelineItem['evidence']): string =>
  sentence({ id: 's1:1', n: 1, rev: 1, at: iso(0), actor, type, evidence })

describe('an end', () => {
  test('by an operator tells who it was', () => {
    expect(told('ended', OLGA, { seen: 2, resultId: null })).toBe('Olga ended it.')
  })

  test('by time tells whether the client’s silence had begun it, or an operator', () => {
    expect(told('ended', SYSTEM, { timer: 'wrapUpMax', reason: 'wrapUpMax' })).toBe(
      'It ended by itself: the time for the result was over.',
    )
    expect(told('ended', SYSTEM, { timer: 'wrapUpMax', reason: 'inactivity' })).toBe(
      'It ended by itself after the client’s silence; nobody gave a result in time.',
    )
  })

  test('because two clients turned out to be one tells that, and not that somebody ended it', () => {
    expect(told('ended', META, { reason: 'joined', into: 's2' })).toBe(
      'It ended because two clients turned out to be one; their other session goes on.',
    )
  })
})

/** Names of the fields that a decision may leave as evidence, as the source of the services writes them. */
function fieldsOfEvidence(): ReadonlySet<string> {
  const found = new Set<string>()
  const fields = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node) || ts.isPropertySignature(node))
      found.add(node.name.getText())
    ts.forEachChild(node, fields)
  }
  const isEvidence = (node: ts.Node): boolean =>
    (ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node)) && node.name.getText() === 'evidence'
  const isDecided = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith('src/sessions/')
  const visit = (node: ts.Node): void => {
    if (isEvidence(node)) ts.forEachChild(node, fields)
    else if (ts.isCallExpression(node) && /\.event$/.test(node.expression.getText())) node.arguments.forEach(fields)
    // In src/ingest it is content that functions make as JSON; here it is evidence.
    else if (ts.isFunctionDeclaration(node) && isDecided(node) && /JsonObject/.test(node.type?.getText() ?? ''))
      fields(node)
    else if (ts.isTypeAliasDeclaration(node) && node.name.text === 'Refusal') fields(node)
    ts.forEachChild(node, visit)
  }
  const root = new URL('../../../', import.meta.url).pathname
  for (const file of globSync(['src/domain/refusal.ts', 'src/sessions/**/*.ts', 'src/ingest/*.ts'], { cwd: root })) {
    visit(ts.createSourceFile(file, readFileSync(`${root}${file}`, 'utf8'), ts.ScriptTarget.Latest, true))
  }
  return found
}

describe('a field of the evidence', () => {
  const fields = [...fieldsOfEvidence()]

  test('is found wherever it is written', () => {
    const some = ['asked', 'into', 'lastSeq', 'missing', 'offeredAt', 'refused', 'seq', 'timer', 'windowUntil']
    expect(fields).toEqual(expect.arrayContaining(some))
  })

  test('has a name on the screen', () => {
    expect(fields.filter((name) => !Object.hasOwn(en, `evidence.${name}`)).sort()).toEqual([])
  })
})

describe('what a field of the evidence says', () => {
  test('is a word of the screen, not one of the tables', () => {
    const said = (name: string, value: unknown) => valueInWords(name, value)
    expect(said('phase', 'wrapUp')).toBe('Wrap-up')
    expect(said('reason', 'banned')).toBe('Closed: client on the blacklist')
    expect(said('reason', 'wrapUpMax')).toBe('Time for the result was over')
    expect(said('code', 'client-banned')).toBe('The client is on the blacklist')
    expect(said('code', 131026)).toBe('131026')
    expect(said('timer', 'windowExpiry')).toBe('Window shuts')
    expect(said('origin', 'reconnect')).toBe('Reconnected')
    expect(said('reactivated', true)).toBe('yes')
    expect(said('unheardOf', 'as it came')).toBe('as it came')
  })
})

test('a ban is told by who made it, and its end by how it came', () => {
  expect(told('banned', OLGA, { banId: 'b1' })).toBe('Olga put the client on the blacklist.')
  expect(told('unbanned', OLGA, { banId: 'b1', why: 'lifted' })).toBe('Olga lifted the ban of the client.')
  expect(told('unbanned', SYSTEM, { banId: 'b1', why: 'expired' })).toBe('The ban of the client ran out.')
})
