// The Contacts Directory: search, read and change its contacts, merge two that are one person, and undo that.
import { z } from 'zod'
import { findContacts, findDuplicates } from '../../db/queries/contacts.ts'
import { changeContact, createContact, removeContact } from '../../directory/contacts.ts'
import { mergeContacts, undoMerge } from '../../directory/merge.ts'
import { homeCountry } from '../../directory/phone.ts'
import { loadFields, readTold, type Told, type ValueList } from '../../directory/values.ts'
import { type Api, type App, whoOf } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { listOf, page, pageOf, pageQuery } from '../views/common.ts'
import {
  becameContact,
  type ContactView,
  contactChangeSchema,
  contactMergeSchema,
  contactSchema,
  linkedClientSchema,
  loadChanges,
  loadContacts,
  loadMerges,
  suggestionsOf,
  suggestionsSchema,
} from '../views/contact.ts'
import { sessionSchema } from '../views/session.ts'
import { listSessions, sessionsQuery } from '../views/session-list.ts'

const values = z.array(line(500)).max(100)
export const toldBody = {
  name: line(500).optional().describe('Short for `names` with this one'),
  names: values.optional().describe('The first is what lists and sessions show'),
  phones: values.optional().describe('In any common notation; without a country one of the company’s own'),
  emails: values.optional(),
  fields: z.record(z.string(), values).optional().describe('By the key of an own field'),
}
const newBody = z.strictObject(toldBody)
const patchBody = z.strictObject({
  ...toldBody,
  rev: z.int().optional().describe('Only where the contact is still as it was at this `rev`'),
})
const mergeBody = z.strictObject({ contactId: anId.describe('Merged into the one that the path names') })
const undoBody = z.strictObject({ mergeId: anId })

const contactsQuery = z.object({
  q: z
    .string()
    .trim()
    .max(200)
    .optional()
    .describe(
      'Parts of names, addresses, own fields or numbers; without accents, in any notation, one letter may be wrong',
    ),
  ...pageQuery,
})

/** What a body says of a contact, or the refusal that names what cannot be kept. */
export async function readBody(
  api: Api,
  { name, ...told }: Told & { name?: string | undefined },
): Promise<readonly ValueList[]> {
  const { db } = api.ctx
  const [fields, country] = await Promise.all([loadFields(db), homeCountry(db)])
  const names = told.names ?? (name === undefined ? undefined : [name])
  const { lists, mistakes } = readTold({ ...told, names }, fields, country)
  if (mistakes.length > 0) throw invalid(mistakes)
  return lists
}

export async function oneContact(api: Api, contactId: string): Promise<ContactView> {
  const id = await becameContact(api.ctx.db, contactId)
  const [contact] = id === undefined ? [] : await loadContacts(api.ctx.db, [id])
  if (contact === undefined) throw new Problem('not-found')
  return contact
}

/** The directory is the whole company's; what its people said is their sessions', as groups allow. */
export function contactRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['directory']
  const read = { access: 'signed-in' } as const
  const administer = { access: 'administrator' } as const
  const by = (request: Parameters<typeof whoOf>[0]) => whoOf(request).actor

  app.get(
    '/api/v1/contacts',
    {
      config: read,
      schema: {
        tags,
        summary: 'Contacts by name; with `q` those that a search finds, nearly matching ones last',
        querystring: contactsQuery,
        response: { 200: listOf(contactSchema) },
      },
    },
    async (request) => {
      const { ids, next } = await findContacts(ctx.db, request.query)
      return { items: await loadContacts(ctx.db, ids), next }
    },
  )

  app.post(
    '/api/v1/contacts',
    { config: read, schema: { tags, summary: 'Add a contact', body: newBody, response: { 201: contactSchema } } },
    async (request, reply) => {
      const lists = await readBody(api, request.body)
      if (lists.every((list) => list.values.length === 0))
        throw invalid([{ pointer: '', detail: 'must have a name, a phone number, an e-mail address or a field' }])
      const contactId = await createContact(ctx, by(request), lists)
      return reply.code(201).send(await oneContact(api, contactId))
    },
  )

  app.get(
    '/api/v1/contacts/:id',
    { config: read, schema: { tags, summary: 'A contact', params: idParams, response: { 200: contactSchema } } },
    (request) => oneContact(api, request.params.id),
  )

  app.patch(
    '/api/v1/contacts/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'Change a contact: each list that is told replaces the whole list',
        params: idParams,
        body: patchBody,
        response: { 200: contactSchema },
      },
    },
    async (request) => {
      const { rev = null, name, ...told } = request.body
      const before = await oneContact(api, request.params.id)
      // The name alone is the first of several: the others stay.
      const names = told.names ?? (name === undefined ? undefined : [name, ...before.names.slice(1)])
      const lists = await readBody(api, { ...told, names })
      const changed = await changeContact(ctx, by(request), request.params.id, lists, rev)
      if (changed === 'not-found') throw new Problem('not-found')
      if (changed !== 'changed')
        throw invalid([
          { pointer: '/rev', detail: `is old: somebody changed this contact meanwhile (${changed.newer})` },
        ])
      return oneContact(api, request.params.id)
    },
  )

  app.delete(
    '/api/v1/contacts/:id',
    {
      config: administer,
      schema: {
        tags,
        summary: 'Remove a contact for good; its clients and their sessions stay',
        params: idParams,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      if (!(await removeContact(ctx, by(request), request.params.id))) throw new Problem('not-found')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/v1/contacts/:id/merge',
    {
      config: administer,
      schema: {
        tags,
        summary: 'Merge another contact into this one; where messages go changes for nobody',
        params: idParams,
        body: mergeBody,
        response: { 200: contactSchema },
      },
    },
    async (request) => {
      const merged = await mergeContacts(ctx, by(request), request.params.id, request.body.contactId)
      if (merged.is === 'not-found') throw new Problem('not-found')
      if (merged.is === 'other-not-found') throw invalid([{ pointer: '/contactId', detail: 'is no contact' }])
      if (merged.is === 'same') throw invalid([{ pointer: '/contactId', detail: 'is this contact already' }])
      return oneContact(api, merged.contactId)
    },
  )

  app.get(
    '/api/v1/contacts/:id/merges',
    {
      config: read,
      schema: {
        tags,
        summary: 'What was merged into this contact and can be undone, newest first',
        params: idParams,
        querystring: page,
        response: { 200: listOf(contactMergeSchema) },
      },
    },
    async (request) => {
      const { id } = await oneContact(api, request.params.id)
      return pageOf(await loadMerges(ctx.db, id), request.query)
    },
  )

  app.get(
    '/api/v1/contacts/:id/duplicates',
    {
      config: read,
      schema: {
        tags,
        summary: 'Contacts that might be the same person: with a number, an address or a name of this one',
        params: idParams,
        response: { 200: suggestionsSchema },
      },
    },
    async (request) => {
      const { id } = await oneContact(api, request.params.id)
      return suggestionsOf(ctx.db, await findDuplicates(ctx.db, id))
    },
  )

  app.post(
    '/api/v1/contacts/:id/undo-merge',
    {
      config: administer,
      schema: {
        tags,
        summary: 'Undo a merge; the answer is the contact that is back',
        params: idParams,
        body: undoBody,
        response: { 200: contactSchema },
      },
    },
    async (request) => {
      const undone = await undoMerge(ctx, by(request), request.params.id, request.body.mergeId)
      if (undone.is === 'not-found') throw new Problem('not-found')
      return oneContact(api, undone.contactId)
    },
  )

  app.get(
    '/api/v1/contacts/:id/changes',
    {
      config: read,
      schema: {
        tags,
        summary: 'Who changed what of this contact, newest first',
        params: idParams,
        querystring: page,
        response: { 200: listOf(contactChangeSchema) },
      },
    },
    async (request) => {
      const { id } = await oneContact(api, request.params.id)
      return loadChanges(ctx.db, id, request.query)
    },
  )

  app.get(
    '/api/v1/contacts/:id/clients',
    {
      config: read,
      schema: {
        tags,
        summary: 'Its clients, one for each number that it writes to',
        params: idParams,
        querystring: page,
        response: { 200: listOf(linkedClientSchema) },
      },
    },
    async (request) => pageOf((await oneContact(api, request.params.id)).clients, request.query),
  )

  app.get(
    '/api/v1/contacts/:id/sessions',
    {
      config: read,
      schema: {
        tags,
        summary: 'The sessions of all its clients that one may see, newest activity first',
        params: idParams,
        querystring: sessionsQuery.omit({ clientId: true, contactId: true }),
        response: { 200: listOf(sessionSchema) },
      },
    },
    async (request) => {
      const { id } = await oneContact(api, request.params.id)
      return listSessions(ctx.db, whoOf(request).actor.rights, { ...request.query, contactId: id }, ctx.clock.now())
    },
  )
}
