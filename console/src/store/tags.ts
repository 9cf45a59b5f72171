// The company's tags, and the settings that say who may make them and who may ban.
import { signal } from '@preact/signals'
import { outcome, type TagChange } from '../api/outcome.ts'
import type { Session, Settings, Tag } from '../api/types.ts'
import { problemText } from '../parts/problem.ts'
import { facts, me } from './app.ts'

export const tags = signal<readonly Tag[] | null>(null)
export const settings = signal<Settings | null>(null)

export async function loadTags(): Promise<void> {
  tags.value = (await outcome.tags()).items
}

export async function loadSettings(): Promise<void> {
  settings.value = await outcome.settings()
}

export const tagName = (id: string): string | null => tags.peek()?.find((tag) => tag.id === id)?.name ?? null

export const mayMakeTags = (): boolean => me.value?.role === 'administrator' || settings.value?.operatorsMayTag === true

export const mayBan = (): boolean =>
  me.value !== null && (me.value.role !== 'operator' || settings.value?.operatorsMayBan === true)

export const mayLift = (byId: string): boolean =>
  me.value !== null && (me.value.role !== 'operator' || (mayBan() && byId === me.value.id))

/** Whoever sees the session before it has an operator and after it ended; during it, its operator and supervisors. */
export const mayTag = (session: Session): boolean =>
  me.value?.role !== 'operator' ||
  session.operatorId === null ||
  session.operatorId === me.value.id ||
  session.phase === 'ended'

/** Null when it is done, else why not. */
export async function tagSession(sessionId: string, change: TagChange): Promise<string | null> {
  try {
    facts.putSession(await outcome.tagSession(sessionId, change))
    return null
  } catch (error) {
    return problemText(error)
  }
}

/** The tag of that name, made where there is none and one may; else null. */
export async function tagNamed(name: string): Promise<Tag | null> {
  const wanted = name.trim().toLocaleLowerCase()
  const known = tags.peek()?.find((tag) => tag.name.toLocaleLowerCase() === wanted)
  if (known !== undefined) return known
  if (wanted === '' || !mayMakeTags()) return null
  const made = await outcome.addTag({ name: name.trim() })
  tags.value = [...(tags.peek() ?? []), made].sort((a, b) => a.name.localeCompare(b.name))
  return made
}
