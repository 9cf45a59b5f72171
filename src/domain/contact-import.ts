// How a row of somebody's table becomes a contact: which column is what, and what its cells hold. A cell may hold several
// values, one a line; numbers and addresses may also stand behind commas or semicolons.
import { unguardedCell } from './csv-cell.ts'
import { fold } from './fold.ts'

/** `ignore`, `id`, `name`, `phone`, `email`, or the key of an own field behind `field:`. */
export type Target = string

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  id: ['id', 'contact id', 'contactid'],
  name: ['name', 'full name', 'contact', 'jmeno', 'jmeno a prijmeni', 'cele jmeno', 'nazev', 'display name'],
  phone: [
    'phone',
    'phones',
    'phone number',
    'mobile',
    'tel',
    'telephone',
    'telefon',
    'telefonni cislo',
    'mobil',
    'whatsapp',
  ],
  email: ['email', 'e-mail', 'e-mails', 'emails', 'mail', 'e-mail address', 'email address', 'emailova adresa'],
}

/** What a column is, by its heading; the second phone column is a phone, too: "Phone 2". */
export function suggestTarget(
  heading: string,
  fields: readonly { readonly key: string; readonly name: string }[],
): Target {
  const asked = fold(heading)
  const field = fields.find((one) => fold(one.name) === asked || one.key === asked)
  if (field !== undefined) return `field:${field.key}`
  const bare = asked.replace(/[\s_-]*\d+$/, '').replace(/_/g, ' ')
  return Object.entries(KNOWN).find(([, names]) => names.includes(bare))?.[0] ?? 'ignore'
}

export interface ReadRow {
  readonly id: string | null
  readonly names: readonly string[]
  readonly phones: readonly string[]
  readonly emails: readonly string[]
  readonly fields: Readonly<Record<string, readonly string[]>>
}

const valuesOf = (cell: string, target: Target): readonly string[] =>
  cell
    .split(target === 'phone' || target === 'email' ? /[\n;,|]/ : /\n/)
    .map((text) => unguardedCell(text.trim()).replace(/\s+/g, ' '))
    .filter((text) => text !== '')

export function readRow(cells: readonly string[], targets: readonly Target[]): ReadRow {
  const of = (target: Target) =>
    targets.flatMap((one, column) => (one === target ? valuesOf(cells[column] ?? '', target) : []))
  const fields: Record<string, readonly string[]> = {}
  for (const target of new Set(targets)) {
    if (target.startsWith('field:')) {
      const values = of(target)
      if (values.length > 0) fields[target.slice('field:'.length)] = values
    }
  }
  return { id: of('id')[0] ?? null, names: of('name'), phones: of('phone'), emails: of('email'), fields }
}

/** The one that the first line has most of outside quotes; a comma where it has none. */
export function delimiterOf(text: string): ',' | ';' | '\t' | '|' {
  const line = (/^[^\n\r]*/.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '')
  const count = (mark: string): number => line.split(mark).length - 1
  const marks = [',', ';', '\t', '|'] as const
  return marks.reduce((best, mark) => (count(mark) > count(best) ? mark : best))
}
