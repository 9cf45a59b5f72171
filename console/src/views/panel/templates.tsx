// Templates beside the conversation: search one and put it into the text field.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import { facts, me, now } from '../../store/app.ts'
import { cannedProblem, cannedTexts, chooseCanned, loadCanned } from '../../store/canned.ts'
import { field } from '../../store/field.ts'
import { matching } from '../../text/canned.ts'
import { CannedLine } from '../templates/canned-list.tsx'
import css from '../templates/templates.module.css'

export function TemplatesPanel({ id }: { id: string }) {
  const q = useSignal('')
  const problem = useSignal<string | null>(null)
  useEffect(() => void loadCanned(), [])
  const session = facts.sessions.row(id).value
  if (session === undefined) return null
  const open = field(session, me.value?.id ?? '', now.value).kind === 'open'
  const shown = matching(cannedTexts.value ?? [], q.value)
  return (
    <div class={css.panel}>
      <label class="field">
        <span>{t('canned.search')}</span>
        <input
          class="input"
          type="search"
          value={q.value}
          onInput={(event) => {
            q.value = event.currentTarget.value
          }}
        />
      </label>
      {open ? null : <p class="note">{t('canned.closed')}</p>}
      {(problem.value ?? cannedProblem.value) === null ? null : (
        <p class="note danger" role="alert">
          {problem.value ?? cannedProblem.value}
        </p>
      )}
      {cannedTexts.value !== null && shown.length === 0 ? (
        <p class="quiet">{q.value === '' ? t('canned.empty') : t('canned.none')}</p>
      ) : null}
      <p>
        <a href="/templates">{t('canned.manage')}</a>
      </p>
      <ul class={css.rows}>
        {shown.map((text) => (
          <li key={text.id}>
            <button
              type="button"
              class={css.row}
              disabled={!open}
              onClick={() =>
                void chooseCanned(id, text, null).then((why) => {
                  problem.value = why
                })
              }
            >
              <CannedLine text={text} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
