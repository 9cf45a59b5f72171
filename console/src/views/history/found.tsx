// The messages and notes in which the words stand that somebody searches for, each with the place marked.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { history } from '../../api/history.ts'
import type { SearchHit } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import css from './history.module.css'

const AFTER_MS = 250

export function Found({ text }: { text: string }) {
  const hits = useSignal<readonly SearchHit[] | null>(null)
  const next = useSignal<string | null>(null)
  const problem = useSignal<string | null>(null)
  const load = async (cursor: string | null, isStill: () => boolean = () => true) => {
    try {
      const found = await history.search(text, cursor)
      if (!isStill()) return
      hits.value = cursor === null ? found.items : [...(hits.peek() ?? []), ...found.items]
      next.value = found.next
      problem.value = null
    } catch (error) {
      if (isStill()) problem.value = problemText(error)
    }
  }
  useEffect(() => {
    let here = true
    const timer = setTimeout(() => void load(null, () => here), AFTER_MS)
    return () => {
      here = false
      clearTimeout(timer)
    }
  }, [text])
  return (
    <section class={css.found} aria-label={t('search.label')}>
      <h2>{t('search.label')}</h2>
      {problem.value === null ? null : <p class="note danger">{problem.value}</p>}
      {hits.value?.length === 0 ? <p class="quiet">{t('search.nothing')}</p> : null}
      <ol>
        {hits.value?.map((hit) => (
          <li key={`${hit.kind}${hit.id}`}>
            <a href={hit.kind === 'message' ? `/sessions/${hit.sessionId}` : `/sessions/${hit.sessionId}/about`}>
              <span class={css.whom}>
                {hit.client.name ?? t('author.client')} · {t(`search.kind.${hit.kind}`)} · <At iso={hit.at} />
              </span>
              <span dir="auto">
                <Marked hit={hit} />
              </span>
            </a>
          </li>
        ))}
      </ol>
      {next.value === null ? null : (
        <button type="button" class="button small" onClick={() => void load(next.peek())}>
          {t('supervise.more')}
        </button>
      )}
    </section>
  )
}

function Marked({ hit: { text, matches } }: { hit: SearchHit }) {
  const parts = matches.flatMap(({ start, end }, n) => [
    text.slice(matches[n - 1]?.end ?? 0, start),
    <mark key={start}>{text.slice(start, end)}</mark>,
  ])
  return (
    <>
      {parts}
      {text.slice(matches.at(-1)?.end ?? 0)}
    </>
  )
}
