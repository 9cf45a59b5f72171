// What was said. It stays where the reader is: at the end while they are at the end, else in place, with a pill that
// counts what came. Older pages come as one scrolls up to them.
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf } from '../../parts/client.ts'
import { DownIcon } from '../../parts/icons.tsx'
import { told } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import { now } from '../../store/app.ts'
import type { Item } from '../../store/conversation.ts'
import { resultName } from '../../store/results.ts'
import { day } from '../../text/time.ts'
import { Bubble } from './bubble.tsx'
import { EntryBubble } from './entry-bubble.tsx'
import css from './thread.module.css'

interface Props {
  readonly items: readonly Item[]
  readonly label: string
  readonly atBottom: Signal<boolean>
  readonly loading: boolean
  readonly onOlder: () => Promise<boolean>
  readonly onReply: ((message: Message) => void) | null
  readonly routeOf: (message: Message) => string
}

const NEAR_END_PX = 48
const NEAR_START_PX = 400

interface Seen {
  readonly first: string | undefined
  readonly ids: ReadonlySet<string>
  readonly height: number
}

export function Thread({ items, label, atBottom, loading, onOlder, onReply, routeOf }: Props) {
  const box = useRef<HTMLElement>(null)
  const seen = useRef<Seen>({ first: undefined, ids: new Set(), height: 0 })
  const fresh = useSignal(0)
  const said = useSignal('')
  const asking = useRef(false)
  const start = useRef(false)

  const toEnd = () => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight
    atBottom.value = true
    fresh.value = 0
  }

  const ask = async () => {
    if (asking.current || start.current || loading) return
    asking.current = true
    try {
      start.current = !(await onOlder())
    } catch {
      // Without a connection the next scroll asks again.
    } finally {
      asking.current = false
    }
  }

  useLayoutEffect(() => {
    const element = box.current
    if (element === null) return
    const before = seen.current
    const first = items[0]?.id
    // What stands behind all that was known before; older pages come in front of it.
    const known = items.findLastIndex((item) => before.ids.has(item.id))
    const added = known === -1 ? [] : items.slice(known + 1)
    const own = added.some((item) => item.kind === 'entry')
    // Measured, because the event of a scroll that has just happened may still be on its way.
    const wasAtEnd = before.height === 0 || before.height - element.scrollTop - element.clientHeight < NEAR_END_PX
    if (wasAtEnd || own) toEnd()
    else {
      if (before.first !== undefined && first !== before.first)
        element.scrollTop += element.scrollHeight - before.height
      fresh.value += incoming(added).length
    }
    const newest = incoming(added).at(-1)
    if (newest !== undefined)
      said.value = t('thread.said', { name: newest.author.name ?? t('client.unnamed'), text: lineOf(newest) })
    seen.current = { first, ids: new Set(items.map((item) => item.id)), height: element.scrollHeight }
    if (element.scrollTop < NEAR_START_PX) void ask()
  }, [items, loading])

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const watch = new ResizeObserver(() => {
      if (atBottom.peek()) element.scrollTop = element.scrollHeight
    })
    watch.observe(element)
    return () => watch.disconnect()
  }, [])

  return (
    <div class={css.frame}>
      <section
        ref={box}
        class={css.thread}
        aria-label={label}
        aria-busy={loading}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        onKeyDown={moveFocus}
        onScroll={(event) => {
          const element = event.currentTarget
          atBottom.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX
          if (atBottom.value) fresh.value = 0
          if (element.scrollTop < NEAR_START_PX) void ask()
        }}
      >
        <ol class={css.items}>
          {items.map((item) => (
            <ThreadItem key={item.id} item={item} onReply={onReply} routeOf={routeOf} />
          ))}
        </ol>
      </section>
      <p class="sr-only" role="status">
        {said.value}
      </p>
      {fresh.value > 0 ? (
        <button type="button" class={css.pill} onClick={toEnd}>
          <DownIcon size={14} /> {t('thread.fresh', { count: fresh.value })}
        </button>
      ) : null}
    </div>
  )
}

const incoming = (items: readonly Item[]): readonly Message[] =>
  items.flatMap((item) => (item.kind === 'message' && item.message.direction === 'in' ? [item.message] : []))

function ThreadItem({ item, onReply, routeOf }: { item: Item } & Pick<Props, 'onReply' | 'routeOf'>) {
  switch (item.kind) {
    case 'day':
      return (
        <li class={css.day}>
          <span>{day(item.at, now.value)}</span>
        </li>
      )
    case 'session': {
      const { session } = item
      const result = session.result === null ? null : resultName(session.result.resultId)
      return (
        <li class={css.session}>
          <span>
            {told('origin', session.origin, t('origin.inbound'))} · <At iso={session.startedAt} />
            {session.phase === 'ended' ? <> · {t('thread.ended', { result: result ?? t('result.none') })}</> : null}
          </span>
        </li>
      )
    }
    case 'message':
      return <Bubble message={item.message} joined={item.joined} onReply={onReply} why={routeOf(item.message)} />
    case 'entry':
      return <EntryBubble entry={item.entry} />
  }
}

const BUBBLES = '[data-message]'

/** Arrows walk over the messages; what is done with one of them is a key of its own. */
function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
  const box = event.currentTarget
  if (!(box instanceof HTMLElement)) return
  const bubbles = [...box.querySelectorAll<HTMLElement>(BUBBLES)]
  const at = bubbles.findIndex((bubble) => bubble.contains(document.activeElement))
  const next = event.key === 'ArrowUp' ? (at === -1 ? bubbles.length - 1 : at - 1) : at === -1 ? bubbles.length : at + 1
  const bubble = bubbles[next]
  if (bubble === undefined) return
  event.preventDefault()
  bubble.focus()
  bubble.scrollIntoView({ block: 'nearest' })
}

export function focusedMessage(items: readonly Item[]): Message | null {
  const id = document.activeElement?.closest<HTMLElement>(BUBBLES)?.dataset.message
  const item = items.find((one) => one.id === id)
  return item?.kind === 'message' ? item.message : null
}
