// Everything that is known of a contact, each list changed where it stands: in the session's panel and on the contact's page.
import { useEffect } from 'preact/hooks'
import { Problem } from '../../api/client.ts'
import { type ContactBody, directory } from '../../api/directory.ts'
import { outcome } from '../../api/outcome.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { TagEditor } from '../../parts/tag.tsx'
import { contactFields, loadContactFields } from '../../store/directory.ts'
import css from './contacts.module.css'
import { ValueList } from './value-list.tsx'

interface Props {
  readonly contact: Contact
  readonly onChanged: (contact: Contact) => void
}

/** A value that cannot be kept is told with its own words. */
export function whyNot(error: unknown): string {
  const [first] = error instanceof Problem ? (error.body.errors ?? []) : []
  if (first === undefined) return problemText(error)
  const kind = first.pointer.split('/')[1] ?? ''
  if (kind === 'phones') return t('contact.notPhone')
  if (kind === 'emails') return t('contact.notEmail')
  return problemText(error)
}

export function ContactValues({ contact, onChanged }: Props) {
  useEffect(() => void loadContactFields().catch(() => undefined), [])
  const save = (body: (values: readonly string[]) => ContactBody) => async (values: readonly string[]) => {
    try {
      onChanged(await directory.change(contact.id, body(values)))
      return null
    } catch (error) {
      return whyNot(error)
    }
  }
  return (
    <>
      <ValueList label={t('contact.names')} values={contact.names} onSave={save((names) => ({ names }))} />
      <ValueList
        label={t('contact.phones')}
        type="tel"
        values={contact.phones}
        onSave={save((phones) => ({ phones }))}
      />
      <ValueList
        label={t('contact.emails')}
        type="email"
        values={contact.emails}
        onSave={save((emails) => ({ emails }))}
      />
      {contactFields.value
        .filter((field) => !field.archived)
        .map((field) => (
          <ValueList
            key={field.id}
            label={field.name}
            values={contact.fields[field.key] ?? []}
            onSave={save((values) => ({ fields: { [field.key]: values } }))}
          />
        ))}
      <section class={css.values} aria-label={t('tags.label')}>
        <h3>{t('tags.label')}</h3>
        <TagEditor
          tags={contact.tags}
          onChange={async (change) => {
            try {
              onChanged(await outcome.tagContact(contact.id, change))
              return null
            } catch (error) {
              return problemText(error)
            }
          }}
        />
      </section>
    </>
  )
}
