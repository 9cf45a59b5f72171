// The frame of the pages that set Parley up: the blacklist for supervisors, all others for administrators.
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { t } from '../../i18n/t.ts'
import { me } from '../../store/app.ts'
import css from './outcome.module.css'

const PAGES = [
  ['/blacklist', 'ban.page', false],
  ['/settings', 'settings.page', true],
  ['/settings/users', 'users.page', true],
  ['/settings/numbers', 'numbers.page', true],
  ['/settings/tags', 'tags.page', true],
  ['/settings/results', 'results.page', true],
] as const

interface Props {
  readonly at: (typeof PAGES)[number][0]
  readonly children: ComponentChildren
}

export function Room({ at, children }: Props) {
  const title = t(PAGES.find(([path]) => path === at)?.[1] ?? 'ban.page')
  useEffect(() => {
    document.title = t('page.title', { title })
  }, [title])
  const shown = PAGES.filter(([, , administrators]) => !administrators || me.value?.role === 'administrator')
  return (
    <main class={css.page}>
      <div class={css.sheet}>
        <header class={css.head}>
          <h1>{title}</h1>
          {shown.length < 2 ? null : (
            <nav class={css.tabs} aria-label={t('outcome.pages')}>
              {shown.map(([path, key]) => (
                <a
                  key={path}
                  class="button small"
                  href={path}
                  {...(path === at ? { 'aria-current': 'page' as const } : {})}
                >
                  {t(key)}
                </a>
              ))}
            </nav>
          )}
        </header>
        {children}
      </div>
    </main>
  )
}
