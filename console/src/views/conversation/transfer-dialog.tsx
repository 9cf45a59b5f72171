// Handing a session on: the groups where somebody is signed in, with who is free there and how many wait; a group as a
// whole or one of its operators; and a note for whoever comes next.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { handOver, type Target } from '../../api/hand-over.ts'
import type { Group, Operator, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { nameOf } from '../../parts/client.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { transfer, underWay } from '../../store/commands.ts'
import css from './transfer-dialog.module.css'

interface Chosen {
  readonly target: Target
  readonly name: string
}

export function TransferDialog({ session, onClose }: { session: Session; onClose: () => void }) {
  const groups = useSignal<readonly Group[] | null>(null)
  const chosen = useSignal<Chosen | null>(null)
  const note = useSignal('')
  const why = useSignal<string | null>(null)
  useEffect(() => {
    api.groups().then(
      ({ items }) => {
        groups.value = items.filter(({ operators }) => operators.online + operators.busy + operators.away > 0)
      },
      (error: unknown) => {
        why.value = problemText(error)
      },
    )
  }, [])
  const busy = underWay.value.has(`transfer ${session.id}`)
  return (
    <Dialog title={t('transfer.title', { name: nameOf(session.client) })} onClose={onClose}>
      <form
        class={css.form}
        onSubmit={async (event) => {
          event.preventDefault()
          const to = chosen.peek()
          if (to === null) {
            why.value = t('transfer.choose')
            return
          }
          why.value = await transfer(session.id, to.target, note.peek())
          if (why.peek() === null) onClose()
        }}
      >
        <fieldset class={css.groups} aria-busy={groups.value === null}>
          <legend>{t('transfer.to')}</legend>
          {groups.value?.length === 0 ? <p class="quiet">{t('transfer.nobody')}</p> : null}
          {groups.value?.map((group) => (
            <GroupChoice
              key={group.id}
              group={group}
              session={session}
              onChoose={(to) => {
                chosen.value = to
                why.value = null
              }}
            />
          ))}
        </fieldset>
        <label class="field">
          <span>{t('transfer.note')}</span>
          <textarea
            class="input"
            rows={3}
            maxLength={4000}
            dir="auto"
            value={note.value}
            onInput={(event) => {
              note.value = event.currentTarget.value
            }}
          />
        </label>
        <div role="alert">{why.value === null ? null : <p class="note danger">{why.value}</p>}</div>
        <button type="submit" class="button primary" disabled={busy}>
          {chosen.value === null ? t('transfer.submit') : t('transfer.submitTo', { name: chosen.value.name })}
        </button>
      </form>
    </Dialog>
  )
}

interface GroupProps {
  readonly group: Group
  readonly session: Session
  readonly onChoose: (chosen: Chosen) => void
}

function GroupChoice({ group, session, onChoose }: GroupProps) {
  const operators = useSignal<readonly Operator[] | null>(null)
  const { online, busy, away } = group.operators
  const here =
    session.phase === 'queued' && session.groupId === group.id && (session.offer?.operatorId ?? null) === null
  return (
    <details
      onToggle={(event) => {
        if (!event.currentTarget.open || operators.peek() !== null) return
        handOver.operators(group.id).then(
          ({ items }) => {
            operators.value = items.filter(({ status }) => status !== 'offline')
          },
          () => undefined,
        )
      }}
    >
      <summary>
        <label class={css.choice}>
          <input
            type="radio"
            name="transfer-to"
            disabled={here}
            onChange={() => onChoose({ target: { groupId: group.id }, name: group.name })}
          />
          <span class={css.name}>{group.name}</span>
        </label>
        <span class={css.counts}>
          {t('transfer.counts', { online, busy, away })} · {t('transfer.waiting', { count: group.waiting })}
        </span>
      </summary>
      {operators.value?.map((operator) => (
        <label key={operator.id} class={`${css.choice} ${css.operator}`}>
          <input
            type="radio"
            name="transfer-to"
            disabled={operator.id === session.operatorId || operator.id === session.offer?.operatorId}
            onChange={() => onChoose({ target: { operatorId: operator.id }, name: operator.name })}
          />
          <span class={css.name}>{operator.name}</span>
          <span class={css.counts}>
            {t(`transfer.status.${operator.status}`)} ·{' '}
            {t('transfer.slots', { sessions: operator.sessions, slots: operator.slots })}
          </span>
        </label>
      ))}
    </details>
  )
}
