// The decisions: a command of an operator, judged by the rules of the domain on the locked row, in one transaction that
// also leaves the evidence. Called by the session's workflow; by the API only where the workflow has already ended. A
// decision that is repeated finds its first outcome.
import { later, type Trx } from '../db/database.ts'
import type { CommandKind } from '../domain/commands.ts'
import { mayDo } from '../domain/policy.ts'
import { type Refusal, refused, type Verdict } from '../domain/refusal.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { JsonObject } from '../domain/words.ts'
import { type Actor, loadRights } from './actor.ts'
import { type Case, type CommandBody, type Decision, toldAs } from './commands/case.ts'
import { decideReturn, decideTakeOver, decideTransfer } from './commands/hand-over.ts'
import { decideAccept, decideEnd, decideResult } from './commands/life.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { loadSnapshot, lockSession } from './state.ts'
import { date, recordEvent } from './write.ts'

/** `abandoned`: the caller has been told that nothing was done, so nothing was. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly refusal: Refusal }

export interface Decided {
  readonly outcome: Outcome | 'abandoned'
  readonly snapshot: Snapshot | null
}

/** A command as it is kept until it is decided: `by` is absent in what an older version stored, for operators alone. */
export interface StoredCommand extends CommandBody {
  readonly by?: Actor['kind']
}

export async function decideCommand(ctx: Ctx, commandId: string): Promise<Decided> {
  return transact(ctx, async (trx, after) => {
    const command = await trx
      .selectFrom('command')
      .select(['user_id', 'session_id', 'kind', 'body', 'state', 'outcome'])
      .where('id', '=', commandId)
      .forUpdate()
      .executeTakeFirst()
    if (command === undefined || command.session_id === null) return { outcome: 'abandoned', snapshot: null }
    const at = ctx.clock.now()
    if (command.state !== 'received') {
      const outcome = command.state === 'decided' ? (command.outcome as unknown as Outcome) : 'abandoned'
      return { outcome, snapshot: await loadSnapshot(trx, command.session_id, at) }
    }
    const state = await lockSession(trx, command.session_id)
    const rights = await loadRights(trx, command.user_id)
    const { by = 'operator', ...body } = command.body as StoredCommand
    const verdict =
      state === null || rights === null
        ? refused({ code: 'not-found' })
        : await judge(trx, after, command.kind as CommandKind, {
            state,
            actor: { kind: by, rights },
            body,
            commandId,
            at,
          })
    const outcome: Outcome = verdict.ok ? { ok: true } : { ok: false, refusal: verdict.refusal }
    const decided = { state: 'decided', outcome: JSON.stringify(outcome), decided_at: date(at) }
    await later(trx, trx.updateTable('command').set(decided).where('id', '=', commandId))
    return { outcome, snapshot: await loadSnapshot(trx, command.session_id, at) }
  })
}

const DECISIONS: Record<CommandKind, Decision> = {
  accept: decideAccept,
  transfer: decideTransfer,
  return: decideReturn,
  takeOver: decideTakeOver,
  end: decideEnd,
  result: decideResult,
}

async function judge(trx: Trx, after: Aftermath, kind: CommandKind, given: Case): Promise<Verdict<null>> {
  const { state, actor, commandId, at } = given
  const access = mayDo(actor.rights, state, kind)
  if (access !== 'allowed') return refused({ code: access })
  const verdict = await DECISIONS[kind](trx, after, given)
  if (!verdict.ok) {
    // A refusal by state is a decision, too; it changes nothing that anybody sees, so the rev stays.
    const evidence = whyRefused(kind, verdict.refusal, given)
    await recordEvent(trx, state.id, {
      rev: state.rev,
      at,
      actor: toldAs(actor),
      kind: 'refused',
      key: commandId,
      evidence,
    })
  }
  return verdict
}

/** What the rule itself tells of its refusal, and what of the row and of the command it was judged by. */
function whyRefused(command: CommandKind, { code, ...facts }: Refusal, { state, body }: Case): JsonObject {
  return {
    command,
    refused: code,
    ...facts,
    phase: state.phase,
    lastInSeq: state.lastInSeq,
    // Not as `seen`: that is what an end which took place had seen.
    ...(command === 'end' ? { lastSeq: body.lastSeq ?? 0 } : {}),
    ...(code === 'text-field-closed' ? { windowMessageId: state.windowMessageId, windowUntil: state.windowUntil } : {}),
  }
}
