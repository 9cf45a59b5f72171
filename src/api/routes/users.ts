// Accounts, for administrators. Whatever takes a right away takes it at once: sign-ins end, sockets close.
import { sql } from 'kysely'
import { z } from 'zod'
import { hashPassword } from '../../auth/password.ts'
import { rightsChanged } from '../../auth/rights.ts'
import { newSecretToken } from '../../auth/secret-token.ts'
import { signOutEverywhere } from '../../auth/sign-in.ts'
import type { Database, Trx } from '../../db/database.ts'
import { isUniqueViolation } from '../../db/errors.ts'
import { ROLES, type Role } from '../../domain/words.ts'
import { newId } from '../../ids.ts'
import type { Api, App } from '../context.ts'
import { anId, emailAddress, idParams, line, newPassword } from '../fields.ts'
import { invalid, Problem } from '../problems.ts'
import { id, iso, listOf, page, pageOf, time } from '../views/common.ts'
import { groupRefSchema } from '../views/me.ts'

const userSchema = z
  .object({
    id,
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    slots: z.int(),
    seeOthers: z.boolean(),
    groups: z.array(groupRefSchema),
    disabled: z.boolean(),
    invitedUntil: time.nullable().describe('Until when an invitation waits to be accepted'),
    createdAt: time,
  })
  .meta({ id: 'User' })
type UserView = z.infer<typeof userSchema>

const fields = {
  name: line(100),
  role: z.enum(ROLES),
  slots: z.int().min(1).max(1000),
  seeOthers: z.boolean(),
  groupIds: z.array(anId).max(1000),
}
const newBody = z.strictObject({
  email: emailAddress,
  password: newPassword.optional().describe('Left out: nobody can sign in until an invitation was accepted'),
  name: fields.name,
  role: fields.role,
  slots: fields.slots.default(5),
  seeOthers: fields.seeOthers.default(false),
  groupIds: fields.groupIds.default([]),
})
const patchBody = z
  .strictObject({ ...fields, email: emailAddress, disabled: z.boolean(), password: newPassword })
  .partial()

interface Row {
  id: string
  email: string
  name: string
  role: Role
  slots: number
  see_others: boolean
  disabled_at: Date | null
  created_at: Date
  invited_until: Date | null
  groups: { id: string; name: string }[] | null
}

async function loadUsers(db: Database | Trx, ids: readonly string[] | null): Promise<UserView[]> {
  const { rows } = await sql<Row>`
    SELECT u.id, u.email, u.name, u.role, u.slots, u.see_others, u.disabled_at, u.created_at,
           (SELECT expires_at FROM invitation i WHERE i.user_id = u.id) AS invited_until,
           (SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY g.name)
              FROM group_member m JOIN group_ g ON g.id = m.group_id WHERE m.user_id = u.id) AS groups
      FROM user_account u WHERE ${ids}::uuid[] IS NULL OR u.id = ANY (${ids}::uuid[]) ORDER BY u.name, u.id`.execute(db)
  return rows.map(({ see_others, disabled_at, created_at, invited_until, groups, ...row }) => ({
    ...row,
    seeOthers: see_others,
    disabled: disabled_at !== null,
    invitedUntil: iso(invited_until),
    createdAt: iso(created_at),
    groups: groups ?? [],
  }))
}

async function oneUser(db: Database | Trx, userId: string): Promise<UserView> {
  const [user] = await loadUsers(db, [userId])
  if (user === undefined) throw new Problem('not-found')
  return user
}

export function userRoutes(app: App, api: Api): void {
  const { ctx } = api
  const tags = ['catalogue']
  const config = { access: 'administrator' } as const

  app.get(
    '/api/v1/users',
    {
      config,
      schema: {
        tags,
        summary: 'All accounts',
        querystring: page,
        response: { 200: listOf(userSchema) },
      },
    },
    async (request) => pageOf(await loadUsers(ctx.db, null), request.query),
  )

  app.get(
    '/api/v1/users/:id',
    { config, schema: { tags, summary: 'One account', params: idParams, response: { 200: userSchema } } },
    (request) => oneUser(ctx.db, request.params.id),
  )

  app.post(
    '/api/v1/users',
    { config, schema: { tags, summary: 'Make an account', body: newBody, response: { 201: userSchema } } },
    async (request, reply) => {
      const { password, groupIds, seeOthers, ...rest } = request.body
      const row = {
        id: newId(),
        ...rest,
        see_others: seeOthers,
        // Where there is none yet, one that nobody knows: a try takes as long as any other.
        password_hash: await hashPassword(password ?? newSecretToken()),
        created_at: new Date(ctx.clock.now()),
      }
      const user = await ctx.db
        .transaction()
        .execute(async (trx) => {
          await trx.insertInto('user_account').values(row).execute()
          await setGroups(trx, row.id, groupIds)
          return oneUser(trx, row.id)
        })
        .catch(emailTaken)
      return reply.code(201).send(user)
    },
  )

  app.patch(
    '/api/v1/users/:id',
    {
      config,
      schema: { tags, summary: 'Change an account', params: idParams, body: patchBody, response: { 200: userSchema } },
    },
    async (request) => {
      const { password } = request.body
      const hashed = password === undefined ? undefined : await hashPassword(password)
      return ctx.db
        .transaction()
        .execute((trx) => change(trx, api, request.params.id, { ...request.body, hashed }))
        .catch(emailTaken)
    },
  )
}

type Change = z.infer<typeof patchBody> & { readonly hashed: string | undefined }

async function change(trx: Trx, { ctx }: Api, userId: string, to: Change): Promise<UserView> {
  // All administrators are locked, so that two of them cannot demote each other at the same moment.
  const { rows } = await sql<{ id: string; role: Role; disabled: boolean }>`
    SELECT id, role, disabled_at IS NOT NULL AS disabled FROM user_account
     WHERE id = ${userId} OR role = 'administrator' ORDER BY id FOR UPDATE`.execute(trx)
  const was = rows.find((row) => row.id === userId)
  if (was === undefined) throw new Problem('not-found')
  const stays = (to.role ?? was.role) === 'administrator' && !(to.disabled ?? was.disabled)
  const others = rows.some((row) => row.id !== userId && row.role === 'administrator' && !row.disabled)
  if (was.role === 'administrator' && !was.disabled && !stays && !others) throw new Problem('last-administrator')
  const patch = {
    ...(to.email === undefined ? {} : { email: to.email }),
    ...(to.name === undefined ? {} : { name: to.name }),
    ...(to.role === undefined ? {} : { role: to.role }),
    ...(to.slots === undefined ? {} : { slots: to.slots }),
    ...(to.seeOthers === undefined ? {} : { see_others: to.seeOthers }),
    ...(to.hashed === undefined ? {} : { password_hash: to.hashed }),
    ...(to.disabled === undefined ? {} : { disabled_at: to.disabled ? new Date(ctx.clock.now()) : null }),
  }
  if (Object.keys(patch).length > 0) await trx.updateTable('user_account').set(patch).where('id', '=', userId).execute()
  if (to.groupIds !== undefined) await setGroups(trx, userId, to.groupIds)
  if (to.hashed !== undefined || to.disabled === true) {
    await signOutEverywhere(trx, userId, null)
    // What was to lead to a password has been overtaken.
    await trx.deleteFrom('invitation').where('user_id', '=', userId).execute()
  }
  await rightsChanged(trx, [userId], ctx.bus.processId)
  return oneUser(trx, userId)
}

async function setGroups(trx: Trx, userId: string, groupIds: readonly string[]): Promise<void> {
  const wanted = [...new Set(groupIds)]
  const known = await sql`SELECT 1 FROM group_ WHERE id = ANY (${wanted}::uuid[])`.execute(trx)
  if (known.rows.length < wanted.length)
    throw invalid([{ pointer: '/groupIds', detail: 'names a group that does not exist' }])
  await sql`DELETE FROM group_member WHERE user_id = ${userId} AND group_id <> ALL (${wanted}::uuid[])`.execute(trx)
  await sql`
    INSERT INTO group_member (group_id, user_id) SELECT unnest(${wanted}::uuid[]), ${userId} ON CONFLICT DO NOTHING`.execute(
    trx,
  )
}

function emailTaken(error: unknown): never {
  throw isUniqueViolation(error, 'user_account_email_key')
    ? invalid([{ pointer: '/email', detail: 'is the address of another account' }])
    : error
}
