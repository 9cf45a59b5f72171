// Clients of a test, each with a number of their own, and the steps that most tests begin with.
import type { PhoneClient } from '../../simulator/phone-book.ts'
import type { Engine, SessionRow } from './engine.ts'

let last = 0

export interface Talk {
  readonly phone: string
  readonly client: PhoneClient
  readonly session: SessionRow
}

/** Somebody new has written, and the session waits in the queue. */
export async function queued(engine: Engine, text = 'Hello'): Promise<Talk> {
  const phone = `4207770${String(process.pid % 100).padStart(2, '0')}${String(++last).padStart(4, '0')}`.slice(0, 13)
  const client = engine.simulator.phone.client({ name: `Client ${last}`, phone: `+${phone}` })
  await client.writes(text)
  return { phone: client.who.phone, client, session: await engine.session(client.who.phone) }
}

/** …and Olga has accepted it. */
export async function talking(engine: Engine, text = 'Hello'): Promise<Talk> {
  const talk = await queued(engine, text)
  const answer = await engine.command(engine.olga, talk.session.id, 'accept')
  if (answer.answer !== 'done') throw new Error(`accept: ${JSON.stringify(answer)}`)
  return talk
}

/** A send that the gate lets pass; its message id. */
export async function said(engine: Engine, talk: Talk, text: string, replyTo: string | null = null): Promise<string> {
  const sent = await engine.send(engine.olga, talk.session.id, text, replyTo)
  if (!sent.ok) throw new Error(`send: ${JSON.stringify(sent.refusal)}`)
  return sent.value.messageId
}

export async function attempts(engine: Engine, messageId: string) {
  return engine.db
    .selectFrom('attempt')
    .select(['id', 'no', 'state', 'error', 'wait_until', 'reached_anyway'])
    .where('message_id', '=', messageId)
    .orderBy('no')
    .execute()
}

/** How often each attempt of the message reached Meta. */
export async function posts(engine: Engine, messageId: string): Promise<readonly number[]> {
  return (await attempts(engine, messageId)).map(({ id }) => engine.simulator.truth.posts(id).length)
}

/** Whoever may be transferred to is signed in: these users are, for the whole of the test. */
export async function signIn(engine: { db: Engine['db'] }, userIds?: readonly string[]): Promise<void> {
  const ids = userIds ?? (await engine.db.selectFrom('user_account').select('id').execute()).map(({ id }) => id)
  const [since, lease_until] = [new Date(0), new Date('2100-01-01')]
  for (const user_id of ids) {
    await engine.db
      .insertInto('presence')
      .values({ user_id, state: 'online', since, lease_until })
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet({ state: 'online', lease_until }))
      .execute()
  }
}
