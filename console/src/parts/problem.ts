// What went wrong, in the words of the catalogue: by its stable code, never by the server's title.
import { Problem, Unreachable } from '../api/client.ts'
import type { Key, PlainKey } from '../i18n/catalogue.ts'
import { en } from '../i18n/en.ts'
import { t } from '../i18n/t.ts'

const isKey = (key: string): key is Key => Object.hasOwn(en, key)

/** A text whose key is made of a prefix and what the server says, or another one where there is none. */
export function told(prefix: string, word: string, otherwise: string): string {
  const key = `${prefix}.${word}`
  return isKey(key) ? t(key as PlainKey) : otherwise
}

export function problemText(error: unknown): string {
  if (error instanceof Unreachable) return t('problem.unreachable')
  if (!(error instanceof Problem)) return t('problem.internal')
  if (error.code === 'text-field-closed' && error.body.reason !== undefined) {
    return told('closed', error.body.reason, t('problem.text-field-closed'))
  }
  return told('problem', error.code, error.body.detail ?? t('problem.internal'))
}

/** The same of a form whose fields are named in the catalogue under `prefix`: which of them is not valid. */
export function formProblem(error: unknown, prefix: string): string {
  const [first] = error instanceof Problem ? (error.body.errors ?? []) : []
  const key = `${prefix}.${first?.pointer.slice(1) ?? ''}`
  return first !== undefined && isKey(key) ? t('problem.field', { field: t(key as PlainKey) }) : problemText(error)
}
