// The company's tags, for administrators: names, colours, and those that are no longer wanted.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Problem } from '../../api/client.ts'
import { outcome } from '../../api/outcome.ts'
import type { Tag } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { TagChip } from '../../parts/tag.tsx'
import { loadSettings, loadTags, tags } from '../../store/tags.ts'
import css from './outcome.module.css'
import { Room } from './room.tsx'
import { SettingToggle } from './setting-toggle.tsx'

const COLORS = ['#2563eb', '#0f766e', '#15803d', '#a16207', '#c2410c', '#b91c1c', '#be185d', '#7e22ce', '#475569']

function whyNot(error: unknown): string {
  const [first] = error instanceof Problem ? (error.body.errors ?? []) : []
  return first?.pointer === '/name' ? t('tags.taken') : problemText(error)
}

export function TagsPage() {
  const editing = useSignal<string | null>(null)
  const removing = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  useEffect(() => {
    void loadSettings().catch(() => undefined)
    loadTags().catch((error: unknown) => {
      problem.value = problemText(error)
    })
  }, [])
  const run = async (what: () => Promise<unknown>): Promise<boolean> => {
    try {
      await what()
      await loadTags()
      problem.value = null
      return true
    } catch (error) {
      problem.value = whyNot(error)
      return false
    }
  }
  return (
    <Room at="/settings/tags">
      <p class="quiet">{t('tags.lead')}</p>
      <SettingToggle name="operatorsMayTag" label={t('tags.byOperators')} />
      <TagForm submit={t('tags.addNew')} onSubmit={(body) => run(() => outcome.addTag(body))} />
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      {tags.value === null ? (
        <div aria-busy="true" />
      ) : tags.value.length === 0 ? (
        <p class="quiet">{t('tags.empty')}</p>
      ) : (
        <ul class={css.list}>
          {tags.value.map((tag) => (
            <li key={tag.id}>
              {editing.value === tag.id ? (
                <TagForm
                  tag={tag}
                  submit={t('tags.save')}
                  onSubmit={async (body) => {
                    const done = await run(() => outcome.changeTag(tag.id, body))
                    if (done) editing.value = null
                    return done
                  }}
                />
              ) : (
                <>
                  <span class={css.main}>
                    <span>
                      <TagChip tag={tag} />
                    </span>
                  </span>
                  <span class={css.actions}>
                    <button
                      type="button"
                      class="button small"
                      aria-label={t('tags.edit', { name: tag.name })}
                      onClick={() => {
                        editing.value = tag.id
                      }}
                    >
                      {t('results.editShort')}
                    </button>
                    {removing.value === tag.id ? (
                      <button
                        type="button"
                        class="button small primary"
                        onClick={() => void run(() => outcome.removeTag(tag.id))}
                      >
                        {t('tags.removeForGood')}
                      </button>
                    ) : (
                      <button
                        type="button"
                        class="button small"
                        aria-label={t('tags.delete', { name: tag.name })}
                        onClick={() => {
                          removing.value = tag.id
                        }}
                      >
                        {t('tags.deleteShort')}
                      </button>
                    )}
                  </span>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </Room>
  )
}

interface FormProps {
  readonly tag?: Tag
  readonly submit: string
  readonly onSubmit: (body: { name: string; color: string }) => Promise<boolean>
}

function TagForm({ tag, submit, onSubmit }: FormProps) {
  const name = useSignal(tag?.name ?? '')
  const color = useSignal(tag?.color ?? COLORS[0] ?? '')
  return (
    <form
      class={css.line}
      aria-label={submit}
      onSubmit={(event) => {
        event.preventDefault()
        if (name.peek().trim() === '') return
        void onSubmit({ name: name.peek(), color: color.peek() }).then((done) => {
          if (done && tag === undefined) name.value = ''
        })
      }}
    >
      <label class="field">
        <span>{t('tags.name')}</span>
        <input
          class="input"
          maxLength={50}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value
          }}
        />
      </label>
      <fieldset class={css.colors} aria-label={t('tags.color')}>
        {COLORS.map((one, n) => (
          <label key={one} class={css.color} style={{ '--tag': one }}>
            <input
              type="radio"
              name={`color-${tag?.id ?? 'new'}`}
              aria-label={t('tags.colorNo', { n: n + 1 })}
              checked={color.value === one}
              onChange={() => {
                color.value = one
              }}
            />
            <span />
          </label>
        ))}
      </fieldset>
      <button type="submit" class="button primary" disabled={name.value.trim() === ''}>
        {submit}
      </button>
    </form>
  )
}
