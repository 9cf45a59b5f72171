// Contacts from a file: choose it, say what its columns are, see what would become of each row, then store. Each change of
// the mapping is tried anew; nothing is stored before one says so.
import { useSignal } from '@preact/signals'
import { directory, type ImportMapping } from '../../api/directory.ts'
import type { ContactImport } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { problemText } from '../../parts/problem.ts'
import { contactFields, loadContactFields } from '../../store/directory.ts'
import css from './contacts.module.css'

const OUTCOMES = ['created', 'updated', 'unchanged', 'skipped', 'failed'] as const
const MOST_SHOWN = 100

export function ImportDialog({ onClose, onImported }: { onClose: () => void; onImported: () => void }) {
  const file = useSignal<File | null>(null)
  const mapping = useSignal<ImportMapping>({})
  const tried = useSignal<ContactImport | null>(null)
  const problem = useSignal<string | null>(null)
  const busy = useSignal(false)

  const run = async (dryRun: boolean) => {
    const chosen = file.peek()
    if (chosen === null || busy.peek()) return
    busy.value = true
    const asked = mapping.peek()
    try {
      tried.value = await directory.importFile(chosen, asked, dryRun)
      problem.value = null
      if (!dryRun) onImported()
    } catch (error) {
      problem.value = problemText(error)
    } finally {
      busy.value = false
    }
    // Changed while it was tried.
    if (dryRun && asked !== mapping.peek()) await run(true)
  }
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined) return
    file.value = chosen
    mapping.value = {}
    tried.value = null
    void loadContactFields().catch(() => undefined)
    void run(true)
  }
  const result = tried.value
  const done = result !== null && !result.dryRun
  return (
    <Dialog title={t('import.title')} onClose={onClose}>
      <div class={css.dialog} aria-busy={busy.value}>
        {done ? null : (
          <label class="field">
            <span>{t('import.file')}</span>
            <input
              class="input"
              type="file"
              accept=".csv,text/csv"
              onChange={(event) => choose(event.currentTarget.files?.[0])}
            />
          </label>
        )}
        {file.value === null ? <p class="quiet">{t('import.lead')}</p> : null}
        {problem.value === null ? null : (
          <p class="note danger" role="alert">
            {problem.value}
          </p>
        )}
        {result === null ? null : (
          <>
            {done ? (
              <p class="note ok" role="status">
                {t('import.done')}
              </p>
            ) : (
              <Columns
                result={result}
                mapping={mapping.value}
                onChange={(heading, target) => {
                  mapping.value = { ...mapping.peek(), [heading]: target }
                  void run(true)
                }}
              />
            )}
            <p class={css.counts} role="status">
              {OUTCOMES.map((outcome) => (
                <span key={outcome}>
                  {t(`import.${outcome}`)}: <strong>{result.counts[outcome]}</strong>
                </span>
              ))}
            </p>
            <Reasons result={result} />
            <div class={css.actions}>
              {result.id === null ? (
                <button
                  type="button"
                  class="button primary"
                  disabled={busy.value || result.counts.created + result.counts.updated === 0}
                  onClick={() => void run(false)}
                >
                  {t('import.store')}
                </button>
              ) : (
                <>
                  <a class="button" href={`/api/v1/contacts/imports/${result.id}`} download>
                    {t('import.result')}
                  </a>
                  <button type="button" class="button primary" onClick={onClose}>
                    {t('dialog.close')}
                  </button>
                </>
              )}
            </div>
          </>
        )}
      </div>
    </Dialog>
  )
}

const Columns = ({
  result,
  mapping,
  onChange,
}: {
  result: ContactImport
  mapping: ImportMapping
  onChange: (heading: string, target: string) => void
}) => (
  <table class={css.table}>
    <thead>
      <tr>
        <th scope="col">{t('import.column')}</th>
        <th scope="col">{t('import.means')}</th>
        <th scope="col">{t('import.samples')}</th>
      </tr>
    </thead>
    <tbody>
      {result.columns.map((column, n) => (
        <tr key={`${n} ${column.heading}`}>
          <td>{column.heading}</td>
          <td>
            <select
              class="input"
              aria-label={t('import.columnIs', { heading: column.heading })}
              value={mapping[column.heading] ?? column.target}
              onChange={(event) => onChange(column.heading, event.currentTarget.value)}
            >
              {(['ignore', 'name', 'phone', 'email', 'id'] as const).map((target) => (
                <option key={target} value={target}>
                  {t(`import.target.${target}`)}
                </option>
              ))}
              {contactFields.value
                .filter((field) => !field.archived)
                .map((field) => (
                  <option key={field.id} value={`field:${field.key}`}>
                    {field.name}
                  </option>
                ))}
            </select>
          </td>
          <td class="quiet">{column.samples.filter((sample) => sample !== '').join(', ')}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

function Reasons({ result }: { result: ContactImport }) {
  const rows = result.rows.filter((row) => row.reasons.length > 0).slice(0, MOST_SHOWN)
  if (rows.length === 0) return null
  return (
    <table class={css.table} aria-label={t('import.reasons')}>
      <thead>
        <tr>
          <th scope="col">{t('import.row')}</th>
          <th scope="col">{t('contact.names')}</th>
          <th scope="col">{t('import.reason')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.row}>
            <td>{row.row}</td>
            <td>{row.name}</td>
            <td>{row.reasons.join(' ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
