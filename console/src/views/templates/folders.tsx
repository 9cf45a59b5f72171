// Folders of templates: for everybody, or for some groups alone.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { directory } from '../../api/directory.ts'
import type { CannedFolder } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { problemText } from '../../parts/problem.ts'
import { loadCanned } from '../../store/canned.ts'
import page from '../contacts/contacts.module.css'
import css from './templates.module.css'

interface Named {
  readonly id: string
  readonly name: string
}

export function Folders() {
  const folders = useSignal<readonly CannedFolder[]>([])
  const groups = useSignal<readonly Named[]>([])
  const name = useSignal('')
  const problem = useSignal<string | null>(null)
  const load = async () => {
    folders.value = (await directory.folders()).items
  }
  /** Said in place; the list is then as the server has it. */
  const run = async (command: () => Promise<unknown>) => {
    try {
      await command()
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
    await load().catch(() => undefined)
    void loadCanned(true)
  }
  useEffect(() => {
    void run(async () => {
      groups.value = (await api.groups()).items
    })
  }, [])
  return (
    <article class={page.sheet} aria-label={t('canned.folders')}>
      <header class={page.title}>
        <a class={`button bare icon ${page.back}`} href="/templates" aria-label={t('canned.back')}>
          <BackIcon />
        </a>
        <h2>{t('canned.folders')}</h2>
      </header>
      <p class="quiet">{t('canned.foldersLead')}</p>
      {problem.value === null ? null : (
        <p class="note danger" role="alert">
          {problem.value}
        </p>
      )}
      <ul class={css.folders}>
        {folders.value.map((folder) => (
          <li key={folder.id}>
            <input
              class="input"
              aria-label={t('canned.folderName', { name: folder.name })}
              defaultValue={folder.name}
              onBlur={(event) => {
                const next = event.currentTarget.value.trim()
                if (next !== '' && next !== folder.name)
                  void run(() => directory.changeFolder(folder.id, { name: next }))
              }}
            />
            <fieldset>
              <legend>{t('canned.folderGroups')}</legend>
              {groups.value.map((group) => (
                <label key={group.id}>
                  <input
                    type="checkbox"
                    checked={folder.groupIds.includes(group.id)}
                    onChange={(event) => {
                      const on = event.currentTarget.checked
                      const groupIds = on
                        ? [...folder.groupIds, group.id]
                        : folder.groupIds.filter((one) => one !== group.id)
                      void run(() => directory.changeFolder(folder.id, { groupIds }))
                    }}
                  />{' '}
                  {group.name}
                </label>
              ))}
            </fieldset>
            <button
              type="button"
              class="button small"
              aria-label={t('canned.removeFolderNamed', { name: folder.name })}
              onClick={() => void run(() => directory.removeFolder(folder.id))}
            >
              {t('canned.remove')}
            </button>
          </li>
        ))}
      </ul>
      <form
        class={css.actions}
        onSubmit={(event) => {
          event.preventDefault()
          const next = name.peek().trim()
          if (next === '') return
          void run(() => directory.addFolder({ name: next, groupIds: [] }))
          name.value = ''
        }}
      >
        <input
          class="input"
          aria-label={t('canned.newFolder')}
          placeholder={t('canned.newFolder')}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value
          }}
        />
        <button type="submit" class="button">
          {t('canned.addFolder')}
        </button>
      </form>
    </article>
  )
}
