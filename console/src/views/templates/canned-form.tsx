// What a canned text leaves open, asked for above the text field, with the text as it will stand. Enter goes to the next
// question and at the last one inserts; nothing is sent.
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import { type Asking, asking, insertCanned } from '../../store/canned.ts'
import { previewOf } from '../../text/canned.ts'
import { focusComposer } from '../conversation/focus.ts'
import css from './templates.module.css'

export function CannedForm({ sessionId, asked }: { sessionId: string; asked: Asking }) {
  const entered = useSignal<Readonly<Record<string, string>>>({})
  const form = useRef<HTMLElement>(null)
  const { filled } = asked
  // Before it is seen: what is typed next is meant for the first question.
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), [])
  const preview = previewOf(filled, entered.value)
  const close = () => {
    asking.delete(sessionId)
    focusComposer()
  }
  const insert = () => insertCanned(sessionId, previewOf(filled, entered.peek()), asked.call)

  return (
    <section
      ref={form}
      class={css.form}
      aria-label={t('canned.fillIn', { name: asked.name })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault()
          event.stopPropagation()
          close()
        }
      }}
    >
      <h3>{t('canned.fillIn', { name: asked.name })}</h3>
      <div class={css.questions}>
        {filled.missing.map((name, n) => (
          <label key={name} class="field">
            <span>{name}</span>
            <input
              class="input"
              value={entered.value[name] ?? ''}
              onInput={(event) => {
                entered.value = { ...entered.peek(), [name]: event.currentTarget.value }
              }}
              onKeyDown={(event) => {
                // Never further than here: the form around it would send.
                if (event.key !== 'Enter' || event.isComposing) return
                event.preventDefault()
                const next = form.current?.querySelectorAll('input')[n + 1]
                if (next === undefined) insert()
                else next.focus()
              }}
            />
          </label>
        ))}
      </div>
      <p class={css.whole} aria-live="polite">
        {preview}
      </p>
      <div class={css.actions}>
        <button type="button" class="button primary" onClick={insert}>
          {t('canned.insert')}
        </button>
        <button type="button" class="button" onClick={close}>
          {t('canned.cancel')}
        </button>
      </div>
    </section>
  )
}
