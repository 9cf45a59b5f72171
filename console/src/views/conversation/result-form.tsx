// What came out of a session: one of the company's results, and a note where it needs one. What is chosen and typed is
// kept until it is given, whatever closes the form.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import type { ResultGiven } from '../../store/commands.ts'
import {
  choiceOf,
  forgetChoice,
  keepChoice,
  type Leaf,
  leavesFor,
  loadChoice,
  loadResults,
} from '../../store/results.ts'
import css from './result-form.module.css'

interface Props {
  readonly sessionId: string
  /** Whose results are offered. */
  readonly groupId: string | null
  readonly submit: string
  /** What the button says while no result is chosen, where that is allowed. */
  readonly submitWithout?: string
  readonly optional: boolean
  /** Null when it is done, else why not. */
  readonly onSubmit: (given: ResultGiven | null) => Promise<string | null>
  readonly children?: ComponentChildren
}

const SEARCH_FROM = 8

export function ResultForm({ sessionId, groupId, submit, submitWithout, optional, onSubmit, children }: Props) {
  const id = useId()
  const problem = useSignal<string | null>(null)
  const busy = useSignal(false)
  const search = useSignal('')
  const failed = useSignal(false)
  useEffect(() => {
    loadResults().catch(() => {
      failed.value = true
    })
    void loadChoice(sessionId)
  }, [])

  const choice = choiceOf(sessionId)
  const all = leavesFor(groupId) ?? []
  const chosen = all.find(({ result }) => result.id === choice.resultId)?.result ?? null
  const noteMissing = chosen?.noteRequired === true && choice.note.trim() === ''

  const give = async (event: Event) => {
    event.preventDefault()
    if (busy.value) return
    if (chosen === null && !optional) {
      problem.value = t('result.choose')
      return
    }
    if (noteMissing) {
      problem.value = t('result.noteMissing')
      return
    }
    const note = choice.note.trim()
    busy.value = true
    problem.value = await onSubmit(chosen === null ? null : { resultId: chosen.id, note: note === '' ? null : note })
    busy.value = false
    if (problem.peek() === null) forgetChoice(sessionId)
  }

  return (
    <form class={css.form} onSubmit={(event) => void give(event)}>
      <fieldset class={css.results}>
        <legend>{t('result.label')}</legend>
        {failed.value ? <p class="note danger">{t('result.unreachable')}</p> : null}
        {all.length >= SEARCH_FROM ? (
          <input
            class="input"
            type="search"
            aria-label={t('result.search')}
            placeholder={t('result.search')}
            value={search.value}
            onInput={(event) => {
              search.value = event.currentTarget.value
            }}
          />
        ) : null}
        <div class={css.choices}>
          {all
            .filter((leaf) => matches(leaf, search.value))
            .map(({ result, path }) => (
              <label key={result.id} class={css.choice}>
                <input
                  type="radio"
                  name={`result-${id}`}
                  checked={choice.resultId === result.id}
                  onChange={() => keepChoice(sessionId, { ...choice, resultId: result.id })}
                />
                <span>
                  {path.length === 0 ? null : <span class="quiet">{path.join(' › ')} › </span>}
                  {result.name}
                </span>
              </label>
            ))}
        </div>
      </fieldset>
      <div class="field">
        <label for={`note-${id}`}>{chosen?.noteRequired === true ? t('result.noteRequired') : t('result.note')}</label>
        <textarea
          id={`note-${id}`}
          class="input"
          rows={2}
          required={chosen?.noteRequired === true}
          value={choice.note}
          onInput={(event) => keepChoice(sessionId, { ...choice, note: event.currentTarget.value })}
        />
      </div>
      {children}
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <button type="submit" class={`button primary ${css.submit}`} disabled={busy.value}>
        {chosen === null && submitWithout !== undefined ? submitWithout : submit}
      </button>
    </form>
  )
}

function matches({ result, path }: Leaf, search: string): boolean {
  const wanted = search.trim().toLocaleLowerCase()
  return wanted === '' || [...path, result.name].join(' ').toLocaleLowerCase().includes(wanted)
}
