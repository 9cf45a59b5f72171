// What the session's workflow is doing now, in words: what happens next, which timers run, what is being sent; and
// whether the database says the same.
import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import type { WorkflowState } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText, told } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import { facts, lookedAt, now } from '../../store/app.ts'
import { exact, left, span } from '../../text/time.ts'
import css from './panel.module.css'

const AGAIN_MS = 5_000

export function Workflow({ id }: { id: string }) {
  const state = useSignal<WorkflowState | null>(null)
  const problem = useSignal<string | null>(null)
  const turn = useSignal(0)
  // At each change of the session, and every few seconds while somebody looks.
  useSignalEffect(() => {
    void facts.sessions.row(id).value?.rev
    turn.value = turn.peek() + 1
  })
  useEffect(() => {
    const timer = setInterval(() => {
      if (lookedAt.peek()) turn.value += 1
    }, AGAIN_MS)
    return () => clearInterval(timer)
  }, [id])
  useEffect(() => {
    let here = true
    api.workflow(id).then(
      (found) => {
        if (here) state.value = found
        if (here) problem.value = null
      },
      (error: unknown) => {
        if (here) problem.value = problemText(error)
      },
    )
    return () => {
      here = false
    }
  }, [id, turn.value])

  if (problem.value !== null) return <p class="note danger">{problem.value}</p>
  const life = state.value
  if (life === null) return <div class={css.loading} aria-busy="true" />
  const { database } = life
  const timers = life.timers ?? database.timers
  const sends = life.sends ?? database.sends
  return (
    <div class={css.workflow}>
      <p class={css.next}>{life.answered ? nextText(life) : silentText(life)}</p>
      <dl>
        <div>
          <dt>{t('workflow.phase')}</dt>
          <dd>{told('phase', life.phase ?? database.phase, database.phase)}</dd>
        </div>
        <div>
          <dt>{t('workflow.textField')}</dt>
          <dd>{fieldText(life)}</dd>
        </div>
        <div>
          <dt>{t('workflow.window')}</dt>
          <dd>{windowText(database.window.until)}</dd>
        </div>
        <div>
          <dt>{t('workflow.sends')}</dt>
          <dd>
            {sends.pending + sends.calling === 0
              ? t('workflow.noSends')
              : t('workflow.sending', { pending: sends.pending, calling: sends.calling })}
            {sends.waitUntil === null ? null : (
              <>
                {' '}
                {t('workflow.heldUntil')} <At iso={sends.waitUntil} />
              </>
            )}
          </dd>
        </div>
      </dl>
      <section>
        <h3>{t('workflow.timers')}</h3>
        {timers.length === 0 ? <p class="quiet">{t('workflow.noTimers')}</p> : null}
        <ul class={css.timers}>
          {timers.map((timer) => (
            <li key={timer.name}>
              <span>{told('timer', timer.name, timer.name)}</span>
              <time dateTime={timer.dueAt} title={exact(Date.parse(timer.dueAt))}>
                {dueText(timer.dueAt)}
              </time>
            </li>
          ))}
        </ul>
      </section>
      <p class={css.agrees}>{agreement(life)}</p>
    </div>
  )
}

const dueText = (iso: string): string => {
  const ms = Date.parse(iso) - now.value
  return ms > 0 ? t('workflow.in', { left: left(ms) }) : t('workflow.due')
}

function nextText({ next }: WorkflowState): string {
  if (next === null) return t('next.nothing')
  const what = told('next', next.what, t('next.other', { what: next.what }))
  return next.at === null ? what : t('next.when', { what, when: dueText(next.at) })
}

const silentText = ({ database }: WorkflowState): string =>
  database.phase === 'ended' ? t('next.over') : t('next.silent')

function fieldText(life: WorkflowState): string {
  const field = life.textField ?? life.database.textField
  if (field.open) return t('workflow.open')
  return told('because', field.reason ?? 'ended', field.reason ?? '')
}

const windowText = (until: string | null): string => {
  if (until === null) return t('workflow.noWindow')
  const ms = Date.parse(until) - now.value
  return ms > 0 ? t('workflow.windowOpen', { left: left(ms) }) : t('workflow.windowShut', { ago: span(-ms) })
}

/** Both are told, so that a difference is seen for what it is. */
function agreement(life: WorkflowState): string {
  if (!life.answered || life.rev === null) return t('workflow.fromDatabase')
  if (life.rev >= life.database.rev) return t('workflow.same')
  return t('workflow.behind', { rev: life.rev, databaseRev: life.database.rev })
}
