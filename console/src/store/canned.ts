// Canned texts that one may use, and the one that is being filled in, by session. Choosing one only ever writes into the
// text field: on WhatsApp nothing is sent before somebody has read it there.
import { signal } from '@preact/signals'
import { directory } from '../api/directory.ts'
import type { CannedText, FilledText } from '../api/types.ts'
import { problemText } from '../parts/problem.ts'
import { type Call, variantOf } from '../text/canned.ts'
import { drafts } from './app.ts'
import { Table } from './table.ts'

/** Null until they have been loaded. */
export const cannedTexts = signal<readonly CannedText[] | null>(null)
export const cannedProblem = signal<string | null>(null)
const FRESH_MS = 20_000
let loadedAt = 0

export async function loadCanned(evenIfFresh = false): Promise<void> {
  if (!evenIfFresh && cannedTexts.peek() !== null && Date.now() - loadedAt < FRESH_MS) return
  try {
    cannedTexts.value = (await directory.cannedTexts()).items
    loadedAt = Date.now()
    cannedProblem.value = null
  } catch (error) {
    cannedProblem.value = problemText(error)
  }
}

const LANGUAGE = 'parley.cannedLanguage'
/** The one that was used last; a text without it is taken in its first. */
export const cannedLanguage = signal<string | null>(localStorage.getItem(LANGUAGE))
export function chooseLanguage(language: string): void {
  cannedLanguage.value = language
  localStorage.setItem(LANGUAGE, language)
}

export interface Asking {
  readonly name: string
  readonly filled: FilledText
  /** What it takes the place of; null: it goes behind what is written. */
  readonly call: Call | null
}

export const asking = new Table<Asking>()

/** Into the text field, or first to the questions that it leaves open. What went wrong is returned in words. */
export async function chooseCanned(sessionId: string, text: CannedText, call: Call | null): Promise<string | null> {
  const language = variantOf(text, cannedLanguage.peek())?.language ?? null
  try {
    const filled = await directory.fill(text.id, sessionId, language)
    if (filled.missing.length === 0) insertCanned(sessionId, filled.text, call)
    else asking.set(sessionId, { name: text.name, filled, call })
    return null
  } catch (error) {
    return problemText(error)
  }
}

/** In place of the call, where it still stands; else behind what was written meanwhile. */
export function insertCanned(sessionId: string, text: string, call: Call | null): void {
  asking.delete(sessionId)
  const written = drafts.text(sessionId).peek()
  const stands = call !== null && written.slice(call.from, call.to) === `#${call.query}`
  const before = stands ? written.slice(0, call.from) : written === '' || /\s$/.test(written) ? written : `${written} `
  const after = stands ? written.slice(call.to) : ''
  showInField(before + text + after, before.length + text.length)
  drafts.write(sessionId, before + text + after)
}

/** At once, with the caret behind what was inserted: whoever types on must not find it moved a moment later. */
function showInField(text: string, caret: number): void {
  const field = document.querySelector<HTMLTextAreaElement>('textarea[data-composer]')
  if (field === null) return
  field.value = text
  field.focus()
  field.setSelectionRange(caret, caret)
}
