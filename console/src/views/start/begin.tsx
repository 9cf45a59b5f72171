// The way into a new session: a button, and the key N. Where no number serves one's groups there is none; administrators
// see why.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import { me } from '../../store/app.ts'
import { onKey } from '../shell/keyboard.ts'
import { NewSession, ownChannels } from './new-session.tsx'
import css from './start.module.css'

export function Begin() {
  const open = useSignal(false)
  const possible = ownChannels().length > 0
  useEffect(() => {
    if (!possible) return
    return onKey('n', (event) => {
      event.preventDefault()
      open.value = true
    })
  }, [possible, open])
  if (!possible)
    return me.value?.role === 'administrator' ? <p class={`quiet ${css.new}`}>{t('start.noNumber')}</p> : null
  return (
    <>
      <button
        type="button"
        class={`button ${css.new}`}
        onClick={() => {
          open.value = true
        }}
      >
        {t('start.button')}
      </button>
      {open.value ? (
        <NewSession
          onClose={() => {
            open.value = false
          }}
        />
      ) : null}
    </>
  )
}
