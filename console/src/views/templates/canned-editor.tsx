// One template: whose it is, what calls it, and its text in each language, with the placeholders at hand.
import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { Problem } from '../../api/client.ts'
import { type CannedOwner, directory } from '../../api/directory.ts'
import type { CannedFolder, CannedText } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { problemText } from '../../parts/problem.ts'
import { me } from '../../store/app.ts'
import page from '../contacts/contacts.module.css'
import css from './templates.module.css'

interface Props {
  /** Null: a new one. */
  readonly text: CannedText | null
  /** With null, it is gone. */
  readonly onKept: (text: CannedText | null) => void
}

const LANGUAGE = /^[a-z]{2,3}([_-][A-Za-z0-9]{2,8})*$/

function why(error: unknown): string {
  const [first] = error instanceof Problem ? (error.body.errors ?? []) : []
  if (first?.pointer === '/shortcut')
    return first.detail.includes('another') ? t('canned.shortcutTaken') : t('canned.shortcutWord')
  return problemText(error)
}

export function CannedEditor({ text, onKept }: Props) {
  const name = useSignal(text?.name ?? '')
  const shortcut = useSignal(text?.shortcut ?? '')
  const folderId = useSignal(text?.folder?.id ?? '')
  const owner = useSignal('own')
  const variants = useSignal(text?.variants ?? [{ language: 'en', text: '' }])
  const at = useSignal(0)
  const adding = useSignal('')
  const folders = useSignal<readonly CannedFolder[]>([])
  const placeholders = useSignal<readonly { readonly id: string; readonly name: string }[]>([])
  const problem = useSignal<string | null>(null)
  const done = useSignal(false)
  const area = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    directory.folders().then(
      ({ items }) => {
        folders.value = items
      },
      () => undefined,
    )
    directory.placeholders().then(
      ({ items }) => {
        placeholders.value = items
      },
      () => undefined,
    )
  }, [])
  const readOnly = text !== null && !text.mayEdit
  const shown = variants.value[at.value] ?? variants.value[0]

  const write = (words: string) => {
    variants.value = variants.peek().map((one, n) => (n === at.peek() ? { ...one, text: words } : one))
    done.value = false
  }
  const insert = (placeholder: string) => {
    const element = area.current
    if (element === null) return
    element.focus()
    element.setRangeText(`{{${placeholder}}}`, element.selectionStart, element.selectionEnd, 'end')
    write(element.value)
  }
  const addLanguage = () => {
    const language = adding.peek().trim()
    if (!LANGUAGE.test(language) || variants.peek().some((one) => one.language === language)) {
      problem.value = t('canned.languageWord')
      return
    }
    problem.value = null
    variants.value = [...variants.peek(), { language, text: '' }]
    at.value = variants.peek().length - 1
    adding.value = ''
  }
  const save = async () => {
    const written = variants.peek().filter((one) => one.text.trim() !== '')
    if (name.peek().trim() === '' || written.length === 0) {
      problem.value = t('canned.incomplete')
      return
    }
    const body = {
      name: name.peek(),
      shortcut: shortcut.peek().trim() === '' ? null : shortcut.peek(),
      folderId: folderId.peek() === '' ? null : folderId.peek(),
      variants: written,
    }
    const chosen = owner.peek()
    const whose: CannedOwner =
      chosen === 'own' || chosen === 'company' ? { scope: chosen } : { scope: 'group', groupId: chosen }
    try {
      const kept =
        text === null ? await directory.addCanned({ ...body, ...whose }) : await directory.changeCanned(text.id, body)
      problem.value = null
      done.value = true
      onKept(kept)
    } catch (error) {
      problem.value = why(error)
    }
  }
  const remove = async () => {
    if (text === null) return
    try {
      await directory.removeCanned(text.id)
      onKept(null)
    } catch (error) {
      problem.value = why(error)
    }
  }

  return (
    <form
      class={page.sheet}
      aria-label={text?.name ?? t('canned.new')}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <header class={page.title}>
        <a class={`button bare icon ${page.back}`} href="/templates" aria-label={t('canned.back')}>
          <BackIcon />
        </a>
        <h2>{text?.name ?? t('canned.new')}</h2>
      </header>
      {readOnly ? <p class="note">{t('canned.readOnly')}</p> : null}
      <fieldset class={css.fieldset} disabled={readOnly}>
        <div class={page.grid}>
          <label class="field">
            <span>{t('canned.name')}</span>
            <input
              class="input"
              value={name.value}
              onInput={(event) => {
                name.value = event.currentTarget.value
              }}
            />
          </label>
          <label class="field">
            <span>{t('canned.shortcut')}</span>
            <input
              class="input"
              value={shortcut.value}
              onInput={(event) => {
                shortcut.value = event.currentTarget.value
              }}
            />
          </label>
          <Owner text={text} owner={owner} />
          <label class="field">
            <span>{t('canned.folder')}</span>
            <select
              class="input"
              value={folderId.value}
              onChange={(event) => {
                folderId.value = event.currentTarget.value
              }}
            >
              <option value="">{t('canned.noFolder')}</option>
              {folders.value.map((folder) => (
                <option key={folder.id} value={folder.id}>
                  {folder.name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <div class={css.languages}>
          {variants.value.map((one, n) => (
            <button
              key={one.language}
              type="button"
              class="button small"
              aria-pressed={n === at.value}
              onClick={() => {
                at.value = n
              }}
            >
              {one.language}
            </button>
          ))}
          <input
            class={`input ${css.language}`}
            aria-label={t('canned.addLanguage')}
            placeholder={t('canned.languageHint')}
            value={adding.value}
            onInput={(event) => {
              adding.value = event.currentTarget.value
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return
              event.preventDefault()
              addLanguage()
            }}
          />
          <button type="button" class="button small" onClick={addLanguage}>
            {t('canned.addLanguage')}
          </button>
        </div>
        <label class="field">
          <span>{t('canned.text', { language: shown?.language ?? '' })}</span>
          <textarea
            ref={area}
            class="input"
            rows={6}
            value={shown?.text ?? ''}
            onInput={(event) => write(event.currentTarget.value)}
          />
        </label>
        <section class={css.placeholders} aria-label={t('canned.placeholders')}>
          <p class="quiet">{t('canned.placeholdersLead')}</p>
          <div>
            {placeholders.value.map((one) => (
              <button key={one.id} type="button" class="button small" title={one.name} onClick={() => insert(one.id)}>
                {one.id}
              </button>
            ))}
          </div>
        </section>
        {problem.value === null ? null : (
          <p class="note danger" role="alert">
            {problem.value}
          </p>
        )}
        {readOnly ? null : (
          <div class={css.actions}>
            <button type="submit" class="button primary">
              {t('canned.save')}
            </button>
            {text === null ? null : (
              <button type="button" class="button" onClick={() => void remove()}>
                {t('canned.remove')}
              </button>
            )}
            <span role="status" class={page.kept}>
              {done.value ? t('canned.saved') : ''}
            </span>
          </div>
        )}
      </fieldset>
    </form>
  )
}

function Owner({ text, owner }: { text: CannedText | null; owner: Signal<string> }) {
  const user = me.value
  const groups = useSignal<readonly { readonly id: string; readonly name: string }[]>([])
  const role = user?.role ?? 'operator'
  useEffect(() => {
    if (role === 'supervisor') groups.value = user?.groups ?? []
    if (role !== 'administrator') return
    api.groups().then(
      ({ items }) => {
        groups.value = items
      },
      () => undefined,
    )
  }, [role])
  if (text !== null) {
    return (
      <p class="field">
        <span>{t('canned.owner')}</span>
        <span class={css.owner}>
          {text.scope === 'group'
            ? t('canned.ofGroup', { name: text.groupName ?? '' })
            : t(`canned.scope.${text.scope}`)}
        </span>
      </p>
    )
  }
  return (
    <label class="field">
      <span>{t('canned.owner')}</span>
      <select
        class="input"
        value={owner.value}
        onChange={(event) => {
          owner.value = event.currentTarget.value
        }}
      >
        <option value="own">{t('canned.scope.own')}</option>
        {groups.value.map((group) => (
          <option key={group.id} value={group.id}>
            {t('canned.ofGroup', { name: group.name })}
          </option>
        ))}
        {role === 'administrator' ? <option value="company">{t('canned.scope.company')}</option> : null}
      </select>
    </label>
  )
}
