// A direct message: the number, the client, and the HeroCard, in one dialog. What is known of the client stands there
// before anything is sent.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { type Said, start } from '../../api/start.ts'
import type { Recipient } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { facts, me, newKey, now } from '../../store/app.ts'
import { moment } from '../../text/time.ts'
import { HeroCards } from './hero-cards.tsx'
import css from './start.module.css'

const LOOK_AFTER_MS = 250
/** Kept while the page lives: whoever closes the dialog by mistake finds it as it was. */
const kept = { channelId: null as string | null, to: '' }

/** Numbers that serve one's groups. */
export const ownChannels = () =>
  facts.channels.all.value.filter((channel) => me.value?.groups.some(({ id }) => id === channel.groupId) === true)

export function NewSession({ onClose }: { onClose: () => void }) {
  const { route } = useLocation()
  const channels = ownChannels()
  const channelId = useSignal(kept.channelId ?? channels[0]?.id ?? '')
  const to = useSignal(kept.to)
  const known = useSignal<Recipient | null>(null)
  const problem = useSignal<string | null>(null)
  const text = useSignal('')

  useEffect(() => {
    const number = channelId.value
    const typed = to.value.trim()
    kept.channelId = number
    kept.to = to.value
    known.value = null
    problem.value = null
    if (typed.length < 5) return
    let over = false
    const timer = setTimeout(async () => {
      try {
        const found = await start.recipient(number, typed)
        if (!over) known.value = found
      } catch (error) {
        if (!over) problem.value = problemText(error)
      }
    }, LOOK_AFTER_MS)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [channelId.value, to.value])

  const begin = async (said: Said): Promise<string | null> => {
    try {
      const session = await start.direct({ channelId: channelId.peek(), to: to.peek().trim(), ...said }, newKey())
      facts.putSession(session)
      kept.to = ''
      onClose()
      route(`/sessions/${session.id}`)
      return null
    } catch (error) {
      return problemText(error)
    }
  }
  const { value: recipient } = known
  const free = recipient !== null && recipient.session === null && recipient.ban === null
  return (
    <Dialog title={t('start.title')} onClose={onClose}>
      <div class={css.start}>
        {channels.length < 2 ? null : (
          <label class="field">
            <span>{t('start.number')}</span>
            <select
              class="input"
              value={channelId.value}
              onChange={(event) => {
                channelId.value = event.currentTarget.value
              }}
            >
              {channels.map((channel) => (
                <option key={channel.id} value={channel.id}>
                  {channel.name} · {channel.displayPhoneNumber}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="field">
          <span>{t('start.to')}</span>
          <input
            class="input"
            type="text"
            inputMode="tel"
            autocomplete="off"
            placeholder={t('start.example')}
            value={to.value}
            onInput={(event) => {
              to.value = event.currentTarget.value
            }}
          />
        </label>
        <div role="status">{recipient === null ? null : <Known recipient={recipient} onClose={onClose} />}</div>
        <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
        {free && recipient.window.open ? (
          <FreeText
            text={text.value}
            onText={(value) => {
              text.value = value
            }}
            onSend={() => begin({ text: text.peek() })}
          />
        ) : null}
        {free ? (
          <HeroCards channelId={channelId.value} submit={t('start.send')} onSend={(template) => begin({ template })} />
        ) : null}
      </div>
    </Dialog>
  )
}

function Known({ recipient, onClose }: { recipient: Recipient; onClose: () => void }) {
  const { session, ban, window } = recipient
  const name = recipient.contact?.name ?? recipient.client?.name ?? null
  const until = window.until === null ? null : Date.parse(window.until)
  return (
    <div class={css.known}>
      <p>
        <strong>{name ?? t('start.nobodyKnown')}</strong>{' '}
        <span class="figures">{[recipient.phone, recipient.country].filter((part) => part !== null).join(' · ')}</span>
      </p>
      {recipient.plausible ? null : <p class="note soon">{t('start.implausible')}</p>}
      {ban === null ? null : <p class="note danger">{t('problem.client-banned')}</p>}
      {session === null ? null : (
        <p class="note soon">
          {session.operatorName === null
            ? t('start.inProgress')
            : t('start.inProgressWith', { name: session.operatorName })}{' '}
          {session.visible ? (
            <a href={`/sessions/${session.id}`} onClick={onClose}>
              {t('start.open')}
            </a>
          ) : null}
        </p>
      )}
      {session === null && ban === null && window.open && until !== null ? (
        <p class="note ok">{t('start.windowOpen', { until: moment(until, now.value) })}</p>
      ) : null}
    </div>
  )
}

interface FreeTextProps {
  readonly text: string
  readonly onText: (text: string) => void
  readonly onSend: () => Promise<string | null>
}

function FreeText({ text, onText, onSend }: FreeTextProps) {
  const problem = useSignal<string | null>(null)
  const busy = useSignal(false)
  return (
    <form
      class={css.fill}
      onSubmit={async (event) => {
        event.preventDefault()
        if (busy.peek() || text.trim() === '') return
        busy.value = true
        problem.value = await onSend()
        busy.value = false
      }}
    >
      <label class="field">
        <span>{t('start.text')}</span>
        <textarea
          class="input"
          rows={2}
          maxLength={4096}
          dir="auto"
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <button type="submit" class="button" disabled={busy.value}>
        {t('start.sendText')}
      </button>
    </form>
  )
}
