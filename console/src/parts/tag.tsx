// A tag as a coloured chip, several as dots where there is little room, and the editor that adds them by typing.
import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import type { TagChange } from '../api/outcome.ts'
import type { Tag } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { loadSettings, loadTags, mayMakeTags, tagNamed, tags } from '../store/tags.ts'
import { CloseIcon } from './icons.tsx'
import { problemText } from './problem.ts'
import css from './tag.module.css'

const tint = (tag: Tag) => ({ '--tag': tag.color })

export const TagChip = ({ tag, onRemove }: { tag: Tag; onRemove?: (() => void) | undefined }) => (
  <span class={css.tag} style={tint(tag)} title={tag.name}>
    <span>{tag.name}</span>
    {onRemove === undefined ? null : (
      <button type="button" class={css.remove} aria-label={t('tags.remove', { name: tag.name })} onClick={onRemove}>
        <CloseIcon size={11} />
      </button>
    )}
  </span>
)

export const TagChips = ({ tags: all, most = 3 }: { tags: readonly Tag[]; most?: number }) =>
  all.length === 0 ? null : (
    <span class={css.tags}>
      {all.slice(0, most).map((tag) => (
        <TagChip key={tag.id} tag={tag} />
      ))}
      {all.length > most ? <span class="quiet">{t('tags.more', { count: all.length - most })}</span> : null}
    </span>
  )

export const TagDots = ({ tags: all }: { tags: readonly Tag[] }) => {
  if (all.length === 0) return null
  const names = all.map((tag) => tag.name).join(', ')
  return (
    <span class={css.dots} title={names}>
      {all.slice(0, 4).map((tag) => (
        <span key={tag.id} class={css.dot} style={tint(tag)} />
      ))}
      <span class="sr-only">{t('tags.are', { names })}</span>
    </span>
  )
}

interface EditorProps {
  readonly tags: readonly Tag[]
  readonly readOnly?: boolean
  /** Null when it is done, else why not. */
  readonly onChange: (change: TagChange) => Promise<string | null>
}

/** Chosen by typing: arrows and Enter, or the pointer; a new one where one may make it. */
export function TagEditor({ tags: has, readOnly = false, onChange }: EditorProps) {
  const id = useId()
  const typed = useSignal('')
  const open = useSignal(false)
  const at = useSignal(0)
  const problem = useSignal<string | null>(null)
  useEffect(() => {
    void loadTags().catch(() => undefined)
    void loadSettings().catch(() => undefined)
  }, [])

  const wanted = typed.value.trim().toLocaleLowerCase()
  const free = (tags.value ?? []).filter((tag) => !has.some((one) => one.id === tag.id))
  const found = free.filter((tag) => tag.name.toLocaleLowerCase().includes(wanted)).slice(0, 30)
  const known = [...has, ...free].some((tag) => tag.name.toLocaleLowerCase() === wanted)
  const makes = wanted !== '' && !known && mayMakeTags()
  const count = found.length + (makes ? 1 : 0)

  const change = async (what: TagChange) => {
    problem.value = await onChange(what)
  }
  const choose = async (n: number) => {
    const name = found[n]?.name ?? (makes ? typed.peek() : '')
    open.value = false
    at.value = 0
    try {
      const tag = await tagNamed(name)
      if (tag === null) {
        problem.value = t('tags.unknown')
        return
      }
      typed.value = ''
      await change({ add: [tag.id] })
    } catch (error) {
      problem.value = problemText(error)
    }
  }

  return (
    <div class={css.editor}>
      {has.length === 0 ? <p class="quiet">{t('tags.none')}</p> : null}
      <div class={css.tags}>
        {has.map((tag) => (
          <TagChip key={tag.id} tag={tag} onRemove={readOnly ? undefined : () => void change({ remove: [tag.id] })} />
        ))}
      </div>
      {readOnly ? null : (
        <div class={css.adding}>
          <input
            class="input"
            role="combobox"
            aria-label={t('tags.add')}
            aria-expanded={open.value && count > 0}
            aria-controls={`${id}-options`}
            aria-autocomplete="list"
            {...(open.value && count > 0 ? { 'aria-activedescendant': `${id}-${at.value}` } : {})}
            placeholder={t('tags.add')}
            value={typed.value}
            onFocus={() => {
              open.value = true
            }}
            onBlur={() => {
              open.value = false
            }}
            onInput={(event) => {
              typed.value = event.currentTarget.value
              open.value = true
              at.value = 0
              problem.value = null
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
                event.preventDefault()
                open.value = true
                const step = event.key === 'ArrowDown' ? 1 : -1
                if (count > 0) at.value = (at.value + step + count) % count
              } else if (event.key === 'Enter') {
                event.preventDefault()
                void choose(at.value)
              } else if (event.key === 'Escape' && open.value) {
                event.stopPropagation()
                open.value = false
              }
            }}
          />
          {open.value && count > 0 ? (
            <div class={css.options} role="listbox" id={`${id}-options`} aria-label={t('tags.label')}>
              {[
                ...found.map((tag) => <TagChip key={tag.id} tag={tag} />),
                ...(makes ? [t('tags.make', { name: typed.value.trim() })] : []),
              ].map((shown, n) => (
                // The caret stays in the field: the pointer chooses before the field would lose it.
                <div
                  key={n}
                  id={`${id}-${n}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={n === at.value}
                  onMouseDown={(event) => {
                    event.preventDefault()
                    void choose(n)
                  }}
                >
                  {shown}
                </div>
              ))}
            </div>
          ) : null}
        </div>
      )}
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
    </div>
  )
}
