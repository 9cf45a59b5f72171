// Notes on a session: what operators tell each other, never the client. A transfer's note is one, for whoever comes next.
import { later, type Trx } from '../db/database.ts'
import { indexText } from '../db/queries/search-index.ts'
import { mayDo } from '../domain/policy.ts'
import { allowed, refused, type Verdict } from '../domain/refusal.ts'
import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Ctx } from './context.ts'
import { type Keyed, once } from './once.ts'
import { date, recordEvent, updateSession } from './write.ts'

interface NewNote {
  readonly sessionId: string
  readonly text: string
  readonly byId: string
  readonly at: Instant
  readonly toOperatorId: string | null
  readonly toGroupId: string | null
}

export async function addNote(trx: Trx, note: NewNote): Promise<string> {
  const id = newId()
  await later(
    trx,
    trx.insertInto('session_note').values({
      id,
      session_id: note.sessionId,
      text: note.text,
      by_id: note.byId,
      at: date(note.at),
      to_operator_id: note.toOperatorId,
      to_group_id: note.toGroupId,
    }),
  )
  await indexText(trx, { id, kind: 'note', sessionId: note.sessionId, at: note.at, text: note.text })
  return id
}

/** Before, during and after the session, by whoever may tag it. */
export function writeNote(
  ctx: Ctx,
  note: Keyed & { readonly sessionId: string; readonly text: string },
): Promise<Verdict<{ readonly noteId: string }>> {
  return once(ctx, note, 'notes', note.sessionId, async (trx, after, state, at) => {
    const access = mayDo(note.actor.rights, state, 'note')
    if (access !== 'allowed') return refused({ code: access })
    const byId = note.actor.rights.userId
    const told = { sessionId: state.id, text: note.text, byId, at, toOperatorId: null, toGroupId: null }
    const noteId = await addNote(trx, told)
    const rev = await updateSession(trx, after, state, {})
    const actor = { kind: note.actor.kind, id: byId }
    await recordEvent(trx, state.id, { rev, at, actor, kind: 'noted', evidence: { noteId } })
    return allowed({ noteId })
  })
}
