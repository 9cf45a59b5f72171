// The directory's own fields, kept by administrators: their names, their order, and which are put away.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Problem } from '../../api/client.ts'
import { directory } from '../../api/directory.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { contactFields, loadContactFields, placeholderOf } from '../../store/directory.ts'
import own from './contact-fields.module.css'
import css from './contacts.module.css'

export function ContactFields() {
  const name = useSignal('')
  const problem = useSignal<string | null>(null)
  useEffect(() => void loadContactFields().catch(() => undefined), [])
  const run = async (command: () => Promise<unknown>) => {
    try {
      await command()
      problem.value = null
    } catch (error) {
      const taken = error instanceof Problem && error.body.errors?.[0]?.pointer === '/key'
      problem.value = taken ? t('fields.taken') : problemText(error)
    }
    await loadContactFields().catch(() => undefined)
  }
  const all = contactFields.value
  /** Places are numbered anew, so that two that had the same one change over, too. */
  const swap = (at: number, by: 1 | -1) =>
    run(async () => {
      const order = [...all]
      const [moved] = order.splice(at, 1)
      if (moved !== undefined) order.splice(at + by, 0, moved)
      for (const [position, field] of order.entries())
        if (field.position !== position) await directory.changeField(field.id, { position })
    })
  return (
    <section class={css.dialog} aria-label={t('fields.title')}>
      <p class="quiet">{t('fields.lead')}</p>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      <ul class={own.list}>
        {all.map((field, at) => (
          <li key={field.id}>
            <input
              class={`input ${own.name} ${field.archived ? own.archived : ''}`}
              aria-label={t('fields.name', { name: field.name })}
              defaultValue={field.name}
              onBlur={(event) => {
                const next = event.currentTarget.value.trim()
                if (next !== '' && next !== field.name) void run(() => directory.changeField(field.id, { name: next }))
              }}
            />
            <code>{placeholderOf(field.key)}</code>
            <button
              type="button"
              class="button bare icon small"
              aria-label={t('fields.up', { name: field.name })}
              disabled={at === 0}
              onClick={() => void swap(at, -1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="button bare icon small"
              aria-label={t('fields.down', { name: field.name })}
              disabled={at === all.length - 1}
              onClick={() => void swap(at, 1)}
            >
              ↓
            </button>
            <button
              type="button"
              class="button small"
              onClick={() => void run(() => directory.changeField(field.id, { archived: !field.archived }))}
            >
              {field.archived ? t('fields.bringBack') : t('fields.putAway')}
            </button>
          </li>
        ))}
      </ul>
      <form
        class={css.actions}
        onSubmit={(event) => {
          event.preventDefault()
          const next = name.peek().trim()
          if (next === '') return
          void run(async () => {
            await directory.addField(next)
            name.value = ''
          })
        }}
      >
        <input
          class={`input ${own.name}`}
          aria-label={t('fields.new')}
          placeholder={t('fields.new')}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value
          }}
        />
        <button type="submit" class="button primary">
          {t('fields.add')}
        </button>
      </form>
    </section>
  )
}
