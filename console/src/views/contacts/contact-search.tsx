// Search the directory and choose one: "Select Existing", and whom to merge with.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { directory } from '../../api/directory.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { contactLine } from '../../store/directory.ts'
import css from './contacts.module.css'

interface Props {
  readonly label: string
  readonly choose: string
  readonly without?: string
  readonly onChoose: (contact: Contact) => void
}

const AFTER_MS = 150

export function ContactSearch({ label, choose, without, onChoose }: Props) {
  const q = useSignal('')
  const found = useSignal<readonly Contact[] | null>(null)
  const problem = useSignal<string | null>(null)
  useEffect(() => {
    let here = true
    const timer = setTimeout(() => {
      directory.contacts({ q: q.value, limit: 20 }).then(
        ({ items }) => {
          if (here) found.value = items.filter((contact) => contact.id !== without)
        },
        (error: unknown) => {
          if (here) problem.value = problemText(error)
        },
      )
    }, AFTER_MS)
    return () => {
      here = false
      clearTimeout(timer)
    }
  }, [q.value, without])
  return (
    <div class={css.search}>
      <label class="field">
        <span>{label}</span>
        <input
          class="input"
          type="search"
          placeholder={t('contacts.searchHint')}
          value={q.value}
          onInput={(event) => {
            q.value = event.currentTarget.value
          }}
        />
      </label>
      {problem.value === null ? null : <p class="note danger">{problem.value}</p>}
      {found.value?.length === 0 ? <p class="quiet">{t('contacts.noneFound')}</p> : null}
      <ul class={css.found}>
        {(found.value ?? []).map((contact) => (
          <li key={contact.id}>
            <span class={css.who}>
              <strong>{contact.name ?? t('contact.unnamed')}</strong>
              <span class="quiet">{contactLine(contact)}</span>
            </span>
            <button
              type="button"
              class="button small"
              aria-label={t('contact.chooseWhom', { choose, name: contact.name ?? contactLine(contact) })}
              onClick={() => onChoose(contact)}
            >
              {choose}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
