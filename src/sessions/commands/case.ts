// What the decision of a command is given, and the offer that most of them close or open.
import { sql } from 'kysely'
import { later, type Trx } from '../../db/database.ts'
import type { ResultGiven } from '../../domain/commands.ts'
import type { Verdict } from '../../domain/refusal.ts'
import type { Target } from '../../domain/transfer.ts'
import type { Instant } from '../../domain/words.ts'
import type { Actor } from '../actor.ts'
import type { Aftermath } from '../context.ts'
import type { SessionState } from '../state.ts'
import { date, type EventActor } from '../write.ts'

export interface CommandBody {
  readonly lastSeq?: number
  readonly result?: ResultGiven | null
  readonly resultId?: string
  readonly note?: string | null
  /** A last text to the client, sent in the same decision that ends. */
  readonly farewell?: string | null
  /** Whom a transfer is to. */
  readonly target?: Target
}

export interface Case {
  readonly state: SessionState
  readonly actor: Actor
  readonly body: CommandBody
  readonly commandId: string
  readonly at: Instant
}

export type Decision = (trx: Trx, after: Aftermath, given: Case) => Promise<Verdict<null>>

export const toldAs = ({ kind, rights }: Actor): EventActor => ({ kind, id: rights.userId })

export const factsOf = (state: SessionState) => ({ ...state, offeredToOperator: state.offerOperatorId })

export async function closeOffer(trx: Trx, state: SessionState, at: Instant, outcome: string): Promise<void> {
  if (state.offerNo === null) return
  const closed = trx.updateTable('offer').set({ closed_at: date(at), outcome })
  await later(trx, closed.where('session_id', '=', state.id).where('no', '=', state.offerNo))
}

export interface NewOffer {
  readonly groupId: string | null
  /** Null: offered to the whole group. */
  readonly operatorId: string | null
  readonly dueAt: Instant | null
  /** Who had the session. */
  readonly backTo: string | null
}

/** After the one before it was closed. */
export async function openOffer(trx: Trx, sessionId: string, at: Instant, offer: NewOffer): Promise<void> {
  const { groupId, operatorId, dueAt, backTo } = offer
  await later(
    trx,
    sql`
    INSERT INTO offer (session_id, no, group_id, operator_id, offered_at, due_at, back_to)
    SELECT ${sessionId}, coalesce(max(no), 0) + 1, ${groupId}, ${operatorId}, ${date(at)},
           ${dueAt === null ? null : date(dueAt)}, ${backTo}
      FROM offer WHERE session_id = ${sessionId}`,
  )
}
