// The operator's place: the lists at the left, the conversation in the middle, one panel at the right. Under 900 px one
// of them at a time, by its address.

import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { t } from '../../i18n/t.ts'
import { facts, me, now } from '../../store/app.ts'
import { accept } from '../../store/commands.ts'
import { offers, own } from '../../store/lists.ts'
import { Conversation } from '../conversation/conversation.tsx'
import { focusComposer } from '../conversation/focus.ts'
import { Panel } from '../panel/panel.tsx'
import { isFree, onKey } from '../shell/keyboard.ts'
import { Inbox } from './inbox.tsx'
import css from './workspace.module.css'

interface Props {
  readonly id?: string
  readonly panel?: string
  readonly messageId?: string
}

export function Workspace({ id, panel, messageId }: Props) {
  const { route } = useLocation()
  useEffect(() => {
    if (id === undefined) document.title = t('sessions.title')
  }, [id])

  useEffect(() => {
    const step = (by: 1 | -1) => () => {
      const ids = inOrder()
      const at = id === undefined ? -1 : ids.indexOf(id)
      const next = ids[at === -1 && by === -1 ? ids.length - 1 : at + by]
      if (next === undefined) return
      route(`/sessions/${next}`)
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus())
    }
    const undo = [onKey('j', step(1)), onKey('k', step(-1))]
    if (id !== undefined) {
      undo.push(
        onKey('Enter', (event) => {
          if (!isFree(event)) return
          event.preventDefault()
          void acceptOrWrite(id)
        }),
        onKey('Escape', () => route(panel === undefined ? '/sessions' : `/sessions/${id}`)),
      )
    }
    return () => {
      for (const one of undo) one()
    }
  }, [id, panel, route])

  const pane = panel !== undefined ? 'panel' : id !== undefined ? 'conversation' : 'list'
  return (
    <div class={css.workspace} data-pane={pane}>
      <Inbox chosen={id ?? null} />
      <main class={css.main}>
        {id === undefined ? (
          <div class={css.nothing}>
            <h1>{t('workspace.title')}</h1>
            <p class="quiet">{t('workspace.lead')}</p>
          </div>
        ) : (
          <Conversation key={id} id={id} />
        )}
      </main>
      {id !== undefined && panel !== undefined ? <Panel id={id} panel={panel} messageId={messageId ?? null} /> : null}
    </div>
  )
}

/** The rows as they stand on the screen, which may rest in another order than the facts. */
function inOrder(): readonly string[] {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].flatMap((row) => row.dataset.row ?? [])
  if (rows.length > 0) return rows
  const all = facts.sessions.all.peek()
  const { mine, waiting } = own(all, me.peek()?.id ?? '')
  return [...offers(all, now.peek()), ...mine, ...waiting].map((session) => session.id)
}

async function acceptOrWrite(id: string): Promise<void> {
  if (facts.sessions.peek(id)?.phase === 'queued' && !(await accept(id))) return
  focusComposer()
}
