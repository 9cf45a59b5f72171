// What else may be done with a session: behind three dots, so that the one primary action stays alone.
import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BanDialog } from '../../parts/ban-dialog.tsx'
import { MoreIcon } from '../../parts/icons.tsx'
import { notice } from '../../store/app.ts'
import { giveBack, takeOver } from '../../store/commands.ts'
import { loadSettings, mayBan } from '../../store/tags.ts'
import { mayGiveBack, mayTakeOver } from './may-hand-over.ts'
import css from './menu.module.css'

export function SessionMenu({ session }: { session: Session }) {
  const id = useId()
  const { route } = useLocation()
  const banning = useSignal(false)
  useEffect(() => {
    void loadSettings().catch(() => undefined)
  }, [])
  const back = mayGiveBack(session)
  const run = async (moving: Promise<string | null>) => {
    close()
    notice(session.id, await moving)
  }
  const close = () => document.getElementById(`menu-${id}`)?.hidePopover()
  return (
    <>
      <button
        type="button"
        class={`button bare icon ${css.opener}`}
        aria-label={t('menu.more')}
        title={t('menu.more')}
        aria-haspopup="menu"
        popovertarget={`menu-${id}`}
      >
        <MoreIcon />
      </button>
      <div
        id={`menu-${id}`}
        popover="auto"
        role="menu"
        class={css.menu}
        onKeyDown={walk}
        onToggle={(event) => {
          if (event.newState === 'open') event.currentTarget.querySelector('button')?.focus()
        }}
      >
        <button
          type="button"
          role="menuitem"
          onClick={() => {
            close()
            route(`/sessions/${session.id}/about`)
          }}
        >
          {t('menu.about')}
        </button>
        {back === null ? null : (
          <button type="button" role="menuitem" onClick={() => void run(giveBack(session.id))}>
            {t(`menu.${back}`)}
          </button>
        )}
        {mayTakeOver(session) ? (
          <button type="button" role="menuitem" onClick={() => void run(takeOver(session.id))}>
            {t('menu.takeOver')}
          </button>
        ) : null}
        {session.ban !== null || mayBan() ? (
          <button
            type="button"
            role="menuitem"
            onClick={() => {
              close()
              banning.value = true
            }}
          >
            {session.ban === null ? t('menu.ban') : t('ban.open')}
          </button>
        ) : null}
      </div>
      {banning.value ? (
        <BanDialog
          session={session}
          onClose={() => {
            banning.value = false
          }}
        />
      ) : null}
    </>
  )
}

function walk(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  event.preventDefault()
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll('button')]
  const at = items.indexOf(document.activeElement as HTMLButtonElement)
  items[(at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length]?.focus()
}
