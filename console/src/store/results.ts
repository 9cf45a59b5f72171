// The results that a session may end with, and what one has chosen and noted but not given yet, by session. It is the
// session's, kept by Parley while one types: it is there when the dialog closes, when the client writes and the session goes
// on, and for whoever has the session next.
import { computed, signal } from '@preact/signals'
import { api } from '../api/api.ts'
import { outcome } from '../api/outcome.ts'
import type { Result } from '../api/types.ts'
import { Table } from './table.ts'

const tree = signal<readonly Result[] | null>(null)
/** With those that can no longer be chosen: sessions of before still have them. */
const named = signal<ReadonlyMap<string, string>>(new Map())

/** Asked for anew each time a form opens: administrators change it. */
export async function loadResults(): Promise<void> {
  const [{ items }, all] = await Promise.all([api.results(), outcome.results()])
  tree.value = items
  named.value = new Map(
    everything(all.items, []).map(({ result, path }) => [result.id, [...path, result.name].join(' › ')]),
  )
}

export interface Leaf {
  readonly result: Result
  /** The names above it, outermost first. */
  readonly path: readonly string[]
}

const everything = (results: readonly Result[], path: readonly string[]): readonly Leaf[] =>
  results.flatMap((result) => [{ result, path }, ...everything(result.children ?? [], [...path, result.name])])

/** A branch of other groups is left out whole. */
const leaves = (results: readonly Result[], path: readonly string[], groupId: string | null): readonly Leaf[] =>
  results.flatMap((result) => {
    if (result.groupIds.length > 0 && (groupId === null || !result.groupIds.includes(groupId))) return []
    return result.children === undefined || result.children.length === 0
      ? [{ result, path }]
      : leaves(result.children, [...path, result.name], groupId)
  })

/** Those that a session of this group may end with; null until they have been loaded. */
export const leavesFor = (groupId: string | null): readonly Leaf[] | null =>
  tree.value === null ? null : leaves(tree.value, [], groupId)

/** Every result there is, those of before too, by name. */
export const allResults = computed(() =>
  [...named.value].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name)),
)

export const resultName = (id: string): string | null => named.value.get(id) ?? null

export interface Choice {
  readonly resultId: string | null
  readonly note: string
}

const NONE: Choice = { resultId: null, note: '' }
const SAVE_AFTER_MS = 600

export const choices = new Table<Choice>()
export const choiceOf = (sessionId: string): Choice => choices.row(sessionId).value ?? NONE

const timers = new Map<string, ReturnType<typeof setTimeout>>()

/** Kept here at once, and by Parley when the typing pauses. */
export function keepChoice(sessionId: string, choice: Choice): void {
  choices.set(sessionId, choice)
  clearTimeout(timers.get(sessionId))
  timers.set(
    sessionId,
    setTimeout(() => {
      timers.delete(sessionId)
      // Whoever may not, or whose session has moved on, has it here all the same.
      outcome.saveDraft(sessionId, choice).catch(() => undefined)
    }, SAVE_AFTER_MS),
  )
}

/** What was prepared before, by oneself elsewhere or by whoever had the session. */
export async function loadChoice(sessionId: string): Promise<void> {
  if (choices.peek(sessionId) !== undefined) return
  const kept = await outcome.draft(sessionId).catch(() => null)
  if (kept === null || choices.peek(sessionId) !== undefined) return
  if (kept.resultId !== null || kept.note !== '') choices.set(sessionId, { resultId: kept.resultId, note: kept.note })
}

/** It has been given. */
export function forgetChoice(sessionId: string): void {
  clearTimeout(timers.get(sessionId))
  timers.delete(sessionId)
  choices.delete(sessionId)
}
