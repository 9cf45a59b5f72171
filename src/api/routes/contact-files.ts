// The directory as a table: exported a page at a time, and taken in from a file that is tried first.
import { parse } from 'csv-parse/sync'
import { z } from 'zod'
import { findContacts } from '../../db/queries/contacts.ts'
import { IMPORT_OUTCOMES, type ImportedRow, importContacts } from '../../directory/import.ts'
import { type Field, loadFields } from '../../directory/values.ts'
import { delimiterOf, suggestTarget } from '../../domain/contact-import.ts'
import { newId } from '../../ids.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { cellOf, sendCsv } from '../csv.ts'
import { idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id } from '../views/common.ts'
import { type ContactView, loadContacts } from '../views/contact.ts'

const FILE_BYTES = 10 * 1024 * 1024
const MOST_ROWS = 20_000
const MOST_COLUMNS = 100
/** So many rows are told in the answer, those with a reason first; the file of the result has all of them. */
const MOST_TOLD = 500
const SAMPLES = 3

const importQuery = z.object({
  dryRun: z.enum(['true', 'false']).default('true').describe('What would become of each row; nothing is stored'),
  mapping: z
    .string()
    .max(10_000)
    .optional()
    .describe(
      'JSON, by heading: `id`, `name`, `phone`, `email`, `field:<key>` or `ignore`. What is left out is known by its heading',
    ),
  fileName: line(200).optional(),
})

const importSchema = z
  .object({
    id: id.nullable().describe('Of the import, whose result can be fetched as a file; null for a dry run'),
    dryRun: z.boolean(),
    columns: z.array(z.object({ heading: z.string(), target: z.string(), samples: z.array(z.string()) })),
    counts: z.object({
      created: z.int(),
      updated: z.int(),
      unchanged: z.int(),
      skipped: z.int(),
      failed: z.int(),
    }),
    rows: z
      .array(
        z.object({
          row: z.int().describe('As a spreadsheet counts: the headings are row 1'),
          outcome: z.enum(IMPORT_OUTCOMES),
          contactId: id.nullable(),
          name: z.string().nullable(),
          reasons: z.array(z.string()),
        }),
      )
      .describe(`At most ${MOST_TOLD}, those with a reason first`),
  })
  .meta({ id: 'ContactImport' })

export function contactFileRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  app.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: FILE_BYTES }, (_request, body: Buffer, done) =>
    done(null, body),
  )

  app.get(
    '/api/v1/contacts/export',
    {
      config: { access: 'supervisor' },
      schema: {
        tags,
        summary: 'The directory as CSV, in UTF-8; several values stand in one cell, one a line',
        querystring: z.object({ q: z.string().trim().max(200).optional().describe('As in the list') }),
        response: { 200: z.string().describe('text/csv') },
      },
    },
    async (request, reply) => {
      const fields = (await loadFields(ctx.db)).filter((field) => !field.archived)
      const headings = ['Id', 'Name', 'Phone', 'E-mail', ...fields.map((field) => field.name)]
      return sendCsv(reply, 'contacts.csv', headings, exported(api, fields, request.query.q))
    },
  )

  app.post(
    '/api/v1/contacts/import',
    {
      config: { access: 'administrator' },
      bodyLimit: FILE_BYTES,
      schema: {
        tags,
        summary: 'Take contacts in from CSV (text/csv, UTF-8 or windows-1250): a dry run, unless it is told to store',
        consumes: ['text/csv'],
        querystring: importQuery,
        body: z.unknown().describe('The file: a line of headings, then a row for each contact'),
        response: { 200: importSchema },
      },
    },
    async (request) => {
      const { actor } = whoOf(request)
      const fields = (await loadFields(ctx.db)).filter((field) => !field.archived)
      const [headings = [], ...rows] = table(request.body)
      const targets = targetsOf(headings, request.query.mapping, fields)
      const dryRun = request.query.dryRun === 'true'
      const done = await importContacts(ctx, actor, { rows, targets, headings }, dryRun)
      const columns = headings.map((heading, at) => ({
        heading,
        target: targets[at] ?? 'ignore',
        samples: rows.slice(0, SAMPLES).map((cells) => (cells[at] ?? '').slice(0, 100)),
      }))
      const counts = countsOf(done)
      const told = [...done]
        .sort((a, b) => Number(b.reasons.length > 0) - Number(a.reasons.length > 0))
        .slice(0, MOST_TOLD)
      const answer = { dryRun, columns, counts, rows: told.map((row) => ({ ...row, reasons: [...row.reasons] })) }
      if (dryRun) return { id: null, ...answer }
      const importId = newId()
      await ctx.db
        .insertInto('contact_import')
        .values({
          id: importId,
          at: new Date(ctx.clock.now()),
          by_user: actor.rights.userId,
          file_name: request.query.fileName ?? null,
          mapping: JSON.stringify(targets),
          counts: JSON.stringify(counts),
          report: JSON.stringify(done),
        })
        .execute()
      return { id: importId, ...answer }
    },
  )

  app.get(
    '/api/v1/contacts/imports/:id',
    {
      config: { access: 'administrator' },
      schema: {
        tags,
        summary: 'What became of each row of an import, as CSV',
        params: idParams,
        response: { 200: z.string().describe('text/csv') },
      },
    },
    async (request, reply) => {
      const found = await ctx.db
        .selectFrom('contact_import')
        .select('report')
        .where('id', '=', request.params.id)
        .executeTakeFirst()
      if (found === undefined) throw new Problem('not-found')
      const rows = found.report as unknown as readonly ImportedRow[]
      const lines = rows.map((row) => [
        String(row.row),
        row.outcome,
        row.contactId ?? '',
        row.name ?? '',
        row.reasons.join('\n'),
      ])
      return sendCsv(reply, 'import-result.csv', ['Row', 'Result', 'Contact', 'Name', 'Reason'], [lines])
    },
  )
}

async function* exported(api: Api, fields: readonly Field[], q: string | undefined) {
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof findContacts>> = await findContacts(api.ctx.db, {
      q,
      limit: 500,
      ...(cursor === null ? {} : { cursor }),
    })
    const contacts = await loadContacts(api.ctx.db, page.ids)
    yield contacts.map((contact) => rowOf(contact, fields))
    cursor = page.next
  } while (cursor !== null)
}

const rowOf = (contact: ContactView, fields: readonly Field[]): readonly string[] => [
  contact.id,
  cellOf(contact.names),
  cellOf(contact.phones),
  cellOf(contact.emails),
  ...fields.map((field) => cellOf(contact.fields[field.key] ?? [])),
]

/** Rows of cells; a file that is no table is refused as a whole, with where it breaks. */
function table(body: unknown): readonly (readonly string[])[] {
  if (!Buffer.isBuffer(body)) throw new Problem('unsupported-media-type', { detail: 'Send the file as text/csv.' })
  const text = textOf(body)
  if (text.includes('\0')) throw invalid([{ pointer: '', detail: 'is no text: send a CSV file' }])
  let rows: string[][]
  try {
    rows = parse(text, {
      bom: true,
      delimiter: delimiterOf(text.replace(/^\u{FEFF}/u, '')),
      relax_column_count: true,
      skip_records_with_empty_values: false,
      skip_empty_lines: true,
      trim: true,
    })
  } catch (error) {
    throw invalid([
      { pointer: '', detail: `is no CSV that can be read: ${error instanceof Error ? error.message : ''}` },
    ])
  }
  if (rows.length < 2)
    throw invalid([{ pointer: '', detail: 'has no rows: a line of headings and a row for each contact' }])
  if (rows.length > MOST_ROWS + 1) throw invalid([{ pointer: '', detail: `has more than ${MOST_ROWS} rows: split it` }])
  if ((rows[0]?.length ?? 0) > MOST_COLUMNS)
    throw invalid([{ pointer: '', detail: `has more than ${MOST_COLUMNS} columns` }])
  return rows
}

/** What Excel saves in Central Europe is windows-1250, where it is no UTF-8. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1250').decode(bytes)
  }
}

function targetsOf(
  headings: readonly string[],
  asked: string | undefined,
  fields: readonly Field[],
): readonly string[] {
  const known = new Set(['id', 'name', 'phone', 'email', 'ignore', ...fields.map((field) => `field:${field.key}`)])
  let mapping: Record<string, string> = {}
  if (asked !== undefined) {
    try {
      mapping = z.record(z.string(), z.string()).parse(JSON.parse(asked))
    } catch {
      throw invalid([{ pointer: '/mapping', detail: 'is no JSON object of headings and what they are' }])
    }
  }
  for (const [heading, target] of Object.entries(mapping)) {
    if (!headings.includes(heading))
      throw invalid([{ pointer: '/mapping', detail: `names a column that the file does not have: ${heading}` }])
    if (!known.has(target))
      throw invalid([{ pointer: '/mapping', detail: `is nothing that a column can be: ${target}` }])
  }
  const targets = headings.map((heading) =>
    Object.hasOwn(mapping, heading) ? (mapping[heading] ?? 'ignore') : suggestTarget(heading, fields),
  )
  return targets
}

function countsOf(rows: readonly ImportedRow[]) {
  const counts = { created: 0, updated: 0, unchanged: 0, skipped: 0, failed: 0 }
  for (const row of rows) counts[row.outcome]++
  return counts
}
