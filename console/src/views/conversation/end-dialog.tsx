// Ending a session, with its result or leaving that to the wrap-up. What the client writes meanwhile is shown here, and
// is read before anything ends.
import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import type { Message, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf, nameOf } from '../../parts/client.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { facts, loading } from '../../store/app.ts'
import { end } from '../../store/commands.ts'
import { moment } from '../../text/time.ts'
import css from './end-dialog.module.css'
import { ResultForm } from './result-form.tsx'

interface Props {
  readonly session: Session
  readonly now: number
  readonly onClose: () => void
}

export function EndDialog({ session, now, onClose }: Props) {
  const messages = facts.messages(session.id).value
  // What was on the screen when one decided to end.
  const seen = useRef(messages.at(-1)?.seq ?? 0)
  const refusedAt = useSignal<number | null>(null)
  const farewell = useSignal('')
  const newer = messages.filter((message) => message.direction === 'in' && (message.seq ?? 0) > seen.current)

  return (
    <Dialog title={t('end.title', { name: nameOf(session.client) })} onClose={onClose}>
      {newer.length > 0 || refusedAt.value !== null ? (
        <ReadFirst newer={newer} now={now} onClose={onClose} />
      ) : (
        <ResultForm
          sessionId={session.id}
          groupId={session.groupId}
          submit={t('end.withResult')}
          submitWithout={t('end.without')}
          optional
          onSubmit={async (given) => {
            const ended = await end(session.id, seen.current, given, farewell.peek())
            if (ended.ended) {
              onClose()
              return null
            }
            if (ended.newer === null) return ended.why
            refusedAt.value = ended.newer
            void loading.changes(session.id).catch(() => undefined)
            return t('problem.newer-client-message')
          }}
        >
          {session.textField.open ? (
            <label class="field">
              <span>{t('end.farewell')}</span>
              <textarea
                class="input"
                rows={2}
                maxLength={4096}
                dir="auto"
                value={farewell.value}
                onInput={(event) => {
                  farewell.value = event.currentTarget.value
                }}
              />
            </label>
          ) : null}
          <p class="quiet">{t('end.lead')}</p>
        </ResultForm>
      )}
    </Dialog>
  )
}

const ReadFirst = ({ newer, now, onClose }: { newer: readonly Message[]; now: number; onClose: () => void }) => (
  <div class={css.newer} role="alert">
    <p>
      <strong>{t('end.newer')}</strong>
    </p>
    {newer.map((message) => (
      <blockquote key={message.id} class={css.message}>
        {lineOf(message)} <time dateTime={message.at}>{moment(Date.parse(message.at), now)}</time>
      </blockquote>
    ))}
    {/* The one thing to do, where End was. */}
    <button type="button" class="button primary" onClick={onClose}>
      {t('end.readFirst')}
    </button>
  </div>
)
