// Two contacts that are one person: choose the other, see what will be, merge. It can be undone on the contact's page.
import { useSignal } from '@preact/signals'
import { directory } from '../../api/directory.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { contactLine } from '../../store/directory.ts'
import { ContactSearch } from './contact-search.tsx'
import css from './contacts.module.css'

interface Props {
  readonly contact: Contact
  /** Null: to be searched for. */
  readonly other: Contact | null
  readonly onClose: () => void
  readonly onMerged: () => void
}

const together = (first: readonly string[], other: readonly string[]): readonly string[] => [
  ...new Set([...first, ...other]),
]

export function MergeDialog({ contact, other: given, onClose, onMerged }: Props) {
  const other = useSignal<Contact | null>(given)
  const problem = useSignal<string | null>(null)
  const chosen = other.value
  const name = contact.name ?? t('contact.unnamed')
  const merge = async (withWhom: Contact) => {
    try {
      await directory.merge(contact.id, withWhom.id)
      onMerged()
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  return (
    <Dialog title={t('contact.mergeTitle', { name })} onClose={onClose}>
      <div class={css.dialog}>
        <p class="quiet">{t('contact.mergeLead')}</p>
        {chosen === null ? (
          <ContactSearch
            label={t('contact.mergeWith')}
            choose={t('contact.select')}
            without={contact.id}
            onChoose={(found) => {
              other.value = found
            }}
          />
        ) : (
          <>
            <div class={css.two}>
              {[contact, chosen].map((one) => (
                <div key={one.id}>
                  <strong>{one.name ?? t('contact.unnamed')}</strong>
                  <p class="quiet">{contactLine(one)}</p>
                </div>
              ))}
            </div>
            <section class={css.facts} aria-label={t('contact.mergeResult')}>
              <h3>{t('contact.mergeResult')}</h3>
              <dl>
                <dt>{t('contact.names')}</dt>
                <dd>{together(contact.names, chosen.names).join(', ') || '–'}</dd>
                <dt>{t('contact.phones')}</dt>
                <dd>{together(contact.phones, chosen.phones).join(', ') || '–'}</dd>
                <dt>{t('contact.emails')}</dt>
                <dd>{together(contact.emails, chosen.emails).join(', ') || '–'}</dd>
                <dt>{t('contact.clients')}</dt>
                <dd>{contact.clients.length + chosen.clients.length}</dd>
              </dl>
            </section>
            {problem.value === null ? null : (
              <p class="note danger" role="alert">
                {problem.value}
              </p>
            )}
            <div class={css.actions}>
              <button type="button" class="button primary" onClick={() => void merge(chosen)}>
                {t('contact.mergeNow')}
              </button>
              <button
                type="button"
                class="button"
                onClick={() => {
                  other.value = null
                }}
              >
                {t('contact.mergeOther')}
              </button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  )
}
