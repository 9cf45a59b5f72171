// A table of sessions: its headings, named in the catalogue, above the rows that are given.
import type { ComponentChildren } from 'preact'
import type { PlainKey } from '../i18n/catalogue.ts'
import { t } from '../i18n/t.ts'
import css from './session-table.module.css'

interface Props<Column extends string> {
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}

export const SessionTable = <Column extends string>({
  columns,
  children,
}: Props<`column.${Column}` extends PlainKey ? Column : never>) => (
  <table class={css.table}>
    <thead>
      <tr>
        {columns.map((column) => (
          <th key={column} scope="col" data-column={column}>
            {t(`column.${column}` as PlainKey)}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>{children}</tbody>
  </table>
)
