// Notes that operators leave for each other on a session: never told to the client. A transfer's note is one of them.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { handOver } from '../../api/hand-over.ts'
import type { Session, SessionNote } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { At } from '../../parts/time.tsx'
import { underWay, writeNote } from '../../store/commands.ts'
import { mayTag } from '../../store/tags.ts'
import css from './about.module.css'

export function NotesPart({ session }: { session: Session }) {
  const notes = useSignal<readonly SessionNote[]>([])
  const text = useSignal('')
  const why = useSignal<string | null>(null)
  useEffect(() => {
    let here = true
    handOver.notes(session.id).then(
      ({ items }) => {
        if (here) notes.value = items
      },
      () => undefined,
    )
    return () => {
      here = false
    }
  }, [session.id, session.rev])
  const busy = underWay.value.has(`note ${session.id}`)
  return (
    <section class={css.part} aria-label={t('notes.label')}>
      <h3>{t('notes.label')}</h3>
      {notes.value.length === 0 ? <p class="quiet">{t('notes.none')}</p> : null}
      <ol class={css.history}>
        {notes.value.map((note) => (
          <li key={note.id}>
            <p dir="auto">{note.text}</p>
            <p class="quiet">
              {note.by.name ?? t('author.operator')}
              {note.to === null ? null : ` → ${note.to.operator?.name ?? note.to.group?.name ?? ''}`} ·{' '}
              <At iso={note.at} />
            </p>
          </li>
        ))}
      </ol>
      {mayTag(session) ? (
        <form
          class={css.part}
          onSubmit={async (event) => {
            event.preventDefault()
            if (text.peek().trim() === '') return
            why.value = await writeNote(session.id, text.peek().trim())
            if (why.peek() === null) text.value = ''
          }}
        >
          <textarea
            class="input"
            rows={2}
            maxLength={4000}
            dir="auto"
            aria-label={t('notes.write')}
            placeholder={t('notes.write')}
            value={text.value}
            onInput={(event) => {
              text.value = event.currentTarget.value
            }}
          />
          <div role="alert">{why.value === null ? null : <p class="note danger">{why.value}</p>}</div>
          <button type="submit" class="button small" disabled={busy}>
            {t('notes.save')}
          </button>
        </form>
      ) : null}
    </section>
  )
}
