// What happened to a message of ours: a picture for the eye, a word for everybody else, its times on hover.
import type { LastMessage, MessageStatus } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { exact } from '../text/time.ts'
import { CheckIcon, DoubleCheckIcon, PendingIcon, PlayedIcon, QuestionIcon, WarningIcon } from './icons.tsx'
import css from './message-state.module.css'

const LOOK = {
  pending: { icon: PendingIcon, tone: css.quiet },
  calling: { icon: PendingIcon, tone: css.quiet },
  accepted: { icon: CheckIcon, tone: css.faint },
  sent: { icon: CheckIcon, tone: css.quiet },
  delivered: { icon: DoubleCheckIcon, tone: css.quiet },
  read: { icon: DoubleCheckIcon, tone: css.accent },
  played: { icon: PlayedIcon, tone: css.accent },
  failed: { icon: WarningIcon, tone: css.danger },
  unknown: { icon: QuestionIcon, tone: css.unknown },
} as const satisfies Record<MessageStatus, unknown>

interface Props {
  readonly status: MessageStatus
  readonly times?: Readonly<Partial<Record<MessageStatus, string>>>
}

export function MessageState({ status, times }: Props) {
  const { icon: Icon, tone } = LOOK[status]
  const word = t(`status.${status}`)
  return (
    <span class={`${css.state} ${tone}`} title={times === undefined ? word : history(times)} data-status={status}>
      <Icon size={15} />
      <span class="sr-only">{word}</span>
    </span>
  )
}

export const history = (times: Readonly<Partial<Record<MessageStatus, string>>>): string =>
  (Object.entries(times) as [MessageStatus, string][])
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .map(([status, at]) => t('status.at', { status: t(`status.${status}`), at: exact(Date.parse(at)) }))
    .join('\n')

const isStatus = (word: string | null): word is MessageStatus => word !== null && Object.hasOwn(LOOK, word)

export const OwnTick = ({ message }: { message: LastMessage }) =>
  message.direction === 'out' && isStatus(message.status) ? <MessageState status={message.status} /> : null
