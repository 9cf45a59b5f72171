// A table of contacts is taken in: planned as a whole first, so that a dry run says exactly what a run would do, then
// carried out some rows at a time. A row is stored whole or not at all, and each says what became of it.
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { type ContactValue, keyOf } from '../domain/contact.ts'
import { type ReadRow, readRow, type Target } from '../domain/contact-import.ts'
import { isId, newId } from '../ids.ts'
import type { Actor } from '../sessions/actor.ts'
import { type Ctx, transact } from '../sessions/context.ts'
import { insertContact } from './contacts.ts'
import { homeCountry } from './phone.ts'
import { addValues, loadValues, lockContacts, recordChange, settleContact } from './store.ts'
import { type Field, loadFields, readTold, valuesOf } from './values.ts'

export const IMPORT_OUTCOMES = ['created', 'updated', 'unchanged', 'skipped', 'failed'] as const
export type ImportOutcome = (typeof IMPORT_OUTCOMES)[number]

export interface ImportedRow {
  /** As a person counts: the headings are row 1. */
  readonly row: number
  readonly outcome: ImportOutcome
  readonly contactId: string | null
  readonly name: string | null
  readonly reasons: readonly string[]
}

export interface ImportAsked {
  readonly rows: readonly (readonly string[])[]
  readonly targets: readonly Target[]
  readonly headings: readonly string[]
}

interface Planned {
  row: number
  outcome: ImportOutcome
  contactId: string | null
  name: string | null
  reasons: string[]
  /** What is to be added. */
  values: readonly ContactValue[]
}

const BATCH = 100
const word = (value: ContactValue): string => `${value.kind} ${value.fieldId} ${keyOf(value)}`

export async function importContacts(
  ctx: Ctx,
  by: Actor,
  asked: ImportAsked,
  dryRun: boolean,
): Promise<readonly ImportedRow[]> {
  const planned = await plan(ctx.db, asked)
  if (!dryRun) {
    const work = planned.filter((row) => row.outcome === 'created' || row.outcome === 'updated')
    for (let at = 0; at < work.length; at += BATCH) await carryOut(ctx, by, work.slice(at, at + BATCH))
  }
  return planned.map(({ values: _values, ...row }) =>
    dryRun && row.outcome === 'created' ? { ...row, contactId: null } : row,
  )
}

async function plan(db: Database, asked: ImportAsked): Promise<Planned[]> {
  const [fields, country] = await Promise.all([loadFields(db), homeCountry(db)])
  const read = asked.rows.map((cells) => {
    const row = readRow(cells, asked.targets)
    const { lists, mistakes } = readTold(row, fields, country)
    return { row, values: valuesOf(lists), mistakes: mistakes.map((mistake) => reasonOf(mistake, row, fields)) }
  })
  const known = await loadKnown(db, read)
  const planned: Planned[] = []
  read.forEach(({ row, values, mistakes }, n) => {
    const told = { row: n + 2, name: row.names[0] ?? null, reasons: mistakes, values: [] }
    const blank = values.length === 0 && mistakes.length === 0
    if (mistakes.length > 0 || blank) {
      const outcome = blank ? 'skipped' : 'failed'
      planned.push({ ...told, outcome, contactId: null, reasons: blank ? ['The row is empty.'] : mistakes })
      return
    }
    const matches = known.match(row, values)
    if (matches === 'unknown-id')
      planned.push({ ...told, outcome: 'failed', contactId: null, reasons: ['No contact has this id.'] })
    else if (matches.length > 1)
      planned.push({
        ...told,
        outcome: 'failed',
        contactId: null,
        reasons: ['Several contacts have this number or e-mail address; merge them first.'],
      })
    else {
      const contactId = matches[0] ?? newId()
      const added = known.add(contactId, values)
      const outcome = matches.length === 0 ? 'created' : added.length === 0 ? 'unchanged' : 'updated'
      planned.push({ ...told, outcome, contactId, values: added })
    }
  })
  return planned
}

function reasonOf(mistake: { pointer: string; detail: string }, row: ReadRow, fields: readonly Field[]): string {
  const [, list = '', at = '', inField = ''] = mistake.pointer.split('/')
  const field = fields.find((one) => one.key === at)
  const value =
    list === 'fields'
      ? row.fields[at]?.[Number(inField)]
      : (row as unknown as Record<string, readonly string[]>)[list]?.[Number(at)]
  const what =
    list === 'phones' ? 'Phone' : list === 'emails' ? 'E-mail' : list === 'names' ? 'Name' : (field?.name ?? at)
  return `${what}${value === undefined ? '' : ` “${value}”`} ${mistake.detail}.`
}

/** Contacts by what identifies them, those in the directory and those that rows above will have made. */
async function loadKnown(
  db: Database,
  read: readonly { readonly row: ReadRow; readonly values: readonly ContactValue[] }[],
) {
  const identifying = (values: readonly ContactValue[], kind: 'phone' | 'email') =>
    values.filter((value) => value.kind === kind).map((value) => `${kind} ${keyOf(value)}`)
  const keys = new Set(read.flatMap(({ values }) => [...identifying(values, 'phone'), ...identifying(values, 'email')]))
  const ids = read.flatMap(({ row }) => (row.id !== null && isId(row.id) ? [row.id] : []))
  const { rows } = await sql<{ contact_id: string; kind: string; key: string }>`
    SELECT v.contact_id, v.kind, v.key FROM contact_value v JOIN contact c ON c.id = v.contact_id
     WHERE c.merged_into IS NULL AND c.deleted_at IS NULL AND v.kind IN ('phone', 'email')
       AND v.key = ANY (${[...keys].map((key) => key.slice(key.indexOf(' ') + 1))}::text[])`.execute(db)
  const { rows: there } = await sql<{ id: string }>`
    SELECT id FROM contact WHERE id = ANY (${ids}::uuid[]) AND merged_into IS NULL AND deleted_at IS NULL`.execute(db)
  const owners = new Map<string, Set<string>>()
  const own = (key: string, contactId: string) => {
    const set = owners.get(key) ?? new Set()
    set.add(contactId)
    owners.set(key, set)
  }
  for (const row of rows) own(`${row.kind} ${row.key}`, row.contact_id)
  const matched = [...new Set([...rows.map((row) => row.contact_id), ...there.map((row) => row.id)])]
  const { rows: values } = await sql<ContactValue & { contactId: string }>`
    SELECT contact_id AS "contactId", kind, field_id AS "fieldId", value FROM contact_value
     WHERE contact_id = ANY (${matched}::uuid[])`.execute(db)
  const has = new Map<string, Set<string>>(matched.map((id) => [id, new Set()]))
  for (const value of values) has.get(value.contactId)?.add(word(value))

  return {
    match(row: ReadRow, given: readonly ContactValue[]): readonly string[] | 'unknown-id' {
      if (row.id !== null)
        return there.some((one) => one.id === row.id?.toLowerCase()) ? [row.id.toLowerCase()] : 'unknown-id'
      for (const kind of ['phone', 'email'] as const) {
        const found = new Set(identifying(given, kind).flatMap((key) => [...(owners.get(key) ?? [])]))
        if (found.size > 0) return [...found]
      }
      return []
    },
    /** The values that the contact does not have yet; from here on it has them. */
    add(contactId: string, given: readonly ContactValue[]): readonly ContactValue[] {
      const known = has.get(contactId) ?? new Set()
      const added = given.filter((value) => !known.has(word(value)))
      for (const value of added) known.add(word(value))
      has.set(contactId, known)
      for (const kind of ['phone', 'email'] as const) for (const key of identifying(given, kind)) own(key, contactId)
      return added
    },
  }
}

async function carryOut(ctx: Ctx, by: Actor, rows: readonly Planned[]): Promise<void> {
  try {
    await store(ctx, by, rows)
  } catch {
    // One of them cannot be stored: which one, and all the others for themselves.
    for (const row of rows) {
      try {
        await store(ctx, by, [row])
      } catch {
        Object.assign(row, { outcome: 'failed', contactId: null, reasons: ['The row could not be stored.'] })
      }
    }
  }
}

function store(ctx: Ctx, by: Actor, rows: readonly Planned[]): Promise<void> {
  return transact(ctx, async (trx, after) => {
    const at = ctx.clock.now()
    const gone: Planned[] = []
    for (const row of rows) {
      const { contactId, values } = row
      if (contactId === null) continue
      if (row.outcome === 'created') {
        await insertContact(trx, by, values, at, { id: contactId, kind: 'imported' })
        continue
      }
      const contact = (await lockContacts(trx, [contactId])).get(contactId)
      if (contact === undefined) {
        gone.push(row)
        continue
      }
      const position = Math.max(-1, ...(await loadValues(trx, contact.id)).map((value) => value.position)) + 1
      await addValues(
        trx,
        contact.id,
        values.map((value) => ({ ...value, key: keyOf(value) })),
        { position },
      )
      const added = values.map((value) => ({ kind: value.kind, fieldId: value.fieldId, value: value.value }))
      await recordChange(trx, contact.id, 'imported', by, at, { added })
      await settleContact(trx, after, contact, by, at, { change: 'imported' })
    }
    for (const row of gone)
      Object.assign(row, { outcome: 'failed', contactId: null, reasons: ['The contact was removed meanwhile.'] })
  })
}
