// The lists: what is offered, overdue first; one's own sessions, the longest waiting client first; those who await
// their client. While the pointer rests here nothing moves under it.
import { useComputed, useSignal } from '@preact/signals'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { facts, me, notice, notices, now } from '../../store/app.ts'
import { isOverdue, offers, own, settled } from '../../store/lists.ts'
import { Begin } from '../start/begin.tsx'
import css from './inbox.module.css'
import { OfferRow } from './offer-row.tsx'
import { SessionRow } from './session-row.tsx'

export function Inbox({ chosen }: { chosen: string | null }) {
  const resting = useSignal<readonly string[] | null>(null)
  const lists = useComputed(() => {
    const all = facts.sessions.all.value
    const { mine, waiting } = own(all, me.value?.id ?? '')
    return { offered: offers(all, now.value), mine, waiting }
  })
  const { offered, mine, waiting } = lists.value
  const still = (sessions: readonly Session[]) => settled(resting.value, sessions)
  const overdue = offered.filter((session) => isOverdue(session, now.value)).length
  const lost = [...notices.value].filter(([id]) => facts.sessions.row(id).value === undefined)

  return (
    <nav
      class={css.inbox}
      aria-label={t('inbox.label')}
      onPointerEnter={() => {
        resting.value = [...offered, ...mine, ...waiting].map((session) => session.id)
      }}
      onPointerLeave={() => {
        resting.value = null
      }}
    >
      <Begin />
      {lost.map(([id, text]) => (
        <p key={id} class={`note soon ${css.notice}`} role="status">
          {text}{' '}
          <button type="button" class="link" onClick={() => notice(id, null)}>
            {t('notice.close')}
          </button>
        </p>
      ))}
      <section aria-labelledby="offered">
        <h2 id="offered" class={css.heading}>
          {t('inbox.offered')} <span class={css.number}>{offered.length}</span>
          {overdue > 0 ? <span class={css.overdue}>{t('inbox.overdue', { count: overdue })}</span> : null}
        </h2>
        {offered.length === 0 ? <p class={css.empty}>{t('inbox.noOffers')}</p> : null}
        <ul>
          {still(offered).map((session) => (
            <OfferRow key={session.id} session={session} chosen={session.id === chosen} />
          ))}
        </ul>
      </section>
      <section aria-labelledby="mine">
        <h2 id="mine" class={css.heading}>
          {t('inbox.mine')} <span class={css.number}>{mine.length}</span>
        </h2>
        {mine.length === 0 ? <p class={css.empty}>{t('inbox.noneOfMine')}</p> : null}
        <ul>
          {still(mine).map((session) => (
            <SessionRow key={session.id} session={session} chosen={session.id === chosen} />
          ))}
        </ul>
      </section>
      {waiting.length > 0 ? (
        <section aria-labelledby="waiting">
          <h2 id="waiting" class={css.heading}>
            {t('inbox.waiting')} <span class={css.number}>{waiting.length}</span>
          </h2>
          <ul>
            {still(waiting).map((session) => (
              <SessionRow key={session.id} session={session} chosen={session.id === chosen} />
            ))}
          </ul>
        </section>
      ) : null}
    </nav>
  )
}
