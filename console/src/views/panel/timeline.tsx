// How the session came to be as it is: every decision with who made it and what it rested on, oldest first.
import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import type { TimelineItem } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { At } from '../../parts/time.tsx'
import { facts } from '../../store/app.ts'
import { loadResults } from '../../store/results.ts'
import { Evidence } from './evidence.tsx'
import css from './panel.module.css'
import { sentence } from './sentences.ts'

async function whole(id: string): Promise<readonly TimelineItem[]> {
  const items: TimelineItem[] = []
  let cursor: string | undefined
  do {
    const page = await api.timeline(id, cursor)
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return items
}

export function Timeline({ id }: { id: string }) {
  const items = useSignal<readonly TimelineItem[] | null>(null)
  const problem = useSignal<string | null>(null)
  const rev = useSignal(0)
  // Each visible change of the session may have left an event.
  useSignalEffect(() => {
    const now = facts.sessions.row(id).value?.rev ?? 0
    if (now > rev.peek()) rev.value = now
  })
  useEffect(() => {
    let here = true
    void loadResults().catch(() => undefined)
    whole(id).then(
      (found) => {
        if (here) items.value = found
        if (here) problem.value = null
      },
      (error: unknown) => {
        if (here) problem.value = problemText(error)
      },
    )
    return () => {
      here = false
    }
  }, [id, rev.value])

  if (problem.value !== null) return <p class="note danger">{problem.value}</p>
  if (items.value === null) return <div class={css.loading} aria-busy="true" />
  if (items.value.length === 0) return <p class="quiet">{t('timeline.empty')}</p>
  return (
    <ol class={css.timeline}>
      {items.value.map((item) => (
        <li key={item.id}>
          <p>{sentence(item)}</p>
          <p class={css.at}>
            <At iso={item.at} />
          </p>
          <Evidence evidence={item.evidence} />
        </li>
      ))}
    </ol>
  )
}
