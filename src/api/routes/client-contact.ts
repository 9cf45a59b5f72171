// Whom of the directory a client is: link, disconnect, add as a new contact, and who it might be.
import { z } from 'zod'
import { suggestContacts } from '../../db/queries/contacts.ts'
import { addContactOf, type Linked, linkClient } from '../../directory/links.ts'
import { fold } from '../../domain/fold.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { loadPeople } from '../views/client.ts'
import { contactSchema, suggestionsOf, suggestionsSchema } from '../views/contact.ts'
import { oneContact, readBody, toldBody } from './contacts.ts'

const linkBody = z.strictObject({
  contactId: anId.optional().describe('An existing one; left out, a new contact is added and linked'),
  ...toldBody,
})
/** Without a body: a new contact with what WhatsApp tells. */
const linkBodyOrNone = linkBody.nullish().transform((told): z.infer<typeof linkBody> => told ?? {})
export function clientContactRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  const config = { access: 'client:see' } as const

  const person = async (clientId: string) => {
    const found = (await loadPeople(ctx.db, [clientId])).get(clientId)
    if (found === undefined) throw new Problem('not-found')
    return found
  }

  const contactOf = (linked: Linked): string | null => {
    if (linked.is === 'no-client') throw new Problem('not-found')
    if (linked.is === 'no-contact') throw invalid([{ pointer: '/contactId', detail: 'is no contact' }])
    return linked.contactId
  }

  app.post(
    '/api/v1/clients/:id/contact',
    {
      config,
      schema: {
        tags,
        summary: 'Link the client with a contact, or add them as a new one: prefilled with what WhatsApp tells',
        params: idParams,
        body: linkBodyOrNone,
        response: { 200: contactSchema },
      },
    },
    async (request) => {
      const { contactId, ...told } = request.body
      const { actor } = whoOf(request)
      const { id } = request.params
      if (contactId !== undefined) {
        if (Object.values(told).some((value) => value !== undefined))
          throw invalid([{ pointer: '/contactId', detail: 'stands alone: change the contact by itself' }])
        return oneContact(api, contactOf(await linkClient(ctx, actor, id, contactId)) ?? '')
      }
      const client = await person(id)
      const lists = await readBody(api, {
        names: told.names ?? [told.name ?? client.name].filter((name) => name !== null && name !== undefined),
        phones: told.phones ?? (client.phone === null ? [] : [client.phone]),
        emails: told.emails,
        fields: told.fields,
      })
      return oneContact(api, contactOf(await addContactOf(ctx, actor, id, lists)) ?? '')
    },
  )

  app.delete(
    '/api/v1/clients/:id/contact',
    {
      config,
      schema: {
        tags,
        summary: 'Disconnect the client from the directory; the contact stays',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      contactOf(await linkClient(ctx, whoOf(request).actor, request.params.id, null))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/v1/clients/:id/contact-suggestions',
    {
      config,
      schema: {
        tags,
        summary: 'Contacts that might be this client, the most likely first',
        params: idParams,
        response: { 200: suggestionsSchema },
      },
    },
    async (request) => {
      const client = await person(request.params.id)
      const matches = await suggestContacts(ctx.db, {
        phone: client.phone?.slice(1) ?? null,
        nameKey: client.name === null ? null : fold(client.name),
      })
      return suggestionsOf(
        ctx.db,
        matches.filter((match) => match.contactId !== client.contactId),
      )
    },
  )
}
