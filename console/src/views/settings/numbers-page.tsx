// The company's numbers: which are connected, what Meta says of each when asked, a new access token in place of the old one,
// and one more.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api } from '../../api/api.ts'
import { type ChannelBody, type Checked, setUp } from '../../api/settings.ts'
import type { Channel, Group } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { formProblem } from '../../parts/problem.ts'
import css from '../outcome/outcome.module.css'
import { Room } from '../outcome/room.tsx'

const NEW: ChannelBody = { name: '', phoneNumberId: '', wabaId: '', token: '', groupId: '' }
const FIELDS = ['name', 'phoneNumberId', 'wabaId', 'token'] as const

export function NumbersPage() {
  const channels = useSignal<readonly Channel[] | null>(null)
  const groups = useSignal<readonly Group[]>([])
  const checked = useSignal<ReadonlyMap<string, Checked>>(new Map())
  const adding = useSignal<ChannelBody>(NEW)
  const problem = useSignal<string | null>(null)
  const run = async (what: () => Promise<unknown>) => {
    try {
      await what()
      const [numbers, all] = await Promise.all([api.channels(), api.groups()])
      channels.value = numbers.items
      groups.value = all.items
      problem.value = null
    } catch (error) {
      problem.value = formProblem(error, 'numbers')
    }
  }
  useEffect(() => void run(async () => undefined), [])
  const check = (id: string) =>
    run(async () => {
      checked.value = new Map([...checked.peek(), [id, await setUp.check(id)]])
    })
  const groupName = (id: string) => groups.value.find((group) => group.id === id)?.name ?? ''
  return (
    <Room at="/settings/numbers">
      <p class="quiet">{t('numbers.lead')}</p>
      <div role="alert">{problem.value === null ? null : <p class="note danger">{problem.value}</p>}</div>
      <ul class={css.list} aria-label={t('numbers.page')} aria-busy={channels.value === null}>
        {channels.value?.map((channel) => (
          <li key={channel.id}>
            <span class={css.main}>
              <strong>
                {channel.name} {channel.displayPhoneNumber}
              </strong>
              <span class="quiet">
                {channel.phoneNumberId} · {groupName(channel.groupId)} · {t(`numbers.state.${channel.state}`)}
              </span>
              {channel.stateReason === null ? null : (
                <span class="note danger">
                  {channel.stateReason.title}. {channel.stateReason.advice}
                </span>
              )}
              <CheckedLine checked={checked.value.get(channel.id)} />
            </span>
            <span class={css.actions}>
              <TokenForm
                channel={channel}
                onSubmit={(token) => run(() => setUp.changeChannel(channel.id, { token }))}
              />
              <button
                type="button"
                class="button small"
                aria-label={t('numbers.checkOne', { name: channel.name })}
                onClick={() => void check(channel.id)}
              >
                {t('numbers.check')}
              </button>
            </span>
          </li>
        ))}
      </ul>
      <form
        class={css.form}
        aria-label={t('numbers.add')}
        onSubmit={(event) => {
          event.preventDefault()
          void run(async () => {
            await setUp.addChannel(adding.peek())
            adding.value = NEW
          })
        }}
      >
        <h2>{t('numbers.add')}</h2>
        {FIELDS.map((field) => (
          <label key={field} class="field">
            <span>{t(`numbers.${field}`)}</span>
            <input
              class="input"
              required
              autoComplete="off"
              {...(field === 'token' ? { type: 'password' as const } : { type: 'text' as const })}
              value={adding.value[field]}
              onInput={(event) => {
                adding.value = { ...adding.peek(), [field]: event.currentTarget.value }
              }}
            />
          </label>
        ))}
        <label class="field">
          <span>{t('numbers.group')}</span>
          <select
            class="input"
            required
            value={adding.value.groupId}
            onChange={(event) => {
              adding.value = { ...adding.peek(), groupId: event.currentTarget.value }
            }}
          >
            <option value="" />
            {groups.value.map((group) => (
              <option key={group.id} value={group.id}>
                {group.name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="button primary">
          {t('numbers.addNow')}
        </button>
      </form>
    </Room>
  )
}

function CheckedLine({ checked }: { checked: Checked | undefined }) {
  if (checked === undefined) return null
  return (
    <>
      {checked.ok ? (
        <span class="note ok">{t('numbers.works')}</span>
      ) : (
        <span class="note danger">
          {checked.title}. {checked.advice}
        </span>
      )}
      <ul aria-label={t('numbers.lines')}>
        {checked.lines.map((line) => (
          <li key={line.name} data-holds={line.holds}>
            <strong>{t(`numbers.line.${line.name}`)}</strong>: {t(`numbers.holds.${line.holds}`)}. {line.detail}{' '}
            {line.advice}
          </li>
        ))}
      </ul>
    </>
  )
}

function TokenForm({ channel, onSubmit }: { channel: Channel; onSubmit: (token: string) => Promise<void> }) {
  const token = useSignal('')
  return (
    <form
      class={css.line}
      onSubmit={async (event) => {
        event.preventDefault()
        await onSubmit(token.peek())
        token.value = ''
      }}
    >
      <input
        class="input"
        type="password"
        autoComplete="off"
        required
        aria-label={t('numbers.newToken', { name: channel.name })}
        placeholder={t('numbers.newTokenShort')}
        value={token.value}
        onInput={(event) => {
          token.value = event.currentTarget.value
        }}
      />
      <button type="submit" class="button small" disabled={token.value === ''}>
        {t('numbers.replace')}
      </button>
    </form>
  )
}
