// The sheet of keys.
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import css from './shell.module.css'

const KEYS = [
  [['J'], 'keys.next'],
  [['K'], 'keys.previous'],
  [['Enter'], 'keys.enter'],
  [['Shift', 'Enter'], 'keys.newLine'],
  [['↑', '↓'], 'keys.messages'],
  [['R'], 'keys.reply'],
  [['W'], 'keys.why'],
  [['E'], 'keys.end'],
  [['N'], 'keys.newSession'],
  [['#'], 'keys.canned'],
  [['G', 'S'], 'keys.sessions'],
  [['G', 'H'], 'keys.history'],
  [['G', 'C'], 'keys.contacts'],
  [['/'], 'keys.search'],
  [['Esc'], 'keys.escape'],
  [['?'], 'keys.sheet'],
] as const

export const Keys = ({ onClose }: { onClose: () => void }) => (
  <Dialog title={t('keys.title')} onClose={onClose}>
    <dl class={css.keys}>
      {KEYS.map(([keys, what]) => (
        <div key={what}>
          <dt>
            {keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{t(what)}</dd>
        </div>
      ))}
    </dl>
    <p class="quiet">{t('keys.note')}</p>
  </Dialog>
)
