// From notices to frames: reads the sessions that changed with the messages that are newer than what was pushed, all
// in one snapshot of the database, once for everybody.
import { sql } from 'kysely'
import type { Database, Trx } from '../../db/database.ts'
import { ACCESS_FACTS, type AccessRow, accessOf, OPEN_OFFER } from '../../db/queries/access.ts'
import type { AccessFacts } from '../../domain/policy.ts'
import type { Instant } from '../../domain/words.ts'
import { type ReadMessage, readMessages } from '../views/message-rows.ts'
import { readSessions } from '../views/session.ts'
import type { Frame } from './frames.ts'

/** A push with more messages than this only says "look again". */
const MOST_MESSAGES = 2_000
/** Sessions of which it is remembered how far they were pushed. */
const MOST_CURSORS = 20_000

/** The revs that were noticed since the last push: one may have been told already, and a newer one not. */
export interface Noticed {
  readonly lowest: number
  readonly highest: number
}

export const widened = (known: Noticed | null | undefined, rev: number): Noticed => ({
  lowest: Math.min(rev, known?.lowest ?? rev),
  highest: Math.max(rev, known?.highest ?? rev),
})

/** Everything from `base` to `pushed` has been pushed; and who could see the session then. */
interface Cursor {
  base: number
  pushed: number
  facts: readonly AccessFacts[]
}

export interface Push {
  readonly sessionId: string
  readonly now: AccessFacts
  /** Who could see it before, where that has changed. */
  readonly before: readonly AccessFacts[]
  readonly frames: readonly Buffer[]
}

export interface ClientPush {
  /** Whoever may see one of the client's sessions may see the client. */
  readonly seenBy: readonly AccessFacts[]
  readonly frames: readonly Buffer[]
}

export interface Pushes {
  readonly sessions: readonly Push[]
  readonly clients: readonly ClientPush[]
  readonly resync: boolean
}

export const encode = (frame: Frame): Buffer => Buffer.from(JSON.stringify(frame))

export class Pusher {
  readonly #db: Database
  readonly #sessions = new Map<string, Cursor>()
  readonly #clients = new Map<string, Cursor>()

  constructor(db: Database) {
    this.#db = db
  }

  /** After silence or a loss: nothing is known of what anybody has. */
  forget(): void {
    this.#sessions.clear()
    this.#clients.clear()
  }

  /** By id what was noticed; null where only the session itself is to be shown anew. */
  async read(
    sessions: ReadonlyMap<string, Noticed | null>,
    clients: ReadonlyMap<string, Noticed>,
    at: Instant,
  ): Promise<Pushes> {
    const from = fromWhere(this.#sessions, sessions)
    const clientFrom = fromWhere(this.#clients, clients)
    if (from.size === 0 && clientFrom.size === 0) return { sessions: [], clients: [], resync: false }
    const read = await this.#db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => ({
        sessions: await readSessions(trx, [...from.keys()], at),
        messages: from.size === 0 ? [] : await changedMessages(trx, sql`x.session_id = k.id`, from),
        alone:
          clientFrom.size === 0
            ? []
            : await changedMessages(trx, sql`x.client_id = k.id AND x.session_id IS NULL`, clientFrom),
        seenBy: await factsOfClients(trx, [...clientFrom.keys()]),
      }))
    if (read.messages.length > MOST_MESSAGES || read.alone.length > MOST_MESSAGES) {
      this.forget()
      return { sessions: [], clients: [], resync: true }
    }
    const messages = Map.groupBy(read.messages, ({ message }) => message.sessionId)
    const pushes: Push[] = []
    for (const [sessionId, { session, state, accessRev, prevAccess }] of read.sessions) {
      const first = from.get(sessionId) ?? session.rev + 1
      const now: AccessFacts = {
        phase: state.phase,
        groupId: state.groupId,
        operatorId: state.operatorId,
        offerOperatorId: state.offerOperatorId,
      }
      const known = this.#sessions.get(sessionId)
      const before = accessRev < first && known === undefined ? [] : [...(known?.facts ?? [])]
      if (accessRev >= first && prevAccess !== null) {
        before.push(prevAccess)
        // Several changes at once, of which only the last is known: everybody of the group may have seen one.
        if (known === undefined && accessRev > first) before.push({ ...prevAccess, phase: 'ended' })
      }
      const frames = (messages.get(sessionId) ?? []).map((one) => encode(messageFrame(one, first)))
      frames.push(encode({ type: 'session', session }))
      pushes.push({ sessionId, now, before, frames })
      this.#remember(this.#sessions, sessionId, first, session.rev, [now])
    }
    return { sessions: pushes, clients: this.#clientPushes(read.alone, read.seenBy, clientFrom), resync: false }
  }

  #clientPushes(
    alone: readonly ReadMessage[],
    seenBy: ReadonlyMap<string, readonly AccessFacts[]>,
    from: ReadonlyMap<string, number>,
  ): readonly ClientPush[] {
    return [...Map.groupBy(alone, ({ message }) => message.clientId)].map(([clientId, own]) => {
      const first = from.get(clientId) ?? 0
      const newest = Math.max(first, ...own.map(({ message }) => message.rev))
      this.#remember(this.#clients, clientId, first, newest, [])
      const frames = own.map(({ message }) => encode({ type: 'message', sessionId: null, message }))
      return { seenBy: seenBy.get(clientId) ?? [], frames }
    })
  }

  #remember(
    cursors: Map<string, Cursor>,
    id: string,
    first: number,
    pushed: number,
    facts: readonly AccessFacts[],
  ): void {
    const known = cursors.get(id)
    // Deleted and set anew, so that the map stays in the order of use and the least used goes first.
    cursors.delete(id)
    cursors.set(id, {
      base: Math.min(first, known?.base ?? first),
      pushed: Math.max(pushed, known?.pushed ?? 0),
      facts,
    })
    const oldest = cursors.size > MOST_CURSORS ? cursors.keys().next().value : undefined
    if (oldest !== undefined) cursors.delete(oldest)
  }
}

/**
 * From which rev to read each. Usually what follows the last push; a notice that is older than all that was pushed
 * came late (commits are noticed in this process before their order is known), so all since then is told again; one
 * in between has been told already.
 */
function fromWhere(
  cursors: ReadonlyMap<string, Cursor>,
  noticed: ReadonlyMap<string, Noticed | null>,
): Map<string, number> {
  const from = new Map<string, number>()
  for (const [id, revs] of noticed) {
    const cursor = cursors.get(id)
    if (revs === null) from.set(id, cursor === undefined ? NOTHING : cursor.pushed + 1)
    else if (cursor === undefined || revs.lowest < cursor.base) from.set(id, revs.lowest)
    else if (revs.highest > cursor.pushed) from.set(id, cursor.pushed + 1)
  }
  return from
}

/** Greater than any rev: no message is read. */
const NOTHING = 2_147_483_647

/** A message whose body the others may not have is told whole; else its status is enough. */
function messageFrame({ message, bodyRev }: ReadMessage, first: number): Frame {
  const { sessionId, status } = message
  if (bodyRev >= first || sessionId === null || status === null) return { type: 'message', sessionId, message }
  return {
    type: 'status',
    sessionId,
    messageId: message.id,
    rev: message.rev,
    status,
    at: message.statusTimes[status] ?? message.receivedAt,
    error: message.error,
  }
}

function changedMessages(
  trx: Trx,
  belongs: ReturnType<typeof sql>,
  from: ReadonlyMap<string, number>,
): Promise<readonly ReadMessage[]> {
  const where = sql`m.id IN (
    SELECT x.id FROM unnest(${[...from.keys()]}::uuid[], ${[...from.values()]}::int[]) AS k(id, rev)
      JOIN message x ON ${belongs} AND x.rev >= k.rev)`
  return readMessages(trx, where, sql`m.rev, m.seq, m.id`, MOST_MESSAGES + 1)
}

async function factsOfClients(
  trx: Trx,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, readonly AccessFacts[]>> {
  if (clientIds.length === 0) return new Map()
  const { rows } = await sql<AccessRow & { id: string }>`
    WITH RECURSIVE one AS (
      SELECT id AS asked, id, joined_into FROM client WHERE id = ANY (${clientIds}::uuid[])
      UNION
      SELECT one.asked, c.id, c.joined_into FROM client c JOIN one ON c.joined_into = one.id OR c.id = one.joined_into
    )
    SELECT DISTINCT one.asked AS id, ${ACCESS_FACTS}
      FROM one JOIN session s ON s.client_id = one.id
      ${OPEN_OFFER}`.execute(trx)
  return new Map([...Map.groupBy(rows, (row) => row.id)].map(([id, own]) => [id, own.map(accessOf)]))
}
