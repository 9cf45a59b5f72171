// The right pane: how the session came to be as it is, what happens next, or why one message went or did not.
import { t } from '../../i18n/t.ts'
import { CloseIcon } from '../../parts/icons.tsx'
import { About } from './about.tsx'
import { ContactPanel } from './contact.tsx'
import css from './panel.module.css'
import { TemplatesPanel } from './templates.tsx'
import { Timeline } from './timeline.tsx'
import { Why } from './why.tsx'
import { Workflow } from './workflow.tsx'

interface Props {
  readonly id: string
  readonly panel: string
  readonly messageId: string | null
}

const TABS = [
  ['contact', 'panel.contact'],
  ['about', 'panel.about'],
  ['templates', 'panel.templates'],
  ['timeline', 'panel.timeline'],
  ['next', 'panel.next'],
] as const

export const Panel = ({ id, panel, messageId }: Props) => (
  <aside class={css.panel} aria-label={t('panel.label')}>
    <header class={css.head}>
      <nav aria-label={t('panel.tabs')}>
        {TABS.map(([name, label]) => (
          <a
            key={name}
            href={`/sessions/${id}/${name}`}
            {...(panel === name ? { 'aria-current': 'page' as const } : {})}
          >
            {t(label)}
          </a>
        ))}
        {panel === 'why' ? (
          <a href={`/sessions/${id}/why/${messageId ?? ''}`} aria-current="page">
            {t('panel.why')}
          </a>
        ) : null}
      </nav>
      <a class="button bare icon" href={`/sessions/${id}`} aria-label={t('panel.close')}>
        <CloseIcon />
      </a>
    </header>
    <div class={css.body}>
      {panel === 'about' ? <About id={id} /> : null}
      {panel === 'contact' ? <ContactPanel id={id} /> : null}
      {panel === 'templates' ? <TemplatesPanel id={id} /> : null}
      {panel === 'next' ? <Workflow id={id} /> : null}
      {panel === 'why' && messageId !== null ? <Why messageId={messageId} sessionId={id} /> : null}
      {panel === 'timeline' ? <Timeline id={id} /> : null}
    </div>
  </aside>
)
