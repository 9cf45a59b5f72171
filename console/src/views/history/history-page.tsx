// Looking back: the table of sessions, those that ended or those that run, narrowed by client, words, result and time; the
// messages and notes in which the words stand; and the same table as a file. What is asked for is the address.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { type HistoryFilter, history } from '../../api/history.ts'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { me, supervises } from '../../store/app.ts'
import { allResults, loadResults } from '../../store/results.ts'
import { Found } from './found.tsx'
import css from './history.module.css'
import { HistoryTable } from './history-table.tsx'

const VIEWS = { history: 'ended', live: 'queued,active,wrapUp' } as const
type View = keyof typeof VIEWS
const FIELDS = ['view', 'q', 'text', 'result', 'from', 'to'] as const
type Asked = Readonly<Partial<Record<(typeof FIELDS)[number], string>>>
const AFTER_MS = 250

/** Days are those of whoever looks. */
const startOf = (day: string, plusDays = 0): string => {
  const at = new Date(`${day}T00:00:00`)
  at.setDate(at.getDate() + plusDays)
  return at.toISOString()
}

function filterOf(asked: Asked): HistoryFilter {
  const given = (name: 'q' | 'text' | 'result') => {
    const value = asked[name]?.trim() ?? ''
    return value === '' ? {} : { [name]: value }
  }
  return {
    phase: VIEWS[viewOf(asked)],
    ...given('q'),
    ...given('text'),
    ...given('result'),
    ...(asked.from ? { from: startOf(asked.from) } : {}),
    ...(asked.to ? { to: startOf(asked.to, 1) } : {}),
  }
}

const viewOf = (asked: Asked): View => (asked.view === 'live' ? 'live' : 'history')

export function HistoryPage() {
  const { query, route } = useLocation()
  const asked: Asked = query
  const items = useSignal<readonly Session[] | null>(null)
  const next = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const filter = filterOf(asked)
  const key = JSON.stringify(filter)
  const latest = useRef(key)
  latest.current = key

  const load = async (cursor: string | null) => {
    try {
      const found = await history.sessions(filter, cursor)
      // Something else is asked for by now.
      if (latest.current !== key) return
      items.value = cursor === null ? found.items : [...(items.peek() ?? []), ...found.items]
      next.value = found.next
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  useEffect(() => {
    document.title = t('history.title')
    void loadResults().catch(() => undefined)
  }, [])
  useEffect(() => {
    const timer = setTimeout(() => void load(null), items.peek() === null ? 0 : AFTER_MS)
    return () => clearTimeout(timer)
  }, [key])

  const set = (name: (typeof FIELDS)[number], value: string) => {
    const params = new URLSearchParams()
    for (const field of FIELDS) {
      const text = field === name ? value : (asked[field] ?? '')
      if (text !== '') params.set(field, text)
    }
    const text = params.toString()
    route(`/history${text === '' ? '' : `?${text}`}`, true)
  }
  return (
    <main class={css.page}>
      <header class={css.head}>
        <h1>{t('history.title')}</h1>
        <nav class={css.views} aria-label={t('history.views')}>
          {(['history', 'live'] as const).map((view) => (
            <button
              key={view}
              type="button"
              class="button small"
              aria-pressed={viewOf(asked) === view}
              onClick={() => set('view', view === 'history' ? '' : view)}
            >
              {t(`history.view.${view}`)}
            </button>
          ))}
        </nav>
        <Filters asked={asked} set={set} />
        {supervises(me.value) ? (
          <a class="button small" href={history.exportOf(filter)} download="sessions.csv">
            {t('history.export')}
          </a>
        ) : null}
      </header>
      <section
        class={css.scroll}
        aria-label={t('history.title')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
      >
        {problem.value === null ? null : <p class={`note danger ${css.problem}`}>{problem.value}</p>}
        {(asked.text ?? '').trim() === '' ? null : <Found text={(asked.text ?? '').trim()} />}
        {items.value === null ? null : items.value.length === 0 ? (
          <p class={css.empty}>{t('history.empty')}</p>
        ) : (
          <HistoryTable sessions={items.value} />
        )}
        {next.value === null ? null : (
          <button type="button" class={`button ${css.more}`} onClick={() => void load(next.peek())}>
            {t('supervise.more')}
          </button>
        )}
      </section>
    </main>
  )
}

const Filters = ({ asked, set }: { asked: Asked; set: (name: (typeof FIELDS)[number], value: string) => void }) => (
  <search class={css.filters}>
    {(['text', 'q'] as const).map((name) => (
      <input
        key={name}
        class="input"
        type="search"
        aria-label={t(`history.by.${name}`)}
        placeholder={t(`history.by.${name}`)}
        value={asked[name] ?? ''}
        onInput={(event) => set(name, event.currentTarget.value)}
      />
    ))}
    <select
      class="input"
      aria-label={t('history.by.result')}
      value={asked.result ?? ''}
      onChange={(event) => set('result', event.currentTarget.value)}
    >
      <option value="">{t('history.anyResult')}</option>
      <option value="none">{t('result.notEntered')}</option>
      {allResults.value.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
    {(['from', 'to'] as const).map((name) => (
      <label key={name} class={css.day}>
        {t(`history.by.${name}`)}{' '}
        <input
          class="input"
          type="date"
          value={asked[name] ?? ''}
          onChange={(event) => set(name, event.currentTarget.value)}
        />
      </label>
    ))}
  </search>
)
