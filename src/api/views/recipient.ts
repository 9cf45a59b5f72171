// What is known of somebody before they are written to: who it is, whether they may be written to freely, and what stands
// against it. Only what one may see of it is told.
import { sql } from 'kysely'
import { z } from 'zod'
import { maySeeClient } from '../../db/queries/clients.ts'
import { maySee, type Rights } from '../../domain/policy.ts'
import { countryOf, readRecipient } from '../../domain/recipient.ts'
import { isOpen } from '../../domain/window.ts'
import { PHASES } from '../../domain/words.ts'
import { banOf, banOfClient } from '../../sessions/bans.ts'
import { howClientStands, ownerOf } from '../../sessions/client-at-start.ts'
import type { Api } from '../context.ts'
import { Problem, refusalProblem } from '../problems.ts'
import { loadPeople } from './client.ts'
import { id, isoOf, time } from './common.ts'

export const recipientSchema = z
  .object({
    phone: z.string().nullable().describe('E.164 with +; null for a WhatsApp id'),
    country: z.string().nullable().describe('ISO 3166, where the number tells it'),
    plausible: z.boolean().describe('False: no operator of that country hands out such numbers, as far as is known'),
    client: z
      .object({ id, name: z.string().nullable(), phone: z.string().nullable(), bsuid: z.string().nullable() })
      .nullable()
      .describe('Whom the number knows by it; null for somebody new, or whom one may not see'),
    contact: z.object({ id, name: z.string().nullable() }).nullable().describe('Who it is in the Contacts Directory'),
    window: z.object({ open: z.boolean(), until: time.nullable() }).describe('Open: free text may be sent at once'),
    session: z
      .object({
        id,
        phase: z.enum(PHASES).nullable(),
        operatorId: id.nullable(),
        operatorName: z.string().nullable(),
        visible: z.boolean().describe('False: one may not open it, nor learn whose it is'),
      })
      .nullable()
      .describe('The session in progress, which stands in the way of another one'),
    ban: z.object({ id, until: time.nullable() }).nullable().describe('The entry on the blacklist'),
  })
  .meta({ id: 'Recipient' })
export type RecipientView = z.infer<typeof recipientSchema>

export async function loadRecipient(
  api: Api,
  rights: Rights,
  asked: { readonly channelId: string; readonly to: string },
): Promise<RecipientView> {
  const { db, clock } = api.ctx
  const channel = await db
    .selectFrom('channel')
    .select(['group_id', 'display_phone_number'])
    .where('id', '=', asked.channelId)
    .executeTakeFirst()
  if (channel === undefined) throw new Problem('not-found')
  if (!rights.groupIds.includes(channel.group_id)) throw new Problem('not-allowed')
  const read = readRecipient(asked.to, countryOf(channel.display_phone_number))
  if (read === null) throw refusalProblem({ code: 'unknown-recipient', of: 'to' })
  const clientId = await ownerOf(db, asked.channelId, read.candidates)
  const stands = await howClientStands(db, asked.channelId, clientId)
  const [person, seen] = await Promise.all([
    clientId === null ? null : loadPeople(db, [clientId]).then((people) => people.get(clientId) ?? null),
    clientId === null ? false : maySeeClient(db, rights, clientId),
  ])
  const at = clock.now()
  const ban = clientId === null ? await banOf(db, read.candidates, at) : await banOfClient(db, clientId, at)
  const { inProgress } = stands
  const visible = inProgress !== null && maySee(rights, inProgress)
  const until = stands.windowUntil
  const client = person === null || !seen ? null : person
  return {
    phone: read.phone,
    country: read.country,
    plausible: read.plausible,
    client: client === null ? null : { id: client.id, name: client.name, phone: client.phone, bsuid: client.bsuid },
    contact: await contactOf(api, person?.contactId ?? null, read.phone),
    window: {
      open: isOpen({ until, messageId: stands.windowMessageId }, clock.now()),
      until: isoOf(until),
    },
    session:
      inProgress === null
        ? null
        : {
            id: inProgress.id,
            phase: visible ? inProgress.phase : null,
            operatorId: visible ? inProgress.operatorId : null,
            operatorName: visible ? await nameOf(api, inProgress.operatorId) : null,
            visible,
          },
    ban: ban === null ? null : { id: ban.id, until: isoOf(ban.until) },
  }
}

/** The contact that the client is linked with, else the one contact that has this number. */
async function contactOf(
  { ctx: { db } }: Api,
  contactId: string | null,
  phone: string | null,
): Promise<RecipientView['contact']> {
  const { rows } = await sql<{ id: string; name: string | null }>`
    SELECT k.id, k.name FROM contact k
     WHERE k.merged_into IS NULL AND k.deleted_at IS NULL
       AND ${
         contactId === null
           ? sql`k.id IN (SELECT v.contact_id FROM contact_value v WHERE v.kind = 'phone' AND v.key = ${phone?.slice(1) ?? null})`
           : sql`k.id = ${contactId}`
       }
     ORDER BY k.id LIMIT 1`.execute(db)
  return rows[0] ?? null
}

async function nameOf({ ctx: { db } }: Api, userId: string | null): Promise<string | null> {
  if (userId === null) return null
  const user = await db.selectFrom('user_account').select('name').where('id', '=', userId).executeTakeFirst()
  return user?.name ?? null
}
