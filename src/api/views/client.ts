// Who a client is, for the views that show one: the client that a joined one has become, with its name and aliases.
import { sql } from 'kysely'
import type { Database, Trx } from '../../db/database.ts'

export interface Person {
  readonly id: string
  readonly name: string | null
  /** E.164 with +. */
  readonly phone: string | null
  readonly bsuid: string | null
  /** Whom of the directory they are, and the name there. */
  readonly contactId: string | null
  readonly contactName: string | null
  readonly contactRev: number | null
}

/** What one calls them: the name in the directory before the one that WhatsApp tells. */
export const nameOfPerson = (person: Person): string | null => person.contactName ?? person.name

/** Meta's ids of phones are digits; anything else is kept as it came, and is no number that could be dialled. */
export const phoneOf = (value: string | null): string | null => {
  if (value === null || !/^\+?\d{5,20}$/.test(value)) return null
  return value.startsWith('+') ? value : `+${value}`
}

/** By the id that was asked for; a client that was joined into another is told as the one it has become. */
export async function loadPeople(
  db: Database | Trx,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, Person>> {
  if (clientIds.length === 0) return new Map()
  const { rows } = await sql<{
    asked: string
    id: string
    name: string | null
    phone: string | null
    bsuid: string | null
    contact_id: string | null
    contact_name: string | null
    contact_rev: number | null
  }>`
    WITH RECURSIVE path AS (
      SELECT c.id AS asked, c.id, c.joined_into, c.name, c.contact_id FROM client c WHERE c.id = ANY (${[...new Set(clientIds)]}::uuid[])
      UNION ALL
      SELECT p.asked, c.id, c.joined_into, c.name, c.contact_id FROM path p JOIN client c ON c.id = p.joined_into
    ) CYCLE id SET looped USING trail
    SELECT p.asked, p.id, p.name, alias.phone, alias.bsuid, p.contact_id, k.name AS contact_name, k.rev AS contact_rev
      FROM path p
      LEFT JOIN contact k ON k.id = p.contact_id
      LEFT JOIN LATERAL (
        SELECT (array_agg(a.value ORDER BY a.valid_from DESC) FILTER (WHERE a.kind = 'phone'))[1] AS phone,
               (array_agg(a.value ORDER BY a.valid_from DESC) FILTER (WHERE a.kind = 'bsuid'))[1] AS bsuid
          FROM client_alias a WHERE a.client_id = p.id
      ) alias ON true
     WHERE p.joined_into IS NULL AND NOT p.looped`.execute(db)
  return new Map(
    rows.map((row) => [
      row.asked,
      {
        id: row.id,
        name: row.name,
        phone: phoneOf(row.phone),
        bsuid: row.bsuid,
        contactId: row.contact_id,
        contactName: row.contact_name,
        contactRev: row.contact_rev,
      },
    ]),
  )
}
