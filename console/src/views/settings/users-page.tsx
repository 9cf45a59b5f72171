// Who works here: accounts with role, groups and slots; an invitation for each, shown once, to be handed on; and those that
// are switched off.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { setUp, type UserBody } from '../../api/settings.ts'
import type { Group, Invitation, User } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { formProblem } from '../../parts/problem.ts'
import { exact } from '../../text/time.ts'
import css from '../outcome/outcome.module.css'
import { Room } from '../outcome/room.tsx'
import { UserForm } from './user-form.tsx'

interface Shown extends Invitation {
  readonly name: string
}

export function UsersPage() {
  const users = useSignal<readonly User[] | null>(null)
  const groups = useSignal<readonly Group[]>([])
  const editing = useSignal<User | 'new' | null>(null)
  const shown = useSignal<Shown | null>(null)
  const problem = useSignal<string | null>(null)
  const load = async () => {
    const [people, all] = await Promise.all([setUp.users(), api.groups()])
    users.value = people.items
    groups.value = all.items
  }
  const run = async (what: () => Promise<unknown>): Promise<string | null> => {
    try {
      await what()
      await load()
      problem.value = null
      return null
    } catch (error) {
      problem.value = formProblem(error, 'users')
      return problem.value
    }
  }
  useEffect(() => void run(async () => undefined), [])
  const invite = async ({ id, name }: User) => {
    shown.value = { ...(await setUp.invite(id)), name }
  }
  const save = (body: UserBody) =>
    run(async () => {
      const who = editing.peek()
      if (who === null) return
      if (who === 'new') await invite(await setUp.addUser(body))
      else await setUp.changeUser(who.id, body)
      editing.value = null
    })
  return (
    <Room at="/settings/users">
      <p class="quiet">{t('users.lead')}</p>
      <p>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            editing.value = 'new'
          }}
        >
          {t('users.invite')}
        </button>
      </p>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <ul class={css.list} aria-label={t('users.page')} aria-busy={users.value === null}>
        {users.value?.map((user) => (
          <li key={user.id}>
            <span class={css.main}>
              <span>
                <strong>{user.name}</strong> {user.disabled ? <em>{t('users.off')}</em> : null}
              </span>
              <span class="quiet">
                {user.email} · {t(`role.${user.role}`)} · {t('users.slots', { slots: user.slots })} ·{' '}
                {user.groups.map((group) => group.name).join(', ') ||
                  t(user.role === 'administrator' ? 'users.everywhere' : 'users.noGroup')}
              </span>
              {user.invitedUntil === null ? null : (
                <span class="quiet">{t('users.invitedUntil', { at: exact(Date.parse(user.invitedUntil)) })}</span>
              )}
            </span>
            <span class={css.actions}>
              <button
                type="button"
                class="button small"
                aria-label={t('users.change', { name: user.name })}
                onClick={() => {
                  editing.value = user
                }}
              >
                {t('results.editShort')}
              </button>
              {user.disabled ? null : (
                <button
                  type="button"
                  class="button small"
                  aria-label={t('users.inviteAgain', { name: user.name })}
                  onClick={() => void run(() => invite(user))}
                >
                  {t('users.inviteShort')}
                </button>
              )}
              <button
                type="button"
                class="button small"
                aria-label={t(user.disabled ? 'users.enable' : 'users.disable', { name: user.name })}
                onClick={() => void run(() => setUp.changeUser(user.id, { disabled: !user.disabled }))}
              >
                {t(user.disabled ? 'users.enableShort' : 'users.disableShort')}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {editing.value === null ? null : (
        <UserForm
          user={editing.value === 'new' ? null : editing.value}
          groups={groups.value}
          onSubmit={save}
          onClose={() => {
            editing.value = null
          }}
        />
      )}
      {shown.value === null ? null : (
        <Dialog
          title={t('users.invited', { name: shown.value.name })}
          onClose={() => {
            shown.value = null
          }}
        >
          <p>{t('users.handOn', { at: exact(Date.parse(shown.value.expiresAt)) })}</p>
          <input
            class="input"
            readOnly
            aria-label={t('users.address')}
            value={shown.value.url}
            onFocus={(event) => event.currentTarget.select()}
          />
        </Dialog>
      )}
    </Room>
  )
}
