// What one has written and Parley has not confirmed: it looks like what it is, waiting or not sent.

import { t } from '../../i18n/t.ts'
import { MessageState } from '../../parts/message-state.tsx'
import { problemText } from '../../parts/problem.ts'
import { RichText } from '../../parts/rich-text.tsx'
import { drafts, outbox } from '../../store/app.ts'
import type { Entry } from '../../store/outbox.ts'
import { quotes } from '../../store/quotes.ts'
import { clock } from '../../text/time.ts'
import css from './bubble.module.css'
import { focusComposer } from './focus.ts'

export function EntryBubble({ entry }: { entry: Entry }) {
  const stuck = entry.state === 'kept' || entry.state === 'refused'
  return (
    <li class={`${css.row} ${css.out}`} data-entry={entry.state}>
      <article class={`${css.bubble} ${css.entry}`} aria-label={t('entry.label')}>
        {entry.replyTo === null ? null : <blockquote class={css.quote}>{entry.replyTo.text}</blockquote>}
        <div class={css.text} dir="auto">
          <RichText text={entry.text} />
        </div>
        {stuck ? null : (
          <footer class={css.foot}>
            {entry.state === 'waiting' ? <span>{t('entry.waiting')}</span> : null}
            <time>{clock(entry.at)}</time>
            <MessageState status="pending" />
          </footer>
        )}
        {stuck ? <Stuck entry={entry} /> : null}
      </article>
    </li>
  )
}

/** A refused text goes back to be changed; one that may have been sent is only repeated with its own key. */
function Stuck({ entry }: { entry: Entry }) {
  const back = () => {
    const here = drafts.text(entry.sessionId).peek()
    drafts.write(entry.sessionId, here === '' ? entry.text : `${entry.text}\n${here}`)
    if (entry.replyTo !== null) quotes.set(entry.sessionId, entry.replyTo)
    outbox.discard(entry.key)
    focusComposer()
  }
  return (
    <div class={`${css.outcome} ${css.failed}`}>
      <p>
        <strong>{t('entry.notSent')}</strong> {entry.state === 'kept' ? t('entry.kept') : problemText(entry.problem)}
      </p>
      <div class={css.choices}>
        {entry.state === 'kept' ? (
          <button type="button" class="button small" onClick={() => outbox.again(entry.key)}>
            {t('entry.sendNow')}
          </button>
        ) : (
          <button type="button" class="button small" onClick={back}>
            {t('entry.back')}
          </button>
        )}
        <button type="button" class="button bare small" onClick={() => void navigator.clipboard?.writeText(entry.text)}>
          {t('outcome.copy')}
        </button>
        <button type="button" class="button bare small" onClick={() => outbox.discard(entry.key)}>
          {t('entry.discard')}
        </button>
      </div>
    </div>
  )
}
