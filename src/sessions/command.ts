// How a command reaches its decision: stored first, then handed to the session's workflow, whose decision transaction
// answers it. Whoever moves the stored command out of `received` (the decision, or the timeout here) is what the caller
// is told, so nothing that was refused by time happens after all. Where the workflow has ended, the decision is made here.

import { isAway, isUniqueViolation, mayRepeat } from '../db/errors.ts'
import type { CommandKind } from '../domain/commands.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { Door } from '../engine/door.ts'
import { newId } from '../ids.ts'
import type { Told } from '../workflows/contract.ts'
import type { Actor } from './actor.ts'
import type { CommandBody } from './commands/case.ts'
import type { Ctx } from './context.ts'
import { decideCommand, type StoredCommand } from './decide.ts'
import { date } from './write.ts'

/** Longer than a worker's death costs (design: 2.7–3.4 s), shorter than a person's patience. */
const DEADLINE_MS = 8_000

export interface Command {
  readonly actor: Actor
  /** The Idempotency-Key, per user. */
  readonly key: string
  /** SHA-256 of method, path and body: the same key with another body is refused. */
  readonly hash: Buffer
  readonly sessionId: string
  readonly kind: CommandKind
  readonly body: CommandBody
}

export type CommandAnswer =
  | { readonly answer: 'done' }
  | { readonly answer: 'refused'; readonly refusal: Refusal }
  /** Nothing was done. */
  | { readonly answer: 'unavailable' }
  /** Nobody can say: the same key asks again. */
  | { readonly answer: 'outcome-unknown' }

export async function giveCommand(ctx: Ctx, door: Door, command: Command): Promise<CommandAnswer> {
  const stored = await store(ctx, command)
  if ('answer' in stored) return stored
  try {
    const obeyed = await door.command(command.kind, command.sessionId, stored.epoch, stored.id, DEADLINE_MS)
    if (obeyed === 'gone') return answerOf((await decideCommand(ctx, stored.id)).outcome)
    if (obeyed === 'away') return await abandon(ctx, stored.id)
    return answerOf(obeyed.told)
  } catch (error) {
    // Stored, and perhaps decided: neither a lost database nor a lock that did not come in time tells.
    if (isAway(error) || mayRepeat(error)) return { answer: 'outcome-unknown' }
    throw error
  }
}

const answerOf = (told: Told): CommandAnswer => {
  if (told === 'abandoned') return { answer: 'unavailable' }
  return told.ok ? { answer: 'done' } : { answer: 'refused', refusal: told.refusal }
}

/** The caller's time is over: nothing is done any more, unless it has been done already. */
async function abandon(ctx: Ctx, id: string): Promise<CommandAnswer> {
  await ctx.db
    .updateTable('command')
    .set({ state: 'abandoned' })
    .where('id', '=', id)
    .where('state', '=', 'received')
    .execute()
  const { state, outcome } = await ctx.db
    .selectFrom('command')
    .select(['state', 'outcome'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return answerOf(state === 'decided' ? (outcome as unknown as Told) : 'abandoned')
}

async function store(ctx: Ctx, command: Command): Promise<{ id: string; epoch: number } | CommandAnswer> {
  const { epoch } = await ctx.db.selectFrom('installation').select('epoch').executeTakeFirstOrThrow()
  const userId = command.actor.rights.userId
  const id = newId()
  const stored: StoredCommand = { ...command.body, by: command.actor.kind }
  const body = JSON.stringify(stored)
  try {
    await ctx.db
      .insertInto('command')
      .values({
        id,
        user_id: userId,
        key: command.key,
        hash: command.hash,
        session_id: command.sessionId,
        kind: command.kind,
        body,
        received_at: date(ctx.clock.now()),
      })
      .execute()
    return { id, epoch }
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
  }
  const first = await ctx.db
    .selectFrom('command')
    .select(['id', 'hash', 'state', 'outcome'])
    .where('user_id', '=', userId)
    .where('key', '=', command.key)
    .executeTakeFirstOrThrow()
  if (!first.hash.equals(command.hash)) return { answer: 'refused', refusal: { code: 'idempotency-key-reused' } }
  if (first.state === 'decided') return answerOf(first.outcome as unknown as Told)
  // Still on its way: the same command id finds the same Update. An abandoned one is no answer, and runs anew, as
  // given by whoever asks now.
  if (first.state === 'received') return { id: first.id, epoch }
  await ctx.db
    .updateTable('command')
    .set({ id, state: 'received', body })
    .where('id', '=', first.id)
    .where('state', '=', 'abandoned')
    .execute()
  const again = await ctx.db
    .selectFrom('command')
    .select('id')
    .where('user_id', '=', userId)
    .where('key', '=', command.key)
    .executeTakeFirstOrThrow()
  return { id: again.id, epoch }
}
