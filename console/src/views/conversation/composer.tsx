// Where one writes, or why one cannot, with the one thing to do about it.

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { api } from '../../api/api.ts'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { CloseIcon, HashIcon, ReplyIcon, SendIcon } from '../../parts/icons.tsx'
import { drafts, facts, liveState, me, now, outbox } from '../../store/app.ts'
import { field } from '../../store/field.ts'
import { quotes } from '../../store/quotes.ts'
import { countdown, left, urgency } from '../../text/time.ts'
import { useCanned } from '../templates/use-canned.tsx'
import { Closed, Reading } from './closed.tsx'
import css from './composer.module.css'
import { Emoji } from './emoji.tsx'

/** WhatsApp's limit, in what a reader counts as characters. */
const LONGEST = 4096
const NEARLY = 3900
const TYPING_EVERY_MS = 15_000

export function Composer({ session }: { session: Session }) {
  const state = field(session, me.value?.id ?? '', now.value)
  if (state.kind === 'reading') return <Reading session={session} />
  if (state.kind === 'closed') return <Closed session={session} reason={state.reason} />
  return <Writing session={session} until={state.until} />
}

function Writing({ session, until }: { session: Session; until: number | null }) {
  const { route } = useLocation()
  const area = useRef<HTMLTextAreaElement>(null)
  const typedAt = useRef(0)
  const canned = useCanned(session.id, area)
  const text = drafts.text(session.id)
  const quote = quotes.row(session.id).value
  const length = [...text.value].length
  const empty = text.value.trim() === ''
  const tooLong = length > LONGEST
  const ms = until === null ? null : until - now.value

  useEffect(() => {
    void drafts.look(session.id)
    return () => void drafts.flush()
  }, [session.id])

  // It grows with what is in it.
  useLayoutEffect(() => {
    const element = area.current
    if (element === null) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight + 2, 220)}px`
  }, [text.value])

  const send = () => {
    const written = text.peek().trim()
    if (written === '' || [...written].length > LONGEST) return
    outbox.send(session.id, written, quotes.peek(session.id) ?? null)
    drafts.write(session.id, '')
    quotes.delete(session.id)
    area.current?.focus()
  }

  const typing = () => {
    if (Date.now() - typedAt.current < TYPING_EVERY_MS) return
    typedAt.current = Date.now()
    // Only a courtesy: whether it reaches anybody changes nothing here.
    api.typing(session.id).catch(() => undefined)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that chooses a word of an input method is not Enter.
    if (event.isComposing || event.keyCode === 229) return
    if (canned.onKeyDown(event)) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    }
    if (event.key === 'Escape') {
      event.preventDefault()
      if (quotes.peek(session.id) !== undefined) quotes.delete(session.id)
      else {
        area.current?.blur()
        route(`/sessions/${session.id}`)
        document.querySelector<HTMLElement>(`[data-row="${session.id}"]`)?.focus()
      }
    }
  }

  const insert = (emoji: string) => {
    const element = area.current
    if (element === null) return
    element.focus()
    element.setRangeText(emoji, element.selectionStart, element.selectionEnd, 'end')
    drafts.write(session.id, element.value)
  }

  return (
    <form
      class={css.composer}
      aria-label={t('composer.label')}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {liveState.value === 'offline' ? <p class={`note soon ${css.line}`}>{t('composer.offline')}</p> : null}
      {ms === null ? null : <ShutsSoon ms={ms} />}
      {quote === undefined ? null : (
        <div class={css.quote}>
          <ReplyIcon size={14} />
          <span>{t('composer.replying', { text: quote.text })}</span>
          <button
            type="button"
            class="button bare icon small"
            aria-label={t('composer.noQuote')}
            onClick={() => quotes.delete(session.id)}
          >
            <CloseIcon size={14} />
          </button>
        </div>
      )}
      {canned.above}
      <div class={css.field}>
        <Emoji onChoose={insert} />
        <button
          type="button"
          class="button bare icon"
          aria-label={t('canned.open')}
          title={t('canned.open')}
          onClick={canned.call}
        >
          <HashIcon size={18} />
        </button>
        <textarea
          ref={area}
          class={css.area}
          rows={1}
          data-composer
          aria-label={t('composer.write')}
          placeholder={t('composer.write')}
          dir="auto"
          {...canned.aria}
          value={text.value}
          onInput={(event) => {
            drafts.write(session.id, event.currentTarget.value)
            canned.look()
            typing()
          }}
          onKeyDown={onKeyDown}
          onClick={canned.look}
          onBlur={() => {
            canned.close()
            void drafts.flush()
          }}
        />
        <button type="submit" class="button primary" disabled={empty || tooLong} title={t('composer.keys')}>
          <SendIcon size={14} />
          {t('composer.send')}
        </button>
      </div>
      <div class={css.below} role="status">
        {length > NEARLY ? (
          <span class={tooLong ? css.tooLong : undefined}>{t('composer.length', { length, most: LONGEST })}</span>
        ) : null}
        <SomebodyTypes session={session} />
      </div>
    </form>
  )
}

/** As the warning that Parley gives before the window shuts: in the list by the colour, here in words. */
function ShutsSoon({ ms }: { ms: number }) {
  const state = urgency(ms)
  if (state === 'open' || state === 'over') return null
  const words = state === 'urgent' ? countdown(ms) : left(ms)
  return (
    <p class={`note ${state === 'urgent' ? 'danger' : 'soon'} ${css.line}`} data-window-warning>
      {t('composer.shutsIn', { left: words })}
    </p>
  )
}

const TYPES_FOR_MS = 8_000

function SomebodyTypes({ session }: { session: Session }) {
  const typing = facts.typing.row(session.id).value
  void now.value
  if (typing === undefined || typing.userId === me.value?.id || Date.now() - typing.at > TYPES_FOR_MS) return null
  return <span>{t('composer.typing', { name: facts.names.row(typing.userId).value ?? t('author.operator') })}</span>
}
