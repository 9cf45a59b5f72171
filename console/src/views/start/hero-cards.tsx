// Choosing a HeroCard and filling it in: the number's cards, the chosen one's fields, and how the client will see it.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type ChosenCard, start } from '../../api/start.ts'
import type { HeroCard } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { problemText, told } from '../../parts/problem.ts'
import { RichText } from '../../parts/rich-text.tsx'
import { facts, now } from '../../store/app.ts'
import { buttonsOf, type CardField, chosenCard, fieldsOf, withValues } from '../../text/hero-card.ts'
import { moment } from '../../text/time.ts'
import css from './start.module.css'

interface Props {
  readonly channelId: string
  readonly submit: string
  /** Null when it is done, else why not. */
  readonly onSend: (chosen: ChosenCard) => Promise<string | null>
}

export function HeroCards({ channelId, submit, onSend }: Props) {
  const cards = useSignal<readonly HeroCard[] | null>(null)
  const problem = useSignal<string | null>(null)
  const search = useSignal('')
  const chosenId = useSignal<string | null>(null)

  const load = async (): Promise<void> => {
    try {
      cards.value = (await start.heroCards(channelId)).items
      problem.value = null
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  const sync = async (): Promise<void> => {
    try {
      const { ok, code } = await start.sync(channelId)
      await load()
      if (!ok) problem.value = t('heroCard.notSynced', { code: code ?? t('heroCard.notReached') })
    } catch (error) {
      problem.value = problemText(error)
    }
  }
  const syncedAt = facts.channels.all.value.find(({ id }) => id === channelId)?.heroCards.syncedAt ?? null
  useEffect(() => {
    chosenId.value = null
  }, [channelId])
  // Meta tells of changes, and then they are read anew: whoever is choosing meanwhile sees them.
  useEffect(() => {
    void load()
  }, [channelId, syncedAt])

  const words = folded(search.value)
    .split(/\s+/)
    .filter((word) => word !== '')
  const found = (cards.value ?? []).filter((card) => {
    const text = folded(`${card.name} ${card.language} ${card.form?.body.text ?? ''}`)
    return words.every((word) => text.includes(word))
  })
  // What can be sent stands first; the others are there, with the reason.
  const sorted = [...found].sort((a, b) => Number(b.sendable) - Number(a.sendable))
  const chosen = found.find((card) => card.id === chosenId.value && card.sendable) ?? null

  return (
    <div class={css.cards}>
      <div class={css.find}>
        <input
          class="input"
          type="search"
          aria-label={t('heroCard.search')}
          placeholder={t('heroCard.search')}
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value
          }}
        />
        <button type="button" class="button small" onClick={() => void sync()}>
          {t('heroCard.sync')}
        </button>
      </div>
      <p class="quiet">
        {syncedAt === null
          ? t('heroCard.neverSynced')
          : t('heroCard.synced', { at: moment(Date.parse(syncedAt), now.value) })}
      </p>
      {cards.value !== null && sorted.length === 0 ? <p class="quiet">{t('heroCard.none')}</p> : null}
      <ul class={css.list} aria-label={t('heroCard.list')}>
        {sorted.map((card) => (
          <li key={card.id}>
            <button
              type="button"
              class={css.card}
              aria-pressed={card.id === chosenId.value}
              disabled={!card.sendable}
              onClick={() => {
                chosenId.value = card.id
              }}
            >
              <strong>{card.name.replaceAll('_', ' ')}</strong> <span class="quiet">{card.language}</span>
              <span class={css.line}>
                {card.reason === null
                  ? (card.form?.body.text ?? '')
                  : told('heroCard.because', card.reason, card.reasonText ?? '')}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      {chosen === null ? null : <Fill key={chosen.id} card={chosen} submit={submit} onSend={onSend} />}
    </div>
  )
}

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** Heading and text count their values each for themselves. */
function labelOf(key: string, name: string, kind: CardField['kind']): string {
  if (kind === 'link') return t('heroCard.link')
  return key.startsWith('header.') ? t('heroCard.headingValue', { name }) : t('heroCard.value', { name })
}

function Fill({ card, submit, onSend }: { card: HeroCard } & Pick<Props, 'submit' | 'onSend'>) {
  const values = useSignal<Readonly<Record<string, string>>>({})
  const problem = useSignal<string | null>(null)
  const busy = useSignal(false)
  const fields = fieldsOf(card)
  const send = async (event: Event) => {
    event.preventDefault()
    if (busy.peek()) return
    busy.value = true
    problem.value = await onSend(chosenCard(card, values.peek()))
    busy.value = false
  }
  return (
    <form class={css.fill} onSubmit={(event) => void send(event)}>
      <div class={css.fields}>
        {fields.map(({ key, label, kind }) => (
          <label key={key} class="field">
            <span>{labelOf(key, label, kind)}</span>
            <input
              class="input"
              type="text"
              inputMode={kind === 'link' ? 'url' : kind === 'number' ? 'decimal' : 'text'}
              required
              dir="auto"
              value={values.value[key] ?? ''}
              onInput={(event) => {
                values.value = { ...values.value, [key]: event.currentTarget.value }
              }}
            />
          </label>
        ))}
      </div>
      <Preview card={card} values={values.value} />
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <button type="submit" class="button primary" disabled={busy.value}>
        {busy.value ? t('heroCard.sending') : submit}
      </button>
    </form>
  )
}

function Preview({ card, values }: { card: HeroCard; values: Readonly<Record<string, string>> }) {
  const { form } = card
  if (form === null) return null
  return (
    <figure class={css.preview} aria-label={t('heroCard.preview')}>
      {form.header === null ? null : form.header.format === 'text' ? (
        <strong dir="auto">{withValues(form.header.text, form.header.variables, 'header', values)}</strong>
      ) : (
        <span class="quiet">{t('heroCard.header', { what: t(`heroCard.${form.header.format}`) })}</span>
      )}
      <div dir="auto">
        <RichText text={withValues(form.body.text, form.body.variables, 'body', values)} />
      </div>
      {form.footer === null ? null : <small class="quiet">{form.footer}</small>}
      {buttonsOf(card).map((text) => (
        <span key={text} class={css.press}>
          {text}
        </span>
      ))}
    </figure>
  )
}
