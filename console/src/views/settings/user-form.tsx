// One account: who it is, what they may, which groups they are in and how many sessions they take at once.
import { useSignal } from '@preact/signals'
import type { UserBody } from '../../api/settings.ts'
import type { Group, User } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import css from '../outcome/outcome.module.css'

const ROLES = ['operator', 'supervisor', 'administrator'] as const

interface Props {
  readonly user: User | null
  readonly groups: readonly Group[]
  /** Null when it is done, else why not. */
  readonly onSubmit: (body: UserBody) => Promise<string | null>
  readonly onClose: () => void
}

export function UserForm({ user, groups, onSubmit, onClose }: Props) {
  const body = useSignal<UserBody>({
    email: user?.email ?? '',
    name: user?.name ?? '',
    role: user?.role ?? 'operator',
    slots: user?.slots ?? 5,
    groupIds: user?.groups.map(({ id }) => id) ?? [],
  })
  const why = useSignal<string | null>(null)
  const set = (part: Partial<UserBody>) => {
    body.value = { ...body.peek(), ...part }
  }
  return (
    <Dialog title={user === null ? t('users.invite') : t('users.change', { name: user.name })} onClose={onClose}>
      <form
        class={css.form}
        onSubmit={async (event) => {
          event.preventDefault()
          why.value = await onSubmit(body.peek())
        }}
      >
        {(['name', 'email'] as const).map((field) => (
          <label key={field} class="field">
            <span>{t(`users.${field}`)}</span>
            <input
              class="input"
              {...(field === 'email' ? { type: 'email' as const } : { type: 'text' as const })}
              required
              maxLength={field === 'email' ? 254 : 100}
              value={body.value[field]}
              onInput={(event) => set({ [field]: event.currentTarget.value })}
            />
          </label>
        ))}
        <label class="field">
          <span>{t('users.role')}</span>
          <select
            class="input"
            value={body.value.role}
            onChange={(event) => {
              const role = ROLES.find((one) => one === event.currentTarget.value)
              if (role !== undefined) set({ role })
            }}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {t(`role.${role}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t('users.slotsOf')}</span>
          <input
            class="input"
            type="number"
            min={1}
            max={1000}
            required
            value={body.value.slots}
            onInput={(event) => set({ slots: event.currentTarget.valueAsNumber || 1 })}
          />
        </label>
        <fieldset>
          <legend>{t('users.groups')}</legend>
          {groups.map((group) => (
            <label key={group.id} class={css.check}>
              <input
                type="checkbox"
                checked={body.value.groupIds.includes(group.id)}
                onChange={(event) => {
                  const others = body.peek().groupIds.filter((id) => id !== group.id)
                  set({ groupIds: event.currentTarget.checked ? [...others, group.id] : others })
                }}
              />
              {group.name}
            </label>
          ))}
        </fieldset>
        <div role="alert">{why.value === null ? null : <p class="note danger">{why.value}</p>}</div>
        <button type="submit" class="button primary">
          {user === null ? t('users.inviteNow') : t('tags.save')}
        </button>
      </form>
    </Dialog>
  )
}
