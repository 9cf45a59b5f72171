// A message that did not arrive, or of which nobody knows: what it means, and what one may do, at the message itself.
import { useSignal } from '@preact/signals'
import type { Message } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { facts, me } from '../../store/app.ts'
import { resolve, retry } from '../../store/commands.ts'
import { exact } from '../../text/time.ts'
import css from './bubble.module.css'

/** Where Meta and Parley do not agree on the window, until when it looked open. */
const titleOf = (error: Message['error']): string =>
  error?.windowUntil == null
    ? t('outcome.notSent', { title: error?.title ?? t('status.failed') })
    : t('outcome.refusedInWindow', { until: exact(Date.parse(error.windowUntil)) })

export function Outcome({ message, why }: { message: Message; why: string }) {
  const busy = useSignal(false)
  const problem = useSignal<string | null>(null)
  const { status, error } = message
  if (status !== 'failed' && status !== 'unknown') return null
  const session = message.sessionId === null ? undefined : facts.sessions.row(message.sessionId).value
  const own = session !== undefined && session.operatorId === me.value?.id
  const writable = own && session.phase === 'active'

  const run = (what: () => Promise<string | null>) => async () => {
    if (busy.value) return
    busy.value = true
    problem.value = await what()
    busy.value = false
  }
  const again = () => retry(message.id, message.reachedAnyway)

  return (
    <div class={`${css.outcome} ${status === 'failed' ? css.failed : css.unknown}`}>
      {status === 'failed' ? (
        <p>
          <strong>{titleOf(error)}</strong> {error?.advice}
        </p>
      ) : (
        <p>
          <strong>{t('outcome.unknown')}</strong> {t('outcome.unknownAdvice')}
        </p>
      )}
      {message.reachedAnyway ? <p>{t('outcome.reachedAnyway')}</p> : null}
      <div class={css.choices}>
        {status === 'unknown' && own ? (
          <>
            <button
              type="button"
              class="button small"
              disabled={busy.value}
              onClick={run(() => resolve(message.id, 'arrived'))}
            >
              {t('outcome.arrived')}
            </button>
            <button
              type="button"
              class="button small"
              disabled={busy.value}
              onClick={run(() => resolve(message.id, 'notArrived'))}
            >
              {t('outcome.notArrived')}
            </button>
          </>
        ) : null}
        {writable && (status === 'unknown' || error?.retry === 'now') ? (
          <button type="button" class="button small" disabled={busy.value} onClick={run(again)}>
            {status === 'unknown' || message.reachedAnyway ? t('outcome.sendAgain') : t('outcome.retry')}
          </button>
        ) : null}
        {message.text === null ? null : (
          <button
            type="button"
            class="button bare small"
            onClick={() => void navigator.clipboard?.writeText(message.text ?? '')}
          >
            {t('outcome.copy')}
          </button>
        )}
        <a class="button bare small" href={why}>
          {t('bubble.why')}
        </a>
      </div>
      <div role="alert">{problem.value === null ? null : <p>{problem.value}</p>}</div>
    </div>
  )
}
