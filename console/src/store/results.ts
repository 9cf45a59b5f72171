// The results that a session may end with, and what one has chosen and noted but not given yet, by session: it is kept
// when the dialog closes, and when the client writes and the session goes on.
import { computed, signal } from '@preact/signals'
import { api } from '../api/api.ts'
import type { Result } from '../api/types.ts'
import { Table } from './table.ts'

const tree = signal<readonly Result[] | null>(null)

export async function loadResults(): Promise<void> {
  tree.value ??= (await api.results()).items
}

export interface Leaf {
  readonly result: Result
  /** The names above it, outermost first. */
  readonly path: readonly string[]
}

const leaves = (results: readonly Result[], path: readonly string[]): readonly Leaf[] =>
  results.flatMap((result) =>
    result.children === undefined || result.children.length === 0
      ? [{ result, path }]
      : leaves(result.children, [...path, result.name]),
  )

/** Null until they have been loaded. */
export const resultLeaves = computed(() => (tree.value === null ? null : leaves(tree.value, [])))

export const resultName = (id: string): string | null => {
  const leaf = resultLeaves.value?.find(({ result }) => result.id === id)
  return leaf === undefined ? null : [...leaf.path, leaf.result.name].join(' › ')
}

export interface Choice {
  readonly resultId: string | null
  readonly note: string
}

export const choices = new Table<Choice>()
export const choiceOf = (sessionId: string): Choice => choices.row(sessionId).value ?? { resultId: null, note: '' }
