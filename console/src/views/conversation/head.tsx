// Who it is with, by which number, how long text is allowed, and what may be done with the session.
import { useSignal } from '@preact/signals'
import { useLocation } from 'preact-iso/router'
import type { Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Avatar } from '../../parts/avatar.tsx'
import { nameOf, ownNameOf } from '../../parts/client.ts'
import { BackIcon, TimelineIcon } from '../../parts/icons.tsx'
import { TagChips, TagDots } from '../../parts/tag.tsx'
import { WindowLeft } from '../../parts/window-left.tsx'
import { facts, me } from '../../store/app.ts'
import { exact } from '../../text/time.ts'
import css from './conversation.module.css'
import { mayEnd } from './may-end.ts'
import { mayTransfer } from './may-hand-over.ts'
import { SessionMenu } from './menu.tsx'
import { TransferDialog } from './transfer-dialog.tsx'

export function Head({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const { path } = useLocation()
  const transferring = useSignal(false)
  const channel = facts.channels.row(session.channelId).value
  const operator = session.operatorId === null ? null : (facts.names.row(session.operatorId).value ?? null)
  const others = session.operatorId !== null && session.operatorId !== me.value?.id
  const details = path.endsWith('/timeline')
  const { client } = session
  const name = nameOf(client)
  const ownName = ownNameOf(client)
  return (
    <header class={css.head}>
      <a class={`button bare icon ${css.back}`} href="/sessions" aria-label={t('conversation.back')}>
        <BackIcon />
      </a>
      <Avatar client={client} />
      <div class={css.who}>
        <h1>
          <a class={css.name} href={`/sessions/${session.id}/contact`} title={t('conversation.contact')}>
            {name}
          </a>
        </h1>
        <p class={css.facts}>
          {ownName === null ? null : <span>{t('client.onWhatsApp', { name: ownName })}</span>}
          {name !== client.phone && client.phone !== null ? <span>{client.phone}</span> : null}
          {client.phone === null ? <span>{t('client.noPhone')}</span> : null}
          {channel === undefined ? null : <span>{t('conversation.via', { channel: channel.name })}</span>}
          {others && operator !== null ? <span>{t('conversation.with', { operator })}</span> : null}
        </p>
      </div>
      <span class={css.chips}>
        <TagChips tags={session.tags} />
      </span>
      <span class={css.dots}>
        <TagDots tags={session.tags} />
      </span>
      {session.freeEntryPoint === null ? null : (
        <span class={css.free} title={t('window.freeUntil', { at: exact(Date.parse(session.freeEntryPoint.until)) })}>
          {t('window.free')}
        </span>
      )}
      {session.phase === 'active' || session.phase === 'queued' ? <WindowLeft session={session} wordy /> : null}
      <a
        class="button bare icon"
        href={details ? `/sessions/${session.id}` : `/sessions/${session.id}/timeline`}
        aria-label={t('conversation.timeline')}
        title={t('conversation.timeline')}
        {...(details ? { 'aria-current': 'true' as const } : {})}
      >
        <TimelineIcon />
      </a>
      <SessionMenu session={session} />
      {mayTransfer(session) ? (
        <button
          type="button"
          class="button"
          onClick={() => {
            transferring.value = true
          }}
        >
          {t('transfer.open')}
        </button>
      ) : null}
      {transferring.value ? (
        <TransferDialog
          session={session}
          onClose={() => {
            transferring.value = false
          }}
        />
      ) : null}
      {mayEnd(session.id) ? (
        <button type="button" class="button" onClick={onEnd} title={t('conversation.endKey')}>
          {t('conversation.end')}
        </button>
      ) : null}
    </header>
  )
}
