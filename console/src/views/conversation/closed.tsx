// Why one cannot write now, in place of the field.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ClosedBecause, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BanDialog } from '../../parts/ban-dialog.tsx'
import { drafts, facts, me, notices, now, supervises } from '../../store/app.ts'
import { accept, giveResult, underWay } from '../../store/commands.ts'
import { loadResults, resultName } from '../../store/results.ts'
import { countdown } from '../../text/time.ts'
import { Reconnect, SendHeroCard } from '../start/again.tsx'
import css from './composer.module.css'
import { focusComposer } from './focus.ts'
import { ResultForm } from './result-form.tsx'

export function Reading({ session }: { session: Session }) {
  const name = session.operatorId === null ? null : (facts.names.row(session.operatorId).value ?? session.operatorName)
  return (
    <section class={css.closed} aria-label={t('composer.label')}>
      <p>{t('closed.reading', { name: name ?? t('author.operator') })}</p>
    </section>
  )
}

export function Closed({ session, reason }: { session: Session; reason: ClosedBecause }) {
  if (reason === 'wrapUp') return <WrapUp session={session} />
  if (reason === 'ended') return <Ended session={session} />
  return (
    <section class={css.closed} aria-label={t('composer.label')} data-closed={reason}>
      <Sentence session={session} reason={reason} />
      <KeptDraft sessionId={session.id} />
      {reason === 'windowShut' ? <SendHeroCard session={session} /> : null}
      {reason === 'banned' ? <OpenBan session={session} /> : null}
      {reason === 'noOperator' ? <Accept session={session} /> : null}
    </section>
  )
}

function Sentence({ session, reason }: { session: Session; reason: Exclude<ClosedBecause, 'wrapUp' | 'ended'> }) {
  const channel = facts.channels.row(session.channelId).value
  if (reason === 'banned' && session.ban !== null) return <p>{t('closed.bannedFor', { reason: session.ban.reason })}</p>
  if (reason !== 'channelDown') return <p>{t(`closed.${reason}`)}</p>
  const why = channel?.stateReason ?? null
  return (
    <p>
      {t('closed.channelDown', { number: channel?.displayPhoneNumber ?? t('channel.this') })}
      {why === null ? null : (
        <span class={css.resultNote}>
          {why.title}. {why.advice}
        </span>
      )}
    </p>
  )
}

/** What one had begun to write when the field closed: it is still there, and comes back with the field. */
function KeptDraft({ sessionId }: { sessionId: string }) {
  useEffect(() => {
    void drafts.look(sessionId)
  }, [sessionId])
  const text = drafts.text(sessionId).value
  if (text.trim() === '') return null
  return (
    <p class={css.kept}>
      <span class="quiet">{t('closed.draftKept')}</span> <span dir="auto">{text}</span>
    </p>
  )
}

function OpenBan({ session }: { session: Session }) {
  const open = useSignal(false)
  return (
    <>
      <button
        type="button"
        class="button"
        onClick={() => {
          open.value = true
        }}
      >
        {t('ban.open')}
      </button>
      {open.value ? (
        <BanDialog
          session={session}
          onClose={() => {
            open.value = false
          }}
        />
      ) : null}
    </>
  )
}

function Accept({ session }: { session: Session }) {
  const busy = underWay.value.has(`accept ${session.id}`)
  const why = notices.value.get(session.id)
  return (
    <>
      <button
        type="button"
        class="button primary"
        disabled={busy}
        onClick={async () => {
          if (await accept(session.id)) focusComposer()
        }}
      >
        {busy ? t('offer.accepting') : t('offer.accept')}
      </button>
      <div role="alert">{why === undefined ? null : <p class="note danger">{why}</p>}</div>
    </>
  )
}

function WrapUp({ session }: { session: Session }) {
  const until = session.wrapUpUntil === null ? null : Date.parse(session.wrapUpUntil)
  return (
    <section class={`${css.closed} ${css.wrapUp}`} aria-label={t('wrapUp.label')} data-closed="wrapUp">
      <p>
        {t('closed.wrapUp')}{' '}
        {until === null ? null : (
          <span class="figures">{t('wrapUp.left', { left: countdown(until - now.value) })}</span>
        )}
      </p>
      <ResultForm
        sessionId={session.id}
        groupId={session.groupId}
        submit={t('result.save')}
        optional={false}
        onSubmit={(given) => (given === null ? Promise.resolve(t('result.choose')) : giveResult(session, given))}
      />
    </section>
  )
}

function Ended({ session }: { session: Session }) {
  const changing = useSignal(false)
  // Whoever may take the client up again need not be who answers for how it ended.
  const may = session.operatorId === me.value?.id || supervises(me.value)
  useEffect(() => {
    void loadResults().catch(() => undefined)
  }, [])
  const name = session.result === null ? null : (resultName(session.result.resultId) ?? t('result.unknown'))
  const note = session.result?.note ?? null
  return (
    <section class={css.closed} aria-label={t('composer.label')} data-closed="ended">
      <p>
        {t('closed.ended', { result: name ?? t('result.none') })}
        {note === null || note === '' ? null : <span class={css.resultNote}>{t('result.noted', { note })}</span>}
      </p>
      {session.nextId === null ? null : (
        <a class="button primary" href={`/sessions/${session.nextId}`}>
          {t('ended.next')}
        </a>
      )}
      {session.nextId === null ? <Reconnect session={session} /> : null}
      {!may ? null : changing.value ? (
        <ResultForm
          sessionId={session.id}
          groupId={session.groupId}
          submit={t('result.save')}
          optional={false}
          onSubmit={async (given) => {
            const problem = given === null ? t('result.choose') : await giveResult(session, given)
            if (problem === null) changing.value = false
            return problem
          }}
        />
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => {
            changing.value = true
          }}
        >
          {name === null ? t('result.add') : t('result.change')}
        </button>
      )}
    </section>
  )
}
