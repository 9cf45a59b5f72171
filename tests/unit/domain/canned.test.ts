import { describe, expect, test } from 'vitest'
import { type CannedOwner, mayEditCanned, maySeeCanned, SHORTCUT } from '../../../src/domain/canned.ts'
import type { Rights } from '../../../src/domain/policy.ts'

const who = (role: Rights['role'], groupIds: readonly string[] = ['mine']): Rights => ({
  userId: 'me',
  role,
  groupIds,
  seeOthers: false,
  slots: 5,
})
const company: CannedOwner = { scope: 'company', groupId: null, userId: null }
const group = (groupId: string): CannedOwner => ({ scope: 'group', groupId, userId: null })
const own = (userId: string): CannedOwner => ({ scope: 'own', groupId: null, userId })

describe.each([
  // owner, folder's groups, [operator, supervisor, administrator]: s sees, e sees and changes, - neither
  ['the company’s', company, [], 'sse'],
  ['the company’s, in a folder of one’s group', company, ['mine', 'other'], 'sse'],
  ['the company’s, in a folder of another group', company, ['other'], '--e'],
  ['one’s group’s', group('mine'), [], 'see'],
  ['one’s group’s, in a folder of another group', group('mine'), ['other'], '--e'],
  ['another group’s', group('other'), [], '--e'],
  ['one’s own', own('me'), ['other'], 'eee'],
  ['somebody else’s own', own('you'), [], '---'],
] as const)('a template: %s', (_whose, owner, folder, expected) => {
  test.each(['operator', 'supervisor', 'administrator'] as const)('for an %s', (role) => {
    const said = expected[['operator', 'supervisor', 'administrator'].indexOf(role)]
    const sees = maySeeCanned(who(role), owner, folder)
    expect(sees).toBe(said === 's' || said === 'e')
    // What is not seen is not found, whatever the role alone would allow.
    if (sees) expect(mayEditCanned(who(role), owner)).toBe(said === 'e')
  })
})

test.each([
  ['hello', true],
  ['děkuji-2', true],
  ['2fa_code', true],
  ['-no', false],
  ['two words', false],
  ['a#b', false],
  ['', false],
  ['x'.repeat(41), false],
])('a shortcut is one word: %j %s', (text, is) => {
  expect(SHORTCUT.test(text)).toBe(is)
})
