// One message: who, what, when, and what became of it. What went wrong is said here, with what to do about it.
import { useSignal } from '@preact/signals'
import type { Message } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf } from '../../parts/client.ts'
import { ReplyIcon } from '../../parts/icons.tsx'
import { MessageState } from '../../parts/message-state.tsx'
import { told } from '../../parts/problem.ts'
import { RichText } from '../../parts/rich-text.tsx'
import { now } from '../../store/app.ts'
import { clock, countdown, exact, moment } from '../../text/time.ts'
import css from './bubble.module.css'
import { jumpTo } from './focus.ts'
import { Outcome } from './outcome.tsx'

interface Props {
  readonly message: Message
  /** Of the same author as the one above it, and soon after. */
  readonly joined: boolean
  readonly onReply: ((message: Message) => void) | null
  readonly why: string
}

const QUOTABLE: ReadonlySet<string> = new Set(['accepted', 'sent', 'delivered', 'read', 'played'])

export function Bubble({ message, joined, onReply, why }: Props) {
  if (message.type === 'system' && message.direction === 'in') return <SystemLine message={message} />
  const out = message.direction === 'out'
  const settled = message.status === 'failed' || message.status === 'unknown'
  // Only what Meta knows by an id can be quoted.
  const quotable = !out || (message.status !== null && QUOTABLE.has(message.status))
  return (
    <li
      class={`${css.row} ${out ? css.out : css.in} ${joined ? css.joined : ''}`}
      data-message={message.id}
      data-direction={message.direction}
      tabIndex={-1}
    >
      <article class={css.bubble} aria-label={labelOf(message)}>
        <Quoted message={message} />
        <Marks message={message} />
        <Kind message={message} />
        {message.text === null || message.text === '' ? null : (
          <div class={css.text} dir="auto">
            <RichText text={message.text} />
          </div>
        )}
        <footer class={css.foot}>
          {out && message.author.name !== null ? <span class={css.author}>{message.author.name}</span> : null}
          <Clock message={message} />
          {message.status === null ? null : <MessageState status={message.status} times={message.statusTimes} />}
        </footer>
        <Wait message={message} />
        <Outcome message={message} why={why} />
      </article>
      <span class={css.actions}>
        {onReply !== null && quotable ? (
          <button
            type="button"
            class="button bare icon"
            tabIndex={-1}
            aria-label={t('bubble.reply')}
            title={t('bubble.replyKey')}
            onClick={() => onReply(message)}
          >
            <ReplyIcon />
          </button>
        ) : null}
        {out && !settled ? (
          <a class="button bare small" tabIndex={-1} href={why} title={t('bubble.whyKey')}>
            {t('bubble.why')}
          </a>
        ) : null}
      </span>
    </li>
  )
}

const labelOf = (message: Message): string =>
  t('bubble.label', {
    author: message.author.name ?? told('author', message.author.kind, t('author.client')),
    at: moment(Date.parse(message.at), now.peek()),
  })

/** Meta's time; where it arrived much later, both. */
function Clock({ message }: { message: Message }) {
  const at = Date.parse(message.at)
  const received = Date.parse(message.receivedAt)
  const late = message.direction === 'in' && received - at > 60_000
  const title = late ? t('bubble.bothTimes', { at: exact(at), received: exact(received) }) : exact(at)
  return (
    <time dateTime={message.at} title={title}>
      {late ? t('bubble.late', { at: moment(at, received), received: clock(received) }) : clock(at)}
    </time>
  )
}

/** What a client said while on the blacklist, and what brought a client here. */
function Marks({ message }: { message: Message }) {
  const { referral } = message.content as { referral?: { headline?: unknown; source_type?: unknown } | null }
  const headline = typeof referral?.headline === 'string' ? referral.headline : null
  return (
    <>
      {message.banned ? <p class={css.kind}>{t('bubble.banned')}</p> : null}
      {referral == null ? null : (
        <p class={css.kind}>{headline === null ? t('bubble.ad') : t('bubble.adNamed', { headline })}</p>
      )}
    </>
  )
}

/** What it is, where it is more or other than a text. */
function Kind({ message }: { message: Message }) {
  const special = told('kind', message.kind, '')
  const type = message.type === 'text' ? '' : typeOf(message)
  const bare = message.text === null || message.text === ''
  if (special === '' && type === '') return bare ? <p class={css.kind}>{t('bubble.empty')}</p> : null
  return (
    <p class={css.kind} data-placeholder={bare}>
      {[special, type].filter((word) => word !== '').join(' · ')}
      {bare && type !== '' ? <span class={css.notYet}>{t('bubble.notYet')}</span> : null}
      {message.supersededBy === null ? null : <span class={css.notYet}>{t('bubble.superseded')}</span>}
    </p>
  )
}

function typeOf(message: Message): string {
  const name = told('type', message.type, t('type.unsupported'))
  const { content } = message
  const original =
    typeof content === 'object' && content !== null && 'originalType' in content ? content.originalType : null
  return message.type === 'unsupported' && typeof original === 'string' ? t('type.original', { type: original }) : name
}

function Quoted({ message }: { message: Message }) {
  const away = useSignal(false)
  const quote = message.replyTo
  if (quote === null) return null
  const text = lineOf({ text: quote.text, type: quote.type ?? 'unsupported' })
  const id = quote.messageId
  if (id === null) return <blockquote class={css.quote}>{quote.text === null ? t('quote.unknown') : text}</blockquote>
  return (
    <blockquote class={css.quote}>
      <button
        type="button"
        title={t('quote.jump')}
        onClick={() => {
          away.value = !jumpTo(id)
        }}
      >
        {text}
      </button>
      {away.value ? <span role="status">{t('quote.away')}</span> : null}
    </blockquote>
  )
}

/** Held back by pace, or between two tries: a wait that one sees. */
function Wait({ message }: { message: Message }) {
  if (message.waitingUntil === null || message.status !== 'pending') return null
  const ms = Date.parse(message.waitingUntil) - now.value
  const tries = message.attempts.length
  const last = message.attempts.at(-2)?.error
  return (
    <p class={css.wait}>
      {ms > 0 ? t('wait.left', { left: countdown(ms) }) : t('wait.now')}
      {tries > 1 && last != null ? ` ${t('wait.after', { title: last.title, n: tries })}` : null}
    </p>
  )
}

const SystemLine = ({ message }: { message: Message }) => (
  <li class={css.system} data-message={message.id} data-direction="in" tabIndex={-1}>
    <span>
      {lineOf(message)} · <time dateTime={message.at}>{moment(Date.parse(message.at), now.value)}</time>
    </span>
  </li>
)
