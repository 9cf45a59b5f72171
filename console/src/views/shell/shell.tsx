// The frame around every view: where one is, whether one is online, whether the page is live, and the keys.
import { useComputed, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { t } from '../../i18n/t.ts'
import { KeyboardIcon, MoonIcon, SunIcon } from '../../parts/icons.tsx'
import { facts, liveState, me, signOut, supervises, theme } from '../../store/app.ts'
import { onKey, onSequence } from './keyboard.ts'
import { Keys } from './keys.tsx'
import { PresenceSwitch } from './presence.tsx'
import css from './shell.module.css'

export function Shell({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation()
  const keys = useSignal(false)
  const user = me.value
  const offered = useComputed(() => facts.sessions.all.value.filter((session) => session.phase === 'queued').length)
  useEffect(
    () =>
      onKey('?', () => {
        keys.value = true
      }),
    [],
  )
  useEffect(
    () => onSequence('g', { s: () => route('/sessions'), c: () => route('/contacts'), h: () => route('/history') }),
    [route],
  )
  if (user === null) return null
  const at = (start: string) => (path.startsWith(start) ? ({ 'aria-current': 'page' } as const) : {})
  return (
    <div class={css.shell}>
      <header class={css.header}>
        <span class={css.brand}>{t('app.name')}</span>
        <nav class={css.nav} aria-label={t('nav.label')}>
          <a href="/sessions" {...(path === '/' ? at('/') : at('/sessions'))}>
            {t('nav.sessions')}
            {offered.value > 0 ? (
              <span class={css.count}>
                <span aria-hidden="true">{offered.value}</span>
                <span class="sr-only">{t('nav.offered', { count: offered.value })}</span>
              </span>
            ) : null}
          </a>
          <a href="/history" {...at('/history')}>
            {t('nav.history')}
          </a>
          <a href="/contacts" {...at('/contacts')}>
            {t('nav.contacts')}
          </a>
          {supervises(user) ? (
            <a href="/blacklist" {...at('/blacklist')}>
              {t('nav.blacklist')}
            </a>
          ) : null}
          {supervises(user) ? (
            <a href="/supervise" {...at('/supervise')}>
              {t('nav.supervise')}
            </a>
          ) : null}
          {user.role === 'administrator' ? (
            <a href="/settings" {...at('/settings')}>
              {t('nav.settings')}
            </a>
          ) : null}
        </nav>
        <div class={css.right}>
          <PresenceSwitch />
          <ThemeSwitch />
          <button
            type="button"
            class={`button bare icon ${css.wide}`}
            aria-label={t('keys.open')}
            title={t('keys.open')}
            onClick={() => {
              keys.value = true
            }}
          >
            <KeyboardIcon />
          </button>
          <span class={`${css.user} ${css.wide}`}>{user.name}</span>
          <button type="button" class="button small" onClick={() => void signOut()}>
            {t('signOut')}
          </button>
        </div>
      </header>
      <LiveBanner />
      {children}
      {keys.value ? (
        <Keys
          onClose={() => {
            keys.value = false
          }}
        />
      ) : null}
    </div>
  )
}

const LiveBanner = () => (
  <div role="status" class={css.banner}>
    {liveState.value === 'offline' ? <p>{t('live.offline')}</p> : null}
  </div>
)

function ThemeSwitch() {
  const dark =
    theme.value === 'dark' || (theme.value === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  const label = dark ? t('theme.toLight') : t('theme.toDark')
  return (
    <button
      type="button"
      class="button bare icon"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = dark ? 'light' : 'dark'
      }}
    >
      {dark ? <SunIcon /> : <MoonIcon />}
    </button>
  )
}
