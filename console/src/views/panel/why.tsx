// Why a message went, or did not: the evidence in sentences, attempt by attempt.
import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import type { AttemptEvidence, MessageEvidence } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText, told } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import { facts } from '../../store/app.ts'
import { exact } from '../../text/time.ts'
import { Evidence } from './evidence.tsx'
import css from './panel.module.css'
import { gateSentences, sentence } from './sentences.ts'

export function Why({ messageId, sessionId }: { messageId: string; sessionId: string }) {
  const found = useSignal<MessageEvidence | null>(null)
  const problem = useSignal<string | null>(null)
  const rev = useSignal(0)
  useSignalEffect(() => {
    const message = facts.messages(sessionId).value.find((one) => one.id === messageId)
    if (message !== undefined && message.rev > rev.peek()) rev.value = message.rev
  })
  useEffect(() => {
    let here = true
    api.evidence(messageId).then(
      (evidence) => {
        if (here) found.value = evidence
        if (here) problem.value = null
      },
      (error: unknown) => {
        if (here) problem.value = problemText(error)
      },
    )
    return () => {
      here = false
    }
  }, [messageId, rev.value])

  if (problem.value !== null) return <p class="note danger">{problem.value}</p>
  const evidence = found.value
  if (evidence === null) return <div class={css.loading} aria-busy="true" />
  return (
    <div class={css.why}>
      <p>
        {evidence.direction === 'in'
          ? t('why.received', { at: exact(Date.parse(evidence.at)), received: exact(Date.parse(evidence.receivedAt)) })
          : t('why.given', { at: exact(Date.parse(evidence.at)) })}
        {evidence.timeDoubted ? ` ${t('why.doubted')}` : null}
      </p>
      {evidence.attempts.map((attempt) => (
        <Attempt key={attempt.id} attempt={attempt} />
      ))}
      {evidence.events.length === 0 ? null : (
        <section>
          <h3>{t('why.events')}</h3>
          <ol class={css.timeline}>
            {evidence.events.map((item) => (
              <li key={item.id}>
                <p>{sentence(item)}</p>
                <p class={css.at}>
                  <At iso={item.at} />
                </p>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  )
}

const Attempt = ({ attempt }: { attempt: AttemptEvidence }) => (
  <section class={css.attempt}>
    <h3>{t('why.attempt', { no: attempt.no, status: t(`status.${attempt.status}`) })}</h3>
    <ul>
      {gateSentences(attempt).map((text) => (
        <li key={text}>{text}</li>
      ))}
      {attempt.error === null ? null : (
        <li>
          {t('why.error', { title: attempt.error.title, code: attempt.error.code })} {attempt.error.advice}
        </li>
      )}
      {attempt.reachedAnyway ? <li>{t('outcome.reachedAnyway')}</li> : null}
    </ul>
    <ol class={css.statuses}>
      {attempt.statuses.map((status, n) => (
        <li key={`${status.status}-${n}`}>
          <span>
            {told('status', status.status, status.status)}
            <span class="quiet"> · {t(`why.source.${status.source}`)}</span>
            {status.moved ? null : <span class="quiet"> · {t('why.unmoved')}</span>}
          </span>
          <At iso={status.at} />
        </li>
      ))}
    </ol>
    <Evidence evidence={{ ...attempt.evidence, ...(attempt.wamid === null ? {} : { wamid: attempt.wamid }) }} />
  </section>
)
