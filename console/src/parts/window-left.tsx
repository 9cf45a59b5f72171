// How long WhatsApp still allows text: quiet while there is time, amber under two hours, red in the last quarter.
import type { Session } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { now } from '../store/app.ts'
import { exact, left, type Urgency, urgency } from '../text/time.ts'
import { HourglassIcon } from './icons.tsx'
import css from './window-left.module.css'

const TONE: Record<Urgency, string | undefined> = { open: css.open, soon: css.soon, urgent: css.urgent, over: css.over }

export function WindowLeft({ session, wordy = false }: { session: Session; wordy?: boolean }) {
  const { until } = session.window
  if (until === null) return null
  const ms = Date.parse(until) - now.value
  const state = urgency(ms)
  const words = state === 'over' ? t('window.shut') : t('window.left', { left: left(ms) })
  return (
    <span class={`${css.window} ${TONE[state]}`} title={t('window.until', { at: exact(Date.parse(until)) })}>
      <HourglassIcon size={12} />
      {wordy ? words : <span aria-hidden="true">{state === 'over' ? t('window.shutShort') : left(ms)}</span>}
      {wordy ? null : <span class="sr-only">{words}</span>}
    </span>
  )
}
