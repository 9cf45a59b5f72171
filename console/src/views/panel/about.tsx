// What a session is about for whoever answers for it: its tags, its result with what it was before, the blacklist, and what
// the window and an advertisement mean for it.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { outcome } from '../../api/outcome.ts'
import type { ResultChange, Session } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { BanDialog } from '../../parts/ban-dialog.tsx'
import { TagEditor } from '../../parts/tag.tsx'
import { At } from '../../parts/time.tsx'
import { facts, me, supervises } from '../../store/app.ts'
import { giveResult } from '../../store/commands.ts'
import { choiceOf, keepChoice, loadChoice, loadResults, resultName } from '../../store/results.ts'
import { loadSettings, mayBan, mayTag, tagSession } from '../../store/tags.ts'
import { exact } from '../../text/time.ts'
import { ResultForm } from '../conversation/result-form.tsx'
import css from './about.module.css'
import { NotesPart } from './notes.tsx'

export function About({ id }: { id: string }) {
  const session = facts.sessions.row(id).value
  useEffect(() => {
    void loadSettings().catch(() => undefined)
    void loadResults().catch(() => undefined)
  }, [])
  if (session === undefined) return null
  return (
    <div class={css.about}>
      <section class={css.part} aria-label={t('tags.label')}>
        <h3>{t('tags.label')}</h3>
        <TagEditor
          tags={session.tags}
          readOnly={!mayTag(session)}
          onChange={(change) => tagSession(session.id, change)}
        />
      </section>
      <NotesPart session={session} />
      <ResultPart session={session} />
      <WindowPart session={session} />
      <BanPart session={session} />
    </div>
  )
}

const mayGive = (session: Session): boolean => session.operatorId === me.value?.id || supervises(me.value)

function ResultPart({ session }: { session: Session }) {
  const running = session.phase === 'active' || session.phase === 'queued'
  return (
    <section class={css.part} aria-label={t('result.label')}>
      <h3>{t('result.label')}</h3>
      {running ? <Prepared session={session} /> : <Given session={session} />}
    </section>
  )
}

/** A note for the result while the session goes on: the session’s, so that whoever ends it finds it. */
function Prepared({ session }: { session: Session }) {
  useEffect(() => {
    void loadChoice(session.id)
  }, [session.id])
  const choice = choiceOf(session.id)
  if (!mayGive(session)) return <p class="quiet">{choice.note === '' ? t('result.notYet') : choice.note}</p>
  return (
    <label class="field">
      <span>{t('result.noteDuring')}</span>
      <textarea
        class="input"
        rows={3}
        value={choice.note}
        onInput={(event) => keepChoice(session.id, { ...choice, note: event.currentTarget.value })}
      />
      <span class={css.kept}>{t('result.noteKept')}</span>
    </label>
  )
}

function Given({ session }: { session: Session }) {
  const changing = useSignal(false)
  const changes = useSignal<readonly ResultChange[]>([])
  useEffect(() => {
    let here = true
    outcome.changes(session.id).then(
      ({ items }) => {
        if (here) changes.value = items
      },
      () => undefined,
    )
    return () => {
      here = false
    }
  }, [session.id, session.rev])
  const name = session.result === null ? null : (resultName(session.result.resultId) ?? t('result.unknown'))
  const note = session.result?.note ?? ''
  return (
    <>
      <p>
        <strong>{name ?? t('result.notEntered')}</strong>
      </p>
      {note === '' ? null : <p>{note}</p>}
      {!mayGive(session) || session.phase !== 'ended' ? null : changing.value ? (
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
      {changes.value.length === 0 ? null : (
        <ol class={css.history} aria-label={t('result.history')}>
          {changes.value.map((change) => (
            <li key={change.id}>
              <p>
                {t('result.was', {
                  before: change.from.name ?? t('result.notEntered'),
                  after: change.to.name ?? t('result.unknown'),
                })}
              </p>
              {change.from.note === null || change.from.note === change.to.note ? null : (
                <p class="quiet">{t('result.noteWas', { note: change.from.note })}</p>
              )}
              <p class="quiet">
                {change.by.name ?? t('author.operator')} · <At iso={change.at} />
              </p>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}

function WindowPart({ session }: { session: Session }) {
  const { until } = session.window
  return (
    <section class={css.part} aria-label={t('workflow.window')}>
      <h3>{t('workflow.window')}</h3>
      <p>{until === null ? t('workflow.noWindow') : t('window.until', { at: exact(Date.parse(until)) })}</p>
      {session.freeEntryPoint === null ? null : (
        <p class="note ok">{t('window.freeUntil', { at: exact(Date.parse(session.freeEntryPoint.until)) })}</p>
      )}
    </section>
  )
}

function BanPart({ session }: { session: Session }) {
  const open = useSignal(false)
  const { ban } = session
  if (ban === null && !mayBan()) return null
  return (
    <section class={css.part} aria-label={t('ban.label')}>
      <h3>{t('ban.label')}</h3>
      <p>{ban === null ? t('ban.none') : t('closed.bannedFor', { reason: ban.reason })}</p>
      <button
        type="button"
        class="button small"
        onClick={() => {
          open.value = true
        }}
      >
        {ban === null ? t('ban.give') : t('ban.open')}
      </button>
      {open.value ? (
        <BanDialog
          session={session}
          onClose={() => {
            open.value = false
          }}
        />
      ) : null}
    </section>
  )
}
