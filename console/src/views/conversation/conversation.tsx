// One conversation: who it is with, what was said, and where one writes or why one cannot.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { api } from '../../api/api.ts'
import type { Message } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { lineOf, nameOf } from '../../parts/client.ts'
import { facts, liveState, loading, lookedAt, me, notice, notices, now, outbox } from '../../store/app.ts'
import { conversation, type Part } from '../../store/conversation.ts'
import { quotes } from '../../store/quotes.ts'
import { sameDay } from '../../text/time.ts'
import { onKey } from '../shell/keyboard.ts'
import { CameBack } from './came-back.tsx'
import { Composer } from './composer.tsx'
import css from './conversation.module.css'
import { EndDialog } from './end-dialog.tsx'
import { focusComposer } from './focus.ts'
import { Head } from './head.tsx'
import { mayEnd } from './may-end.ts'
import { focusedMessage, Thread } from './thread.tsx'

type Loaded = 'loading' | 'here' | 'missing' | 'unreachable'

export function Conversation({ id }: { id: string }) {
  const { route } = useLocation()
  const loaded = useSignal<Loaded>('loading')
  const chain = useSignal<readonly string[]>([id])
  const atBottom = useSignal(true)
  const ending = useSignal(false)
  const tries = useSignal(0)
  const session = facts.sessions.row(id).value
  // Handed on and come back: what was forgotten with it is loaded again.
  const away = session === undefined

  useEffect(() => {
    let here = true
    const load = async () => {
      try {
        const found = facts.sessions.peek(id) ?? (await loading.session(id))
        if (found === null) {
          if (here) loaded.value = 'missing'
          return
        }
        await Promise.all([loading.open(id), loading.loose(found.client.id)])
        if (here) loaded.value = 'here'
      } catch {
        if (here) loaded.value = 'unreachable'
      }
    }
    void load()
    return () => {
      here = false
    }
  }, [id, tries.value, away])

  // Once the connection is back, what could not be loaded is asked for again.
  useSignalEffect(() => {
    if (liveState.value === 'live' && loaded.peek() === 'unreachable') {
      loaded.value = 'loading'
      tries.value = tries.peek() + 1
    }
  })

  useEffect(() => {
    document.title =
      session === undefined ? t('sessions.title') : t('conversation.title', { name: nameOf(session.client) })
  }, [session?.client.contactName, session?.client.name, session?.client.phone])

  useMarkRead(id, atBottom)

  const items = useComputed(() => {
    const parts = chain.value.flatMap((sessionId): readonly Part[] => {
      const one = facts.sessions.row(sessionId).value
      if (one === undefined) return []
      const messages = facts.messages(sessionId).value
      const floor = facts.thread(sessionId)?.floor ?? null
      return [{ session: one, messages, whole: floor !== null && floor <= 1 }]
    })
    const clientId = parts.at(-1)?.session.client.id
    const loose = clientId === undefined ? [] : (facts.loose.row(clientId).value ?? [])
    const entries = outbox.entries.value.filter((entry) => entry.sessionId === id)
    return conversation({ parts, loose, entries, sameDay })
  })

  const reply = useMemo(
    () => (message: Message) => {
      quotes.set(id, { messageId: message.id, text: lineOf(message) })
      focusComposer()
    },
    [id],
  )

  useEffect(() => {
    const mine = () => facts.sessions.peek(id)?.operatorId === me.peek()?.id
    const undo = [
      onKey('r', (event) => {
        const message = focusedMessage(items.peek()) ?? newestOfClient(facts.messages(id).peek())
        if (message === null || !mine()) return
        event.preventDefault()
        reply(message)
      }),
      onKey('w', () => {
        const message = focusedMessage(items.peek())
        if (message !== null) route(`/sessions/${id}/why/${message.id}`)
      }),
      onKey('e', (event) => {
        if (!mayEnd(id)) return
        event.preventDefault()
        ending.value = true
      }),
    ]
    return () => {
      for (const one of undo) one()
    }
  }, [id, route, reply, items, ending])

  if (session === undefined) return <Absent id={id} loaded={loaded.value} />
  return (
    <>
      <Head
        session={session}
        onEnd={() => {
          ending.value = true
        }}
      />
      <Thread
        key={id}
        items={items.value}
        label={t('conversation.label', { name: nameOf(session.client) })}
        atBottom={atBottom}
        loading={loaded.value === 'loading'}
        onOlder={() => olderOf(chain)}
        onReply={session.operatorId === me.value?.id && session.phase === 'active' ? reply : null}
        routeOf={(message) => `/sessions/${id}/why/${message.id}`}
      />
      <CameBack session={session} />
      {session.phase === 'active' ? <Refused id={id} /> : null}
      <Composer session={session} />
      {ending.value ? (
        <EndDialog
          session={session}
          now={now.value}
          onClose={() => {
            ending.value = false
          }}
        />
      ) : null}
    </>
  )
}

const newestOfClient = (messages: readonly Message[]): Message | null =>
  messages.findLast((message) => message.direction === 'in' && message.type !== 'system') ?? null

/** One page further back: of this session, or of the one before it. False where the conversation begins. */
async function olderOf(chain: { value: readonly string[] }): Promise<boolean> {
  const first = chain.value[0]
  if (first === undefined) return false
  const floor = facts.thread(first)?.floor ?? null
  if (floor === null) return false
  if (floor > 1) return loading.older(first)
  const previousId = facts.sessions.peek(first)?.previousId ?? null
  if (previousId === null || chain.value.includes(previousId)) return false
  const previous = await loading.session(previousId)
  if (previous === null) return false
  await loading.open(previousId)
  chain.value = [previousId, ...chain.value]
  return true
}

/** Read is what was on the screen of somebody who looked: the page in front, the newest message in view. */
function useMarkRead(id: string, atBottom: { value: boolean }): void {
  const told = useSignal(0)
  useSignalEffect(() => {
    const session = facts.sessions.row(id).value
    const seq = facts.messages(id).value.at(-1)?.seq ?? 0
    if (session === undefined || session.phase !== 'active' || session.operatorId !== me.value?.id) return
    if (!lookedAt.value || !atBottom.value || session.unread === 0 || seq <= told.peek()) return
    told.value = seq
    api.read(id, seq).catch(() => {
      told.value = Math.min(told.peek(), seq - 1)
    })
  })
}

/** Why what was asked of a session that goes on was not done; where nobody has it, the field says so. */
const Refused = ({ id }: { id: string }) => {
  const why = notices.value.get(id)
  return <div role="alert">{why === undefined ? null : <p class="note danger">{why}</p>}</div>
}

function Absent({ id, loaded }: { id: string; loaded: Loaded }) {
  const lost = notices.value.get(id)
  if (loaded === 'loading') return <div class={css.absent} aria-busy="true" />
  return (
    <div class={css.absent}>
      <h1>{loaded === 'unreachable' ? t('absent.unreachable') : t('absent.title')}</h1>
      <p class="quiet">{loaded === 'unreachable' ? t('absent.retries') : (lost ?? t('absent.lead'))}</p>
      <a class="button" href="/sessions" onClick={() => notice(id, null)}>
        {t('absent.back')}
      </a>
    </div>
  )
}
