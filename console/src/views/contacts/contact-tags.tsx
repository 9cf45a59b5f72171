// The tags of a contact, on its page and beside the conversation.
import { outcome } from '../../api/outcome.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { TagEditor } from '../../parts/tag.tsx'
import css from './contacts.module.css'

export const ContactTags = ({ contact, onChanged }: { contact: Contact; onChanged: (contact: Contact) => void }) => (
  <section class={css.block} aria-label={t('tags.ofContact')}>
    <h3>{t('tags.ofContact')}</h3>
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
)
