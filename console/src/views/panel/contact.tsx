// The client in the directory: add them, link them with an existing contact, change what is known, or disconnect. Who
// they are on WhatsApp, and where answers go, stands above and is changed by none of it.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { directory } from '../../api/directory.ts'
import type { Contact, ContactSuggestion, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { nameOf } from '../../parts/client.ts'
import { problemText } from '../../parts/problem.ts'
import { facts, loading, me } from '../../store/app.ts'
import { contactLine } from '../../store/directory.ts'
import { ContactSearch } from '../contacts/contact-search.tsx'
import { ContactValues } from '../contacts/contact-values.tsx'
import css from '../contacts/contacts.module.css'
import { RemoveContact } from '../contacts/remove.tsx'

export function ContactPanel({ id }: { id: string }) {
  const session = facts.sessions.row(id).value
  if (session === undefined) return null
  const { client } = session
  return (
    <div class={css.panel}>
      <section class={css.facts} aria-label={t('contact.onWhatsApp')}>
        <h3>{t('contact.onWhatsApp')}</h3>
        <dl>
          <dt>{t('contact.profileName')}</dt>
          <dd>{client.name ?? '–'}</dd>
          <dt>{t('contact.number')}</dt>
          <dd>{client.phone ?? t('client.noPhone')}</dd>
          {client.bsuid === null ? null : (
            <>
              <dt>{t('contact.bsuid')}</dt>
              <dd>{client.bsuid}</dd>
            </>
          )}
        </dl>
        <p class="quiet">{t('contact.fixed')}</p>
      </section>
      {client.contactId === null ? (
        <Unlinked key={client.id} session={session} />
      ) : (
        <Linked key={client.contactId} session={session} contactId={client.contactId} />
      )}
    </div>
  )
}

/** The change is pushed, too; asked for all the same, so that it shows at once. */
const refreshed = (sessionId: string): void => void loading.session(sessionId).catch(() => undefined)

function Unlinked({ session }: { session: Session }) {
  const suggestions = useSignal<readonly ContactSuggestion[]>([])
  const selecting = useSignal(false)
  const problem = useSignal<string | null>(null)
  const busy = useSignal(false)
  const clientId = session.client.id
  useEffect(() => {
    directory.suggestions(clientId).then(
      ({ items }) => {
        suggestions.value = items
      },
      () => undefined,
    )
  }, [clientId, session.client.name, session.client.phone])
  const run = async (command: () => Promise<unknown>) => {
    if (busy.peek()) return
    busy.value = true
    try {
      await command()
      problem.value = null
      refreshed(session.id)
    } catch (error) {
      problem.value = problemText(error)
    } finally {
      busy.value = false
    }
  }
  const link = (contact: Contact) => void run(() => directory.link(clientId, contact.id))
  return (
    <section class={css.unlinked} aria-label={t('contact.directory')}>
      <h3>{t('contact.directory')}</h3>
      <p class="quiet">{t('contact.unlinked')}</p>
      <div class={css.actions}>
        <button
          type="button"
          class="button primary"
          disabled={busy.value}
          onClick={() => void run(() => directory.addOf(clientId, {}))}
        >
          {t('contact.add')}
        </button>
        <button
          type="button"
          class="button"
          aria-expanded={selecting.value}
          onClick={() => {
            selecting.value = !selecting.peek()
          }}
        >
          {t('contact.selectExisting')}
        </button>
      </div>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      {selecting.value ? (
        <ContactSearch label={t('contacts.search')} choose={t('contact.select')} onChoose={link} />
      ) : null}
      {suggestions.value.length > 0 && !selecting.value ? (
        <div class={css.search}>
          <h4>{t('contact.suggested')}</h4>
          <ul class={css.found}>
            {suggestions.value.map(({ contact, reasons }) => (
              <li key={contact.id}>
                <span class={css.who}>
                  <strong>{contact.name ?? t('contact.unnamed')}</strong>
                  <span class="quiet">{contactLine(contact)}</span>
                  <span class={css.reason}>{reasons.map((reason) => t(`contact.same.${reason}`)).join(', ')}</span>
                </span>
                <button
                  type="button"
                  class="button small"
                  aria-label={t('contact.chooseWhom', {
                    choose: t('contact.select'),
                    name: contact.name ?? contactLine(contact),
                  })}
                  onClick={() => link(contact)}
                >
                  {t('contact.select')}
                </button>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </section>
  )
}

function Linked({ session, contactId }: { session: Session; contactId: string }) {
  const contact = useSignal<Contact | null>(null)
  const problem = useSignal<string | null>(null)
  const removing = useSignal(false)
  useEffect(() => {
    let here = true
    directory.contact(contactId).then(
      (found) => {
        if (here) contact.value = found
      },
      (error: unknown) => {
        if (here) problem.value = problemText(error)
      },
    )
    return () => {
      here = false
    }
  }, [contactId, session.client.contactRev])
  const disconnect = async () => {
    try {
      await directory.disconnect(session.client.id)
      refreshed(session.id)
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  return (
    <section class={css.linked} aria-label={t('contact.directory')}>
      <h3>{t('contact.directory')}</h3>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      {contact.value === null ? null : (
        <ContactValues
          contact={contact.value}
          onChanged={(changed) => {
            contact.value = changed
          }}
        />
      )}
      <div class={css.actions}>
        <a class="button" href={`/contacts/${contactId}`}>
          {t('contact.open')}
        </a>
        <button type="button" class="button" onClick={() => void disconnect()}>
          {t('contact.disconnect')}
        </button>
        {me.value?.role === 'administrator' ? (
          <button
            type="button"
            class="button"
            onClick={() => {
              removing.value = true
            }}
          >
            {t('contact.remove')}
          </button>
        ) : null}
      </div>
      {removing.value ? (
        <RemoveContact
          contactId={contactId}
          name={contact.value?.name ?? nameOf(session.client)}
          onClose={() => {
            removing.value = false
          }}
          onRemoved={() => refreshed(session.id)}
        />
      ) : null}
    </section>
  )
}
