// One contact: what is known, whom they are on which number, their sessions as far as one may see them, what was merged
// into them, and who changed what.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { directory } from '../../api/directory.ts'
import type { Contact, ContactChange, ContactMerge, ContactSuggestion, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf } from '../../parts/client.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { problemText, told } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import { me } from '../../store/app.ts'
import { contactLine } from '../../store/directory.ts'
import { ContactValues } from './contact-values.tsx'
import css from './contacts.module.css'
import { MergeDialog } from './merge-dialog.tsx'
import { RemoveContact } from './remove.tsx'

interface Around {
  readonly sessions: readonly Session[]
  readonly merges: readonly ContactMerge[]
  readonly changes: readonly ContactChange[]
  readonly duplicates: readonly ContactSuggestion[]
}

export function ContactDetail({ id, onChanged }: { id: string; onChanged: () => void }) {
  const { route } = useLocation()
  const contact = useSignal<Contact | null>(null)
  const around = useSignal<Around | null>(null)
  const problem = useSignal<string | null>(null)
  const dialog = useSignal<'merge' | 'remove' | null>(null)
  /** Whom to merge with, where that is clear already. */
  const chosen = useSignal<Contact | null>(null)
  const administers = me.value?.role === 'administrator'

  const load = async (): Promise<void> => {
    try {
      const [found, sessions, merges, changes, duplicates] = await Promise.all([
        directory.contact(id),
        directory.sessions(id),
        directory.merges(id),
        directory.changes(id),
        directory.duplicates(id),
      ])
      contact.value = found
      around.value = {
        sessions: sessions.items,
        merges: merges.items,
        changes: changes.items,
        duplicates: duplicates.items,
      }
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  useEffect(() => void load(), [id])
  const changed = () => {
    onChanged()
    void load()
  }
  const close = () => {
    dialog.value = null
  }
  const undo = async (mergeId: string) => {
    try {
      await directory.undoMerge(id, mergeId)
      changed()
    } catch (error) {
      problem.value = problemText(error)
    }
  }

  const back = (
    <a class={`button bare icon ${css.back}`} href="/contacts" aria-label={t('contacts.back')}>
      <BackIcon />
    </a>
  )
  if (contact.value === null) {
    return (
      <>
        {back}
        {problem.value === null ? null : <p class="note danger">{problem.value}</p>}
      </>
    )
  }
  const one = contact.value
  const name = one.name ?? t('contact.unnamed')
  return (
    <article class={css.sheet} aria-label={name}>
      <header class={css.title}>
        {back}
        <h2>{name}</h2>
        {administers ? (
          <>
            <button
              type="button"
              class="button"
              onClick={() => {
                chosen.value = null
                dialog.value = 'merge'
              }}
            >
              {t('contact.merge')}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => {
                dialog.value = 'remove'
              }}
            >
              {t('contact.removeShort')}
            </button>
          </>
        ) : null}
      </header>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      <div class={css.grid}>
        <ContactValues contact={one} onChanged={changed} />
      </div>
      <section class={css.block} aria-label={t('contact.clients')}>
        <h3>{t('contact.clients')}</h3>
        {one.clients.length === 0 ? <p class="quiet">{t('contact.noClients')}</p> : null}
        <ul>
          {one.clients.map((client) => (
            <li key={client.id}>
              <span>{client.phone ?? client.bsuid ?? t('client.noPhone')}</span>
              {client.name === null ? null : <span>{t('client.onWhatsApp', { name: client.name })}</span>}
              <span class="quiet">{t('conversation.via', { channel: client.channelName })}</span>
            </li>
          ))}
        </ul>
      </section>
      <section class={css.block} aria-label={t('contact.sessions')}>
        <h3>{t('contact.sessions')}</h3>
        {around.value?.sessions.length === 0 ? <p class="quiet">{t('contact.noSessions')}</p> : null}
        <ul>
          {(around.value?.sessions ?? []).map((session) => (
            <li key={session.id}>
              <a href={`/sessions/${session.id}`}>
                {session.lastMessage === null ? t('contact.session') : lineOf(session.lastMessage)}
              </a>
              <span class="quiet">{t(`phase.${session.phase}`)}</span>
              {session.operatorName === null ? null : <span class="quiet">{session.operatorName}</span>}
              <At iso={session.startedAt} />
            </li>
          ))}
        </ul>
      </section>
      {around.value !== null && around.value.duplicates.length > 0 ? (
        <section class={css.block} aria-label={t('contact.duplicates')}>
          <h3>{t('contact.duplicates')}</h3>
          <ul>
            {around.value.duplicates.map(({ contact: other, reasons }) => (
              <li key={other.id}>
                <a href={`/contacts/${other.id}`}>{other.name ?? contactLine(other)}</a>
                <span class={css.reason}>{reasons.map((reason) => t(`contact.same.${reason}`)).join(', ')}</span>
                {administers ? (
                  <button
                    type="button"
                    class="button small"
                    aria-label={t('contact.mergeWhom', { name: other.name ?? contactLine(other) })}
                    onClick={() => {
                      chosen.value = other
                      dialog.value = 'merge'
                    }}
                  >
                    {t('contact.merge')}
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {around.value !== null && around.value.merges.length > 0 ? (
        <section class={css.block} aria-label={t('contact.merged')}>
          <h3>{t('contact.merged')}</h3>
          <ul>
            {around.value.merges.map((merge) => (
              <li key={merge.id}>
                <span class={css.who}>
                  <strong>{merge.name ?? t('contact.unnamed')}</strong>
                  <span class="quiet">
                    {merge.byName ?? t('author.system')} · <At iso={merge.at} />
                  </span>
                </span>
                {administers ? (
                  <button type="button" class="button small" onClick={() => void undo(merge.id)}>
                    {t('contact.undoMerge')}
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section class={css.block} aria-label={t('contact.changes')}>
        <h3>{t('contact.changes')}</h3>
        <ol>
          {(around.value?.changes ?? []).map((change) => (
            <li key={change.id}>
              <span class={css.who}>
                <span>
                  {told('contact.change', change.type, change.type)}
                  {valuesTold(change)}
                </span>
                <span class="quiet">
                  {change.actor.name ?? t('author.system')} · <At iso={change.at} />
                </span>
              </span>
            </li>
          ))}
        </ol>
      </section>
      {dialog.value === 'merge' ? (
        <MergeDialog
          contact={one}
          other={chosen.value}
          onClose={close}
          onMerged={() => {
            close()
            changed()
          }}
        />
      ) : null}
      {dialog.value === 'remove' ? (
        <RemoveContact
          contactId={one.id}
          name={name}
          onClose={close}
          onRemoved={() => {
            onChanged()
            route('/contacts')
          }}
        />
      ) : null}
    </article>
  )
}

function valuesTold(change: ContactChange): string {
  const values = (kind: 'added' | 'removed'): readonly string[] => {
    const list = change.detail[kind]
    return Array.isArray(list) ? list.map((one: { value?: unknown }) => String(one.value ?? '')) : []
  }
  const parts = [
    ...(values('removed').length > 0 ? [`− ${values('removed').join(', ')}`] : []),
    ...(values('added').length > 0 ? [`+ ${values('added').join(', ')}`] : []),
  ]
  return parts.length === 0 ? '' : `: ${parts.join('  ')}`
}
