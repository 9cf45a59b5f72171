// What a decision rested on, field by field, for whoever wants to know exactly.
import { t } from '../../i18n/t.ts'
import { told } from '../../parts/problem.ts'
import { facts } from '../../store/app.ts'
import { resultName } from '../../store/results.ts'
import { tagName } from '../../store/tags.ts'
import css from './panel.module.css'
import { valueInWords } from './sentences.ts'

export function Evidence({ evidence }: { evidence: Readonly<Record<string, unknown>> }) {
  const fields = flat(evidence, [])
  if (fields.length === 0) return null
  return (
    <details class={css.evidence}>
      <summary>{t('evidence.summary')}</summary>
      <dl>
        {fields.map(([path, value]) => (
          <div key={path.join('.')}>
            <dt>{path.map((name) => told('evidence', name, name)).join(' · ')}</dt>
            <dd>{valueText(path.at(-1) ?? '', value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function valueText(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map((one) => valueText(name, one)).join(', ')
  if (typeof value === 'string' && ID.test(value)) {
    return facts.names.peek(value) ?? resultName(value) ?? tagName(value) ?? value
  }
  return valueInWords(name, value)
}

type Field = readonly [path: readonly string[], value: unknown]

const flat = (value: Readonly<Record<string, unknown>>, path: readonly string[]): readonly Field[] =>
  Object.entries(value).flatMap(([name, one]): readonly Field[] =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? flat(one as Readonly<Record<string, unknown>>, [...path, name])
      : one === null
        ? []
        : [[[...path, name], one]],
  )
