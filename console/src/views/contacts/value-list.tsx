// Values of one kind, changed where they stand: Enter or leaving the field saves, Escape puts back what was, an empty
// field takes the value away.
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import css from './contacts.module.css'

interface Props {
  readonly label: string
  readonly values: readonly string[]
  readonly type?: 'text' | 'tel' | 'email'
  /** What went wrong, in words; null once it is kept. */
  readonly onSave: (values: readonly string[]) => Promise<string | null>
}

export function ValueList({ label, values, type = 'text', onSave }: Props) {
  const adding = useSignal(false)
  const problem = useSignal<string | null>(null)
  const save = async (next: readonly string[]) => {
    problem.value = await onSave(next)
    if (problem.peek() === null) adding.value = false
    return problem.peek() === null
  }
  return (
    <section class={css.values} aria-label={label}>
      <h3>{label}</h3>
      <ul>
        {values.map((value, n) => (
          <li key={value}>
            <Value
              label={values.length > 1 ? t('contact.valueOf', { label, n: n + 1 }) : label}
              type={type}
              value={value}
              onSave={(next) =>
                save(
                  next === ''
                    ? values.filter((one) => one !== value)
                    : values.map((one) => (one === value ? next : one)),
                )
              }
            />
          </li>
        ))}
        {adding.value || values.length === 0 ? (
          <li>
            <Value
              label={t('contact.new', { label })}
              type={type}
              value=""
              focused={adding.value}
              onSave={(next) => (next === '' ? Promise.resolve(false) : save([...values, next]))}
              onLeave={() => {
                adding.value = false
              }}
            />
          </li>
        ) : null}
      </ul>
      {values.length > 0 && !adding.value ? (
        <button
          type="button"
          class={css.add}
          onClick={() => {
            adding.value = true
          }}
        >
          {t('contact.addValue', { label })}
        </button>
      ) : null}
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
    </section>
  )
}

interface ValueProps {
  readonly label: string
  readonly type: 'text' | 'tel' | 'email'
  readonly value: string
  readonly focused?: boolean
  readonly onSave: (value: string) => Promise<boolean>
  readonly onLeave?: () => void
}

/** Of one value for as long as it is shown: another one is another field. */
function Value({ label, type, value, focused = false, onSave, onLeave }: ValueProps) {
  const input = useRef<HTMLInputElement>(null)
  const entered = useSignal(value)
  const saving = useRef(false)
  useLayoutEffect(() => {
    if (focused) input.current?.focus()
  }, [])
  const save = async () => {
    const next = entered.peek().trim()
    if (next === value || saving.current) {
      if (next === '') onLeave?.()
      return
    }
    saving.current = true
    const kept = await onSave(next)
    saving.current = false
    if (kept && value === '') entered.value = ''
  }
  return (
    <input
      ref={input}
      class={css.value}
      type="text"
      inputMode={type}
      aria-label={label}
      placeholder={t('contact.none')}
      value={entered.value}
      onInput={(event) => {
        entered.value = event.currentTarget.value
      }}
      onBlur={() => void save()}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.isComposing) {
          event.preventDefault()
          void save()
        }
        if (event.key === 'Escape') {
          event.preventDefault()
          event.stopPropagation()
          entered.value = value
          input.current?.blur()
        }
      }}
    />
  )
}
