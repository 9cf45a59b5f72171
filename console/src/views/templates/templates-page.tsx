// Templates as one keeps them: those one may use at the left, the chosen one at the right; whose one may not change is
// shown as it is.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import type { CannedText } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { me } from '../../store/app.ts'
import { cannedProblem, cannedTexts, loadCanned } from '../../store/canned.ts'
import { matching } from '../../text/canned.ts'
import page from '../contacts/contacts.module.css'
import { onKey } from '../shell/keyboard.ts'
import { CannedEditor } from './canned-editor.tsx'
import { CannedLine } from './canned-list.tsx'
import { Folders } from './folders.tsx'
import css from './templates.module.css'

export function Templates({ id }: { id?: string }) {
  const { route } = useLocation()
  const q = useSignal('')
  useEffect(() => {
    document.title = t('canned.pageTitle')
    void loadCanned(true)
    return onKey('Escape', () => route('/templates'))
  }, [route])
  const all = cannedTexts.value
  const shown = matching(all ?? [], q.value)
  const chosen = all?.find((text) => text.id === id)
  const kept = (text: CannedText | null) => {
    const others = (cannedTexts.peek() ?? []).filter((one) => one.id !== (text?.id ?? id))
    cannedTexts.value = text === null ? others : [...others, text]
    void loadCanned(true)
    route(text === null ? '/templates' : `/templates/${text.id}`)
  }
  return (
    <div class={page.page} data-detail={id !== undefined}>
      <section class={page.list} aria-label={t('canned.title')}>
        <header class={page.head}>
          <div class={page.headLine}>
            <h1>{t('canned.title')}</h1>
            <a class="button small" href="/templates/new">
              {t('canned.new')}
            </a>
            {me.value?.role === 'administrator' ? (
              <a class="button small" href="/templates/folders">
                {t('canned.folders')}
              </a>
            ) : null}
          </div>
          <input
            class="input"
            type="search"
            aria-label={t('canned.search')}
            placeholder={t('canned.search')}
            value={q.value}
            onInput={(event) => {
              q.value = event.currentTarget.value
            }}
          />
        </header>
        <div class={page.scroll}>
          {cannedProblem.value === null ? null : <p class={`note danger ${page.more}`}>{cannedProblem.value}</p>}
          {all !== null && shown.length === 0 ? (
            <p class={page.empty}>{q.value === '' ? t('canned.empty') : t('canned.none')}</p>
          ) : null}
          <ul class={css.links}>
            {shown.map((text) => (
              <li key={text.id}>
                <a href={`/templates/${text.id}`} {...(text.id === id ? { 'aria-current': 'page' as const } : {})}>
                  <CannedLine text={text} />
                </a>
              </li>
            ))}
          </ul>
        </div>
      </section>
      <main class={page.detail}>
        {id === 'folders' ? (
          <Folders />
        ) : id === 'new' ? (
          <CannedEditor key="new" text={null} onKept={kept} />
        ) : chosen !== undefined ? (
          <CannedEditor key={chosen.id} text={chosen} onKept={kept} />
        ) : id !== undefined && all !== null ? (
          <p class="quiet">{t('canned.gone')}</p>
        ) : (
          <div class={page.nothing}>
            <h2>{t('canned.choose')}</h2>
            <p class="quiet">{t('canned.chooseLead')}</p>
          </div>
        )}
      </main>
    </div>
  )
}
