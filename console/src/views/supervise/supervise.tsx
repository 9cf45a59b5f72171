// All sessions that one may see, newest activity first, with what the workflow of the chosen one is doing at the right.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import type { Phase, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { nameOf } from '../../parts/client.ts'
import { CloseIcon } from '../../parts/icons.tsx'
import { problemText } from '../../parts/problem.ts'
import { SessionTable } from '../../parts/session-table.tsx'
import { facts, loading } from '../../store/app.ts'
import { loadTags, tags } from '../../store/tags.ts'
import { About } from '../panel/about.tsx'
import panelCss from '../panel/panel.module.css'
import { Timeline } from '../panel/timeline.tsx'
import { Workflow } from '../panel/workflow.tsx'
import { onKey } from '../shell/keyboard.ts'
import css from './supervise.module.css'
import { SuperviseRow } from './supervise-row.tsx'

const FILTERS = ['all', 'queued', 'active', 'wrapUp', 'ended'] as const satisfies readonly ('all' | Phase)[]
type Filter = (typeof FILTERS)[number]
const isFilter = (text: string | undefined): text is Filter => FILTERS.some((filter) => filter === text)

/** What the API orders its list by. */
const activityOf = (session: Session): string => session.endedAt ?? session.lastMessageAt

export function Supervise({ id }: { id?: string }) {
  const { query, route } = useLocation()
  const filter = isFilter(query.phase) ? query.phase : 'all'
  const next = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const tag = query.tag ?? ''
  const suffix = addressOf(filter, tag)
  const all = facts.sessions.all.value
  const shown = all
    .filter((session) => filter === 'all' || session.phase === filter)
    .filter((session) => tag === '' || session.tags.some((one) => one.id === tag))
    .sort((a, b) => (activityOf(a) < activityOf(b) ? 1 : activityOf(a) > activityOf(b) ? -1 : a.id < b.id ? 1 : -1))

  const more = async (cursor: string | null) => {
    try {
      next.value = await loading.moreSessions(cursor, tag === '' ? {} : { tag })
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  useEffect(() => {
    document.title = t('supervise.title')
    void loadTags().catch(() => undefined)
  }, [])
  useEffect(() => void more(null), [tag])

  useEffect(() => {
    const ids = shown.map((session) => session.id)
    const step = (by: 1 | -1) => () => {
      const at = id === undefined ? -1 : ids.indexOf(id)
      const to = ids[at === -1 && by === -1 ? ids.length - 1 : at + by]
      if (to === undefined) return
      route(`/supervise/${to}${suffix}`)
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus())
    }
    const undo = [onKey('j', step(1)), onKey('k', step(-1)), onKey('Escape', () => route(`/supervise${suffix}`))]
    return () => {
      for (const one of undo) one()
    }
  }, [id, suffix, shown.map((session) => session.id).join()])

  const count = (one: Filter) => (one === 'all' ? all.length : all.filter((session) => session.phase === one).length)
  return (
    <div class={css.page} data-detail={id !== undefined}>
      <main class={css.main}>
        <header class={css.head}>
          <h1>{t('supervise.title')}</h1>
          <nav class={css.filters} aria-label={t('supervise.filters')}>
            {FILTERS.map((one) => (
              <a
                key={one}
                href={`/supervise${addressOf(one, tag)}`}
                {...(one === filter ? { 'aria-current': 'true' as const } : {})}
              >
                {t(`supervise.filter.${one}`)}{' '}
                <span class="quiet">{one === 'ended' || one === 'all' ? null : count(one)}</span>
              </a>
            ))}
          </nav>
          <TagFilter chosen={tag} onChoose={(id) => route(`/supervise${addressOf(filter, id)}`)} />
        </header>
        <section
          class={css.scroll}
          aria-label={t('supervise.title')}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
        >
          {problem.value === null ? null : <p class={`note danger ${css.problem}`}>{problem.value}</p>}
          {shown.length === 0 ? (
            <p class={css.empty}>{t('supervise.empty')}</p>
          ) : (
            <SessionTable columns={COLUMNS}>
              {shown.map((session) => (
                <SuperviseRow key={session.id} session={session} chosen={session.id === id} suffix={suffix} />
              ))}
            </SessionTable>
          )}
          {next.value === null ? null : (
            <button type="button" class={`button ${css.more}`} onClick={() => void more(next.peek())}>
              {t('supervise.more')}
            </button>
          )}
        </section>
      </main>
      {id === undefined ? null : <Detail id={id} suffix={suffix} />}
    </div>
  )
}

/** What is filtered by is part of the address. */
function addressOf(filter: Filter, tag: string): string {
  const parts = [...(filter === 'all' ? [] : [`phase=${filter}`]), ...(tag === '' ? [] : [`tag=${tag}`])]
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

const TagFilter = ({ chosen, onChoose }: { chosen: string; onChoose: (id: string) => void }) =>
  (tags.value ?? []).length === 0 ? null : (
    <select
      class={css.tag}
      aria-label={t('tags.filter')}
      value={chosen}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      <option value="">{t('tags.any')}</option>
      {(tags.value ?? []).map((tag) => (
        <option key={tag.id} value={tag.id}>
          {tag.name}
        </option>
      ))}
    </select>
  )

const COLUMNS = ['client', 'phase', 'operator', 'last', 'waits', 'window'] as const

function Detail({ id, suffix }: { id: string; suffix: string }) {
  const missing = useSignal(false)
  const session = facts.sessions.row(id).value
  useEffect(() => {
    missing.value = false
    if (facts.sessions.peek(id) === undefined) {
      loading.session(id).then(
        (found) => {
          missing.value = found === null
        },
        () => undefined,
      )
    }
  }, [id])
  return (
    <aside class={`${panelCss.panel} ${css.detail}`} aria-label={t('panel.label')}>
      <header class={panelCss.head}>
        <h2 class={css.name}>{session === undefined ? '' : nameOf(session.client)}</h2>
        <a class="button small" href={`/sessions/${id}`}>
          {t('supervise.open')}
        </a>
        <a class="button bare icon" href={`/supervise${suffix}`} aria-label={t('panel.close')}>
          <CloseIcon />
        </a>
      </header>
      <div class={panelCss.body}>
        {missing.value ? <p class="quiet">{t('absent.lead')}</p> : null}
        {session === undefined ? null : (
          <>
            <div class={css.about}>
              <About id={id} />
            </div>
            <Workflow id={id} />
            <section class={css.timeline}>
              <h3>{t('panel.timeline')}</h3>
              <Timeline id={id} />
            </section>
          </>
        )}
      </div>
    </aside>
  )
}
