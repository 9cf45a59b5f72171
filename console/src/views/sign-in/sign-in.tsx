// Sign in. Where one was thrown out in the middle of something, the same page is there again afterwards.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Problem } from '../../api/client.ts'
import { t } from '../../i18n/t.ts'
import { problemText } from '../../parts/problem.ts'
import { signIn } from '../../store/app.ts'
import css from './sign-in.module.css'

export function SignIn() {
  const email = useRef<HTMLInputElement>(null)
  const password = useRef<HTMLInputElement>(null)
  const busy = useSignal(false)
  const error = useSignal<string | null>(null)
  useEffect(() => {
    document.title = t('signIn.title')
    email.current?.focus()
  }, [])

  const submit = async (event: Event) => {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    error.value = null
    try {
      await signIn(email.current?.value.trim() ?? '', password.current?.value ?? '')
    } catch (problem) {
      const wait = problem instanceof Problem ? problem.retryAfter : null
      const wrong = problem instanceof Problem && problem.body.status === 401
      error.value =
        wait !== null ? t('signIn.tooOften', { seconds: wait }) : wrong ? t('signIn.wrong') : problemText(problem)
      password.current?.select()
    } finally {
      busy.value = false
    }
  }

  return (
    <main class={css.page}>
      <form class={css.card} onSubmit={(event) => void submit(event)}>
        <h1>{t('app.name')}</h1>
        <p class="quiet">{t('signIn.lead')}</p>
        <div class="field">
          <label for="email">{t('signIn.email')}</label>
          <input id="email" ref={email} class="input" type="email" autoComplete="username" required />
        </div>
        <div class="field">
          <label for="password">{t('signIn.password')}</label>
          <input id="password" ref={password} class="input" type="password" autoComplete="current-password" required />
        </div>
        <div role="alert">{error.value === null ? null : <p class="note danger">{error.value}</p>}</div>
        <button class="button primary" type="submit" disabled={busy.value}>
          {busy.value ? t('signIn.busy') : t('signIn.submit')}
        </button>
      </form>
    </main>
  )
}
