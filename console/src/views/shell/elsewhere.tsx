// An address that leads nowhere says so.
import { t } from '../../i18n/t.ts'
import css from './shell.module.css'

export const Elsewhere = () => (
  <main class={css.elsewhere}>
    <h1>{t('elsewhere.title')}</h1>
    <p class="quiet">{t('elsewhere.lead')}</p>
    <a class="button" href="/sessions">
      {t('elsewhere.back')}
    </a>
  </main>
)
