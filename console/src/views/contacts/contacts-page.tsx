// The Contacts Directory: search at the left, one contact at the right; each has its address.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { directory } from '../../api/directory.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { me, supervises } from '../../store/app.ts'
import { contactLine } from '../../store/directory.ts'
import { onKey } from '../shell/keyboard.ts'
import { ContactDetail } from './contact-detail.tsx'
import { ContactFields } from './contact-fields.tsx'
import css from './contacts.module.css'
import { ImportDialog } from './import-dialog.tsx'
import { NewContact } from './new-contact.tsx'

const AFTER_MS = 150

export function Contacts({ id }: { id?: string }) {
  const { route } = useLocation()
  const q = useSignal('')
  const items = useSignal<readonly Contact[] | null>(null)
  const next = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const dialog = useSignal<'new' | 'import' | 'fields' | null>(null)
  /** Raised where something of the list has changed. */
  const version = useSignal(0)
  const search = useRef<HTMLInputElement>(null)
  useEffect(() => {
    document.title = t('contacts.title')
    const undo = [
      onKey('/', (event) => {
        event.preventDefault()
        search.current?.focus()
      }),
      onKey('Escape', () => route('/contacts')),
    ]
    return () => {
      for (const one of undo) one()
    }
  }, [route])

  const load = async (cursor: string | null): Promise<void> => {
    const asked = q.peek()
    try {
      const page = await directory.contacts({ q: asked, limit: 50, ...(cursor === null ? {} : { cursor }) })
      if (asked !== q.peek()) return
      items.value = cursor === null ? page.items : [...(items.peek() ?? []), ...page.items]
      next.value = page.next
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  useEffect(() => {
    const timer = setTimeout(() => void load(null), items.peek() === null ? 0 : AFTER_MS)
    return () => clearTimeout(timer)
  }, [q.value, version.value])
  const changed = () => {
    version.value += 1
  }
  const close = () => {
    dialog.value = null
  }

  return (
    <div class={css.page} data-detail={id !== undefined}>
      <section class={css.list} aria-label={t('contacts.heading')}>
        <header class={css.head}>
          <div class={css.headLine}>
            <h1>{t('contacts.heading')}</h1>
            <button
              type="button"
              class="button small"
              onClick={() => {
                dialog.value = 'new'
              }}
            >
              {t('contacts.new')}
            </button>
            {me.value?.role === 'administrator' ? (
              <>
                <button
                  type="button"
                  class="button small"
                  onClick={() => {
                    dialog.value = 'fields'
                  }}
                >
                  {t('contacts.fields')}
                </button>
                <button
                  type="button"
                  class="button small"
                  onClick={() => {
                    dialog.value = 'import'
                  }}
                >
                  {t('contacts.import')}
                </button>
              </>
            ) : null}
            {supervises(me.value) ? (
              <a class="button small" href="/api/v1/contacts/export" download>
                {t('contacts.export')}
              </a>
            ) : null}
          </div>
          <input
            ref={search}
            class="input"
            type="search"
            aria-label={t('contacts.search')}
            placeholder={t('contacts.searchHint')}
            value={q.value}
            onInput={(event) => {
              q.value = event.currentTarget.value
            }}
          />
        </header>
        <div class={css.scroll}>
          {problem.value === null ? null : <p class={`note danger ${css.more}`}>{problem.value}</p>}
          {items.value?.length === 0 ? (
            <p class={css.empty}>{q.value === '' ? t('contacts.empty') : t('contacts.noneFound')}</p>
          ) : null}
          <ul class={css.rows}>
            {(items.value ?? []).map((contact) => (
              <li key={contact.id}>
                <a href={`/contacts/${contact.id}`} {...(contact.id === id ? { 'aria-current': 'page' as const } : {})}>
                  <strong>{contact.name ?? t('contact.unnamed')}</strong>
                  <span class="quiet">{contactLine(contact)}</span>
                </a>
              </li>
            ))}
          </ul>
          {next.value === null ? null : (
            <button type="button" class={`button ${css.more}`} onClick={() => void load(next.peek())}>
              {t('contacts.more')}
            </button>
          )}
        </div>
      </section>
      <main class={css.detail}>
        {id === undefined ? (
          <div class={css.nothing}>
            <h2>{t('contacts.choose')}</h2>
            <p class="quiet">{t('contacts.chooseLead')}</p>
          </div>
        ) : (
          <ContactDetail key={id} id={id} onChanged={changed} />
        )}
      </main>
      {dialog.value === 'new' ? (
        <NewContact
          onClose={close}
          onAdded={(contact) => {
            close()
            changed()
            route(`/contacts/${contact.id}`)
          }}
        />
      ) : null}
      {dialog.value === 'fields' ? (
        <Dialog title={t('fields.title')} onClose={close}>
          <ContactFields />
        </Dialog>
      ) : null}
      {dialog.value === 'import' ? <ImportDialog onClose={close} onImported={changed} /> : null}
    </div>
  )
}
