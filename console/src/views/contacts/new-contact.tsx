// A contact by hand: what one knows at once; all the rest is added on its page.
import { useSignal } from '@preact/signals'
import { directory } from '../../api/directory.ts'
import type { Contact } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { whyNot } from './contact-values.tsx'
import css from './contacts.module.css'

interface Props {
  readonly onClose: () => void
  readonly onAdded: (contact: Contact) => void
}

export function NewContact({ onClose, onAdded }: Props) {
  const name = useSignal('')
  const phone = useSignal('')
  const email = useSignal('')
  const problem = useSignal<string | null>(null)
  const add = async () => {
    const list = (value: string) => (value.trim() === '' ? [] : [value.trim()])
    if ([name, phone, email].every((one) => one.peek().trim() === '')) {
      problem.value = t('contacts.nothingEntered')
      return
    }
    try {
      onAdded(await directory.add({ names: list(name.peek()), phones: list(phone.peek()), emails: list(email.peek()) }))
    } catch (error) {
      problem.value = whyNot(error)
    }
  }
  const field = (label: string, value: typeof name, mode: 'text' | 'tel' | 'email') => (
    <label class="field">
      <span>{label}</span>
      <input
        class="input"
        type="text"
        inputMode={mode}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value
        }}
      />
    </label>
  )
  return (
    <Dialog title={t('contacts.new')} onClose={onClose}>
      <form
        class={css.dialog}
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        {field(t('contact.names'), name, 'text')}
        {field(t('contact.phones'), phone, 'tel')}
        {field(t('contact.emails'), email, 'email')}
        {problem.value === null ? null : (
          <p class="note danger" role="alert">
            {problem.value}
          </p>
        )}
        <div class={css.actions}>
          <button type="submit" class="button primary">
            {t('contact.add')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
