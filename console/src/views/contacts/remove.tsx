// "Remove from Contact Directory": for good, so it is asked once more.
import { useSignal } from '@preact/signals'
import { directory } from '../../api/directory.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import css from './contacts.module.css'

interface Props {
  readonly contactId: string
  readonly name: string
  readonly onClose: () => void
  readonly onRemoved: () => void
}

export function RemoveContact({ contactId, name, onClose, onRemoved }: Props) {
  const problem = useSignal<string | null>(null)
  const remove = async () => {
    try {
      await directory.remove(contactId)
      onClose()
      onRemoved()
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  return (
    <Dialog title={t('contact.removeTitle', { name })} onClose={onClose}>
      <p>{t('contact.removeLead')}</p>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      <div class={css.actions}>
        <button type="button" class="button" onClick={onClose}>
          {t('canned.cancel')}
        </button>
        <button type="button" class="button primary" onClick={() => void remove()}>
          {t('contact.remove')}
        </button>
      </div>
    </Dialog>
  )
}
