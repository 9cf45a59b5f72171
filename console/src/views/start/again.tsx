// What goes on where nothing else can: a HeroCard in a session whose window has shut, and an ended session taken up again.
import { useSignal } from '@preact/signals'
import { useLocation } from 'preact-iso/router'
import { Problem } from '../../api/client.ts'
import { type Said, start } from '../../api/start.ts'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { nameOf } from '../../parts/client.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { facts, newKey } from '../../store/app.ts'
import { HeroCards } from './hero-cards.tsx'

export function SendHeroCard({ session }: { session: Session }) {
  const open = useSignal(false)
  const close = () => {
    open.value = false
  }
  return (
    <>
      <button
        type="button"
        class="button primary"
        onClick={() => {
          open.value = true
        }}
      >
        {t('heroCard.send')}
      </button>
      {open.value ? (
        <Dialog title={t('heroCard.to', { name: nameOf(session.client) })} onClose={close}>
          <HeroCards
            channelId={session.channelId}
            submit={t('heroCard.send')}
            onSend={async (chosen) => {
              try {
                facts.putMessage(await start.template(session.id, chosen, newKey()))
                close()
                return null
              } catch (error) {
                return problemText(error)
              }
            }}
          />
        </Dialog>
      ) : null}
    </>
  )
}

/** With free text where the window is still open; else the HeroCards come up. */
export function Reconnect({ session }: { session: Session }) {
  const { route } = useLocation()
  const choosing = useSignal(false)
  const problem = useSignal<string | null>(null)
  const begin = async (said: Said): Promise<string | null> => {
    try {
      const begun = await start.reconnect(session.id, said, newKey())
      facts.putSession(begun)
      route(`/sessions/${begun.id}`)
      return null
    } catch (error) {
      if (error instanceof Problem && error.body.reason === 'windowShut') {
        choosing.value = true
        return null
      }
      return problemText(error)
    }
  }
  return (
    <>
      <button
        type="button"
        class="button primary"
        onClick={async () => {
          problem.value = await begin({})
        }}
      >
        {t('reconnect.begin')}
      </button>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      {choosing.value ? (
        <Dialog
          title={t('reconnect.title', { name: nameOf(session.client) })}
          onClose={() => {
            choosing.value = false
          }}
        >
          <p class="quiet">{t('reconnect.lead')}</p>
          <HeroCards
            channelId={session.channelId}
            submit={t('reconnect.send')}
            onSend={(template) => begin({ template })}
          />
        </Dialog>
      ) : null}
    </>
  )
}
