// Canned texts as one may see them, and one of them filled in for a session.
import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../db/database.ts'
import { factsOfSession } from '../../db/queries/access.ts'
import { CANNED_SCOPES, type CannedOwner, mayEditCanned, maySeeCanned } from '../../domain/canned.ts'
import { fold } from '../../domain/fold.ts'
import { missingOf, partsOf, textOf } from '../../domain/placeholders.ts'
import { maySee, type Rights } from '../../domain/policy.ts'
import { Problem } from '../problems.ts'
import { loadPeople, nameOfPerson } from './client.ts'
import { id, iso, time } from './common.ts'
import { loadContacts } from './contact.ts'

export const variantSchema = z.object({ language: z.string(), text: z.string() })

export const cannedTextSchema = z
  .object({
    id,
    scope: z.enum(CANNED_SCOPES),
    groupId: id.nullable(),
    groupName: z.string().nullable(),
    folder: z.object({ id, name: z.string() }).nullable(),
    name: z.string(),
    shortcut: z.string().nullable().describe('Without the #'),
    text: z.string().describe('The first of its languages'),
    variants: z.array(variantSchema).describe('One for each language'),
    mayEdit: z.boolean(),
    updatedAt: time,
  })
  .meta({ id: 'CannedText' })
export type CannedTextView = z.infer<typeof cannedTextSchema>

interface Row {
  id: string
  group_id: string | null
  group_name: string | null
  user_id: string | null
  folder_id: string | null
  folder_name: string | null
  folder_groups: string[] | null
  name: string
  shortcut: string | null
  search_key: string
  updated_at: Date
  variants: { language: string; text: string }[]
}

const ownerOf = (row: { group_id: string | null; user_id: string | null }): CannedOwner => ({
  scope: row.user_id !== null ? 'own' : row.group_id !== null ? 'group' : 'company',
  groupId: row.group_id,
  userId: row.user_id,
})

export interface CannedFilter {
  readonly q?: string | undefined
  readonly scope?: CannedOwner['scope'] | undefined
}

/** Read whole, as all one's lists of a few hundred are. Those whose shortcut begins like the search come first. */
export async function loadCannedTexts(db: Database, rights: Rights, filter: CannedFilter): Promise<CannedTextView[]> {
  const { rows } = await sql<Row>`
    SELECT t.id, t.group_id, g.name AS group_name, t.user_id, t.folder_id, f.name AS folder_name,
           f.group_ids::text[] AS folder_groups, t.name, t.shortcut, t.search_key, t.updated_at,
           (SELECT json_agg(json_build_object('language', v.language, 'text', v.text) ORDER BY v.position)
              FROM canned_text_variant v WHERE v.text_id = t.id) AS variants
      FROM canned_text t LEFT JOIN group_ g ON g.id = t.group_id LEFT JOIN canned_folder f ON f.id = t.folder_id
     WHERE t.user_id IS NULL OR t.user_id = ${rights.userId}`.execute(db)
  const words = fold((filter.q ?? '').replace(/^#/, ''))
    .split(' ')
    .filter((word) => word !== '')
  const start = words[0] ?? ''
  const rank = (row: Row): number => (start !== '' && fold(row.shortcut ?? '').startsWith(start) ? 0 : 1)
  return rows
    .filter((row) => maySeeCanned(rights, ownerOf(row), row.folder_groups ?? []))
    .filter((row) => filter.scope === undefined || ownerOf(row).scope === filter.scope)
    .filter((row) => words.every((word) => row.search_key.includes(word)))
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (fold(a.name) < fold(b.name) ? -1 : fold(a.name) > fold(b.name) ? 1 : 0) ||
        (a.id < b.id ? -1 : 1),
    )
    .map((row) => viewOf(row, rights))
}

function viewOf(row: Row, rights: Rights): CannedTextView {
  const owner = ownerOf(row)
  return {
    id: row.id,
    scope: owner.scope,
    groupId: row.group_id,
    groupName: row.group_name,
    folder: row.folder_id === null ? null : { id: row.folder_id, name: row.folder_name ?? '' },
    name: row.name,
    shortcut: row.shortcut,
    text: row.variants[0]?.text ?? '',
    variants: row.variants,
    mayEdit: mayEditCanned(rights, owner),
    updatedAt: iso(row.updated_at),
  }
}

export async function oneCannedText(db: Database, rights: Rights, textId: string): Promise<CannedTextView> {
  const found = (await loadCannedTexts(db, rights, {})).find((one) => one.id === textId)
  if (found === undefined) throw new Problem('not-found')
  return found
}

export const filledSchema = z
  .object({
    language: z.string(),
    text: z.string().describe('What is missing stands as it was written'),
    parts: z.array(
      z.object({
        placeholder: z.string().nullable().describe('Null in plain text'),
        text: z.string().nullable().describe('Null where it has to be asked for'),
      }),
    ),
    missing: z.array(z.string()).describe('What to ask for, each once'),
  })
  .meta({ id: 'FilledText' })

/** In the language that was asked for, where there is one. */
export async function fillCannedText(
  db: Database,
  rights: Rights,
  canned: CannedTextView,
  asked: { readonly sessionId: string | null; readonly language: string | null },
): Promise<z.infer<typeof filledSchema>> {
  const variant = canned.variants.find(({ language }) => language === asked.language) ?? canned.variants[0]
  if (variant === undefined) throw new Problem('not-found')
  const parts = partsOf(variant.text, await factsFor(db, rights, asked.sessionId))
  return { language: variant.language, text: textOf(parts), parts: [...parts], missing: [...missingOf(parts)] }
}

/** What placeholders may name: client, contact, session and whoever writes. */
export const PLACEHOLDERS = [
  'client.name',
  'client.phone',
  'contact.name',
  'contact.phone',
  'contact.email',
  'operator.name',
  'operator.email',
  'session.number',
  'session.channel',
  'session.group',
] as const

async function factsFor(
  db: Database,
  rights: Rights,
  sessionId: string | null,
): Promise<Readonly<Record<string, string | null>>> {
  const operator = await db
    .selectFrom('user_account')
    .select(['name', 'email'])
    .where('id', '=', rights.userId)
    .executeTakeFirst()
  const known: Record<string, string | null> = {
    'operator.name': operator?.name ?? null,
    'operator.email': operator?.email ?? null,
  }
  if (sessionId === null) return known
  const access = await factsOfSession(db, sessionId)
  if (access === null || !maySee(rights, access)) throw new Problem('not-found')
  const session = await db
    .selectFrom('session as s')
    .innerJoin('channel as ch', 'ch.id', 's.channel_id')
    .leftJoin('group_ as g', 'g.id', 's.group_id')
    .select(['s.client_id', 'ch.name as channel', 'ch.display_phone_number', 'g.name as group'])
    .where('s.id', '=', sessionId)
    .executeTakeFirstOrThrow()
  const person = (await loadPeople(db, [session.client_id])).get(session.client_id)
  const [contact] = person?.contactId == null ? [] : await loadContacts(db, [person.contactId])
  Object.assign(known, {
    'client.name': person === undefined ? null : nameOfPerson(person),
    'client.phone': person?.phone ?? null,
    'contact.name': contact?.name ?? null,
    'contact.phone': contact?.phones[0] ?? null,
    'contact.email': contact?.emails[0] ?? null,
    'session.number': session.display_phone_number,
    'session.channel': session.channel,
    'session.group': session.group,
  })
  for (const [key, values] of Object.entries(contact?.fields ?? {})) known[`contact.${key}`] = values[0] ?? null
  return known
}
