// A native dialog: modal while it is mounted, closed by Esc or by its owner, and the focus goes back to where it was.
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { t } from '../i18n/t.ts'
import css from './dialog.module.css'
import { CloseIcon } from './icons.tsx'

interface Props {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    const element = dialog.current
    element?.showModal()
    // What one came for, before the way out.
    element?.querySelector<HTMLElement>('[data-dialog-body] :is(input, textarea, button, a)')?.focus()
    return () => {
      element?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div class={css.head}>
        <h2 id={id}>{title}</h2>
        <button type="button" class="button bare icon" aria-label={t('dialog.close')} onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      <div class={css.body} data-dialog-body>
        {children}
      </div>
    </dialog>
  )
}
