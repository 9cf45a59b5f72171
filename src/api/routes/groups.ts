// Groups: operators who share queues, how many of them could take a session now, and who they are.
import { sql } from 'kysely'
import { z } from 'zod'
import { rightsChanged } from '../../auth/rights.ts'
import type { Database } from '../../db/database.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import type { Instant } from '../../domain/words.ts'
import { newId } from '../../ids.ts'
import { awaited } from '../../sessions/slots.ts'
import type { Api, App } from '../context.ts'
import { anId, idParams, line } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, listOf, page, pageOf } from '../views/common.ts'
import { groupRefSchema } from '../views/me.ts'

const groupSchema = z
  .object({
    id,
    name: z.string(),
    operators: z.object({ online: z.int(), busy: z.int().describe('There, without a free slot'), away: z.int() }),
    waiting: z.int().describe('Sessions in its queue'),
  })
  .meta({ id: 'Group' })
const operatorSchema = z
  .object({
    id,
    name: z.string(),
    status: z.enum(['online', 'busy', 'away', 'offline']),
    reason: z.string().nullable(),
    sessions: z.int().describe('That they have now'),
    slots: z.int(),
  })
  .meta({ id: 'Operator' })
type OperatorView = z.infer<typeof operatorSchema>

const body = z.strictObject({ name: line(100) })
const membersBody = z.strictObject({ userIds: z.array(anId).max(10_000) })

/** Members of these groups as they are at the moment: the one place that says who is `busy`. */
async function loadOperators(
  db: Database,
  at: Instant,
  groupId: string | null,
): Promise<(OperatorView & { groupId: string })[]> {
  const { rows } = await sql<OperatorView & { groupId: string }>`
    SELECT m.group_id AS "groupId", u.id, u.name, u.slots, taken.sessions,
           CASE WHEN p.state IS NULL OR p.state = 'offline' THEN 'offline'
                WHEN p.state = 'online' AND taken.sessions >= u.slots THEN 'busy'
                ELSE p.state END AS status,
           CASE WHEN p.state = 'away' THEN p.reason END AS reason
      FROM group_member m
      JOIN user_account u ON u.id = m.user_id AND u.disabled_at IS NULL
      LEFT JOIN presence p ON p.user_id = u.id AND p.lease_until > ${new Date(at)}
      CROSS JOIN LATERAL (SELECT count(*)::int AS sessions FROM session s JOIN client c ON c.id = s.client_id
                           WHERE s.operator_id = u.id AND s.ended_at IS NULL AND NOT ${awaited(at)}) taken
     WHERE ${groupId}::uuid IS NULL OR m.group_id = ${groupId}
     ORDER BY u.name, u.id`.execute(db)
  return rows
}

async function loadGroups(db: Database, at: Instant): Promise<z.infer<typeof groupSchema>[]> {
  const { rows } = await sql<{ id: string; name: string; waiting: number }>`
    SELECT g.id, g.name,
           (SELECT count(*)::int FROM session s WHERE s.group_id = g.id AND s.phase = 'queued' AND s.ended_at IS NULL) AS waiting
      FROM group_ g ORDER BY g.name`.execute(db)
  const members = await loadOperators(db, at, null)
  return rows.map((group) => {
    const count = (status: OperatorView['status']) =>
      members.filter((member) => member.groupId === group.id && member.status === status).length
    return { ...group, operators: { online: count('online'), busy: count('busy'), away: count('away') } }
  })
}

export function groupRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']

  app.get(
    '/api/v1/groups',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'Groups with who is there',
        querystring: page,
        response: { 200: listOf(groupSchema) },
      },
    },
    async (request) => pageOf(await loadGroups(ctx.db, ctx.clock.now()), request.query),
  )

  app.get(
    '/api/v1/groups/:id/operators',
    {
      config: { access: 'signed-in' },
      schema: {
        tags,
        summary: 'The operators of a group',
        params: idParams,
        querystring: page,
        response: { 200: listOf(operatorSchema) },
      },
    },
    async (request) => {
      await mustExist(ctx.db, request.params.id)
      return pageOf(await loadOperators(ctx.db, ctx.clock.now(), request.params.id), request.query)
    },
  )

  app.post(
    '/api/v1/groups',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Make a group', body, response: { 201: groupRefSchema } },
    },
    async (request, reply) => {
      const group = { id: newId(), name: request.body.name }
      await ctx.db.insertInto('group_').values(group).execute().catch(nameTaken)
      return reply.code(201).send(group)
    },
  )

  app.patch(
    '/api/v1/groups/:id',
    {
      config: { access: 'administrator' },
      schema: { tags, summary: 'Rename a group', params: idParams, body, response: { 200: groupRefSchema } },
    },
    async (request) => {
      await mustExist(ctx.db, request.params.id)
      const group = { id: request.params.id, name: request.body.name }
      await ctx.db.updateTable('group_').set({ name: group.name }).where('id', '=', group.id).execute().catch(nameTaken)
      return group
    },
  )

  app.put(
    '/api/v1/groups/:id/members',
    {
      config: { access: 'administrator' },
      schema: {
        tags,
        summary: 'Say who its members are',
        params: idParams,
        body: membersBody,
        response: { 200: z.object({ items: z.array(operatorSchema), next: z.null() }) },
      },
    },
    async (request) => {
      const { id: groupId } = request.params
      await mustExist(ctx.db, groupId)
      await setMembers(api, groupId, [...new Set(request.body.userIds)])
      return { items: await loadOperators(ctx.db, ctx.clock.now(), groupId), next: null }
    },
  )
}

function nameTaken(error: unknown): never {
  throw isUniqueViolation(error) ? invalid([{ pointer: '/name', detail: 'is the name of another group' }]) : error
}

async function mustExist(db: Database, groupId: string): Promise<void> {
  const group = await db.selectFrom('group_').select('id').where('id', '=', groupId).executeTakeFirst()
  if (group === undefined) throw new Problem('not-found')
}

async function setMembers({ ctx }: Api, groupId: string, userIds: readonly string[]): Promise<void> {
  await ctx.db.transaction().execute(async (trx) => {
    await sql`SELECT 1 FROM group_ WHERE id = ${groupId} FOR UPDATE`.execute(trx)
    const known = await sql`SELECT 1 FROM user_account WHERE id = ANY (${userIds}::uuid[])`.execute(trx)
    if (known.rows.length < userIds.length)
      throw invalid([{ pointer: '/userIds', detail: 'names somebody who has no account' }])
    const gone = await sql<{ user_id: string }>`
      DELETE FROM group_member WHERE group_id = ${groupId} AND user_id <> ALL (${userIds}::uuid[]) RETURNING user_id`.execute(
      trx,
    )
    const come = await sql<{ user_id: string }>`
      INSERT INTO group_member (group_id, user_id) SELECT ${groupId}, unnest(${userIds}::uuid[])
      ON CONFLICT DO NOTHING RETURNING user_id`.execute(trx)
    const changed = [...gone.rows, ...come.rows].map((row) => row.user_id)
    await rightsChanged(trx, changed, ctx.bus.processId)
  })
}
