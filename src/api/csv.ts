// Tables as files for spreadsheets: sent a piece at a time, with nothing in them that a spreadsheet would run.
import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import type { FastifyReply } from 'fastify'
import { guardedCell } from '../domain/csv-cell.ts'

/** Excel takes a file for UTF-8 only with this before it. */
const BOM = '\u{FEFF}'
/** As many characters as a cell of Excel holds, and some for the guard. */
const LONGEST_CELL = 32_000

const written = (rows: readonly (readonly string[])[]): string =>
  stringify(
    rows.map((row) => row.map((cell) => guardedCell(cell.slice(0, LONGEST_CELL)))),
    { record_delimiter: 'windows' },
  )

/** Each line is guarded: some readers make a cell of each. */
export const cellOf = (values: readonly string[]): string => values.map(guardedCell).join('\n')

type Rows = readonly (readonly string[])[]

/** `pages` is read as fast as the file is taken, so that its size costs no memory. The schema of the route wants a text. */
export function sendCsv(
  reply: FastifyReply,
  fileName: string,
  headings: readonly string[],
  pages: AsyncIterable<Rows> | Iterable<Rows>,
): string {
  async function* file(): AsyncGenerator<string> {
    yield BOM + written([headings])
    for await (const rows of pages) if (rows.length > 0) yield written(rows)
  }
  reply.header('content-type', 'text/csv; charset=utf-8')
  reply.header('content-disposition', `attachment; filename="${fileName}"`)
  return reply.send(Readable.from(file())) as unknown as string
}
