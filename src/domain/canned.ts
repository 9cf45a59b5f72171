// Canned texts ("Templates"): the company's are kept by administrators, a group's by its supervisors and by administrators,
// one's own by oneself and seen by nobody else. A folder may be for some groups alone; one's own texts are seen whatever
// folder they are in.
import type { Rights } from './policy.ts'

export const CANNED_SCOPES = ['company', 'group', 'own'] as const
export type CannedScope = (typeof CANNED_SCOPES)[number]

export interface CannedOwner {
  readonly scope: CannedScope
  /** Of `group`. */
  readonly groupId: string | null
  /** Of `own`. */
  readonly userId: string | null
}

const isMember = (rights: Rights, groupId: string | null): boolean =>
  groupId !== null && rights.groupIds.includes(groupId)

/** `folderGroups`: empty where the folder is for everybody, or there is none. */
export function maySeeCanned(rights: Rights, owner: CannedOwner, folderGroups: readonly string[]): boolean {
  if (owner.scope === 'own') return owner.userId === rights.userId
  if (rights.role === 'administrator') return true
  if (owner.scope === 'group' && !isMember(rights, owner.groupId)) return false
  return folderGroups.length === 0 || folderGroups.some((groupId) => isMember(rights, groupId))
}

export function mayEditCanned(rights: Rights, owner: CannedOwner): boolean {
  switch (owner.scope) {
    case 'own':
      return owner.userId === rights.userId
    case 'group':
      return rights.role === 'administrator' || (rights.role === 'supervisor' && isMember(rights, owner.groupId))
    case 'company':
      return rights.role === 'administrator'
  }
}

/** Without the # that calls it; one word, so that a space ends it. */
export const SHORTCUT = /^[\p{L}\p{N}][\p{L}\p{N}_-]{0,39}$/u
