// Who is signed in, with their rights and presence.
import { z } from 'zod'
import { ROLES } from '../../domain/words.ts'
import type { Api } from '../context.ts'
import { Problem } from '../problems.ts'
import { id } from './common.ts'
import { presenceSchema } from './presence.ts'

export const groupRefSchema = z.object({ id, name: z.string() })

export const meSchema = z
  .object({
    id,
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    groups: z.array(groupRefSchema),
    slots: z.int().describe('How many sessions one takes at once'),
    seeOthers: z.boolean().describe("Whether one sees others' active sessions of one's groups"),
    presence: presenceSchema,
  })
  .meta({ id: 'Me' })
export type MeView = z.infer<typeof meSchema>

export async function loadMe(api: Api, userId: string): Promise<MeView> {
  const { db } = api.ctx
  const user = await db
    .selectFrom('user_account')
    .select(['id', 'email', 'name', 'role', 'slots', 'see_others'])
    .where('id', '=', userId)
    .executeTakeFirst()
  if (user === undefined) throw new Problem('signed-out')
  const groups = await db
    .selectFrom('group_ as g')
    .innerJoin('group_member as m', 'm.group_id', 'g.id')
    .select(['g.id', 'g.name'])
    .where('m.user_id', '=', userId)
    .orderBy('g.name')
    .execute()
  const { see_others, role, ...rest } = user
  return {
    ...rest,
    role: role as MeView['role'],
    seeOthers: see_others,
    groups,
    presence: await api.presence.of(userId),
  }
}
