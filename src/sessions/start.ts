// A session that the company begins: a direct message to somebody, or a session taken up again after its end. One
// transaction on the locked client, so that of two who try, and of the client who writes meanwhile, one begins it and the
// others are told which it is.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { Repeat } from '../db/errors.ts'
import { mayDo, maySee } from '../domain/policy.ts'
import { countryOf, readRecipient } from '../domain/recipient.ts'
import { allowed, type Refusal, refused, type Verdict } from '../domain/refusal.ts'
import { groupOfStart, mayReconnect, type Opening, start } from '../domain/start.ts'
import { isOpen } from '../domain/window.ts'
import type { Instant, JsonObject, Origin } from '../domain/words.ts'
import { newId } from '../ids.ts'
import type { Actor } from './actor.ts'
import { banOf, banOfClient } from './bans.ts'
import {
  clientByAlias,
  clientById,
  clientOfContact,
  howClientStands,
  makeClient,
  type Whom,
} from './client-at-start.ts'
import { type Aftermath, type Ctx, transact } from './context.ts'
import { askFirst, type Keyed, keepAnswer } from './once.ts'
import { takenSlots } from './slots.ts'
import { lockSession } from './state.ts'
import { askCardGate, askGate, storeTemplate, storeText } from './store.ts'
import { type ChosenCard, fillCard } from './templates.ts'
import { date, type EventActor, recordEvent, ring, updateSession } from './write.ts'

/** With neither, a session is begun for its open text field alone. */
export interface Said {
  readonly text: string | null
  readonly card: ChosenCard | null
}

export interface DirectMessage extends Keyed {
  readonly channelId: string
  /** As it was typed, or somebody who is known. */
  readonly to: { readonly typed: string } | { readonly clientId: string } | { readonly contactId: string }
  readonly groupId: string | null
  readonly said: Said
}

export interface Reconnect extends Keyed {
  readonly sessionId: string
  readonly said: Said
}

export type Started = Verdict<{ readonly sessionId: string }>

export function startDirect(ctx: Ctx, direct: DirectMessage): Promise<Started> {
  return keyedStart(ctx, direct, 'direct', null, async (trx, after, at) => {
    const channel = await channelOf(trx, direct.channelId)
    if (channel === null) return refused({ code: 'not-found' })
    const group = groupOfStart(direct.actor.rights, channel.groupId, direct.groupId)
    if (!group.ok) return group
    const whom = await whomOf(trx, direct, channel)
    if (!whom.ok) return whom
    const { groupId } = group.value
    return begin(trx, after, { ...direct, ...whom.value, origin: 'direct', groupId, resumes: null, at })
  })
}

export function reconnect(ctx: Ctx, again: Reconnect): Promise<Started> {
  return keyedStart(ctx, again, 'reconnect', again.sessionId, async (trx, after, at) => {
    const old = await lockSession(trx, again.sessionId)
    if (old === null) return refused({ code: 'not-found' })
    const { rights } = again.actor
    const access = mayDo(rights, old, 'reconnect')
    if (access !== 'allowed') return refused({ code: access })
    const phase = mayReconnect(old.phase)
    const client = await clientById(trx, old.channelId, old.clientId)
    if (client === null) return refused({ code: 'not-found' })
    // Its own group goes on with it, where the caller is in it; else the number's.
    const channel = await channelOf(trx, old.channelId)
    const own = old.groupId !== null && rights.groupIds.includes(old.groupId) ? old.groupId : channel?.groupId
    const { channelId } = old
    const given = {
      ...again,
      ...client,
      channelId,
      origin: 'reconnect' as const,
      groupId: own ?? null,
      resumes: old,
      at,
    }
    const verdict = phase.ok ? await begin(trx, after, given) : phase
    if (!verdict.ok) await recordRefused(trx, old, again.actor, 'reconnect', verdict.refusal, at)
    return verdict
  })
}

interface Channel {
  readonly id: string
  readonly groupId: string
  readonly country: string | null
}

async function channelOf(trx: Trx, channelId: string): Promise<Channel | null> {
  const { rows } = await sql<{ group_id: string; display_phone_number: string }>`
    SELECT group_id, display_phone_number FROM channel WHERE id = ${channelId}`.execute(trx)
  const row = rows[0]
  return row === undefined
    ? null
    : { id: channelId, groupId: row.group_id, country: countryOf(row.display_phone_number) }
}

async function whomOf(trx: Trx, { to }: DirectMessage, channel: Channel): Promise<Verdict<Whom>> {
  if ('clientId' in to) {
    const client = await clientById(trx, channel.id, to.clientId)
    return client === null ? refused({ code: 'not-found' }) : allowed(client)
  }
  if ('contactId' in to) {
    const whom = await clientOfContact(trx, channel.id, to.contactId, channel.country)
    return whom === null ? refused({ code: 'unknown-recipient', of: 'contactId' }) : allowed(whom)
  }
  const recipient = readRecipient(to.typed, channel.country)
  if (recipient === null) return refused({ code: 'unknown-recipient', of: 'to' })
  return allowed(await clientByAlias(trx, channel.id, recipient))
}

interface Beginning extends Whom {
  readonly channelId: string
  readonly actor: Actor
  readonly key: string
  readonly origin: Origin
  readonly groupId: string | null
  /** The ended session that is taken up. */
  readonly resumes: { readonly id: string; readonly rev: number } | null
  readonly said: Said
  readonly at: Instant
}

async function begin(trx: Trx, after: Aftermath, given: Beginning): Promise<Started> {
  const { actor, said, at } = given
  const { rights } = actor
  const opening: Opening = said.card !== null ? 'template' : said.text === null ? 'nothing' : 'text'
  const facts = await howClientStands(trx, given.channelId, given.clientId)
  const { inProgress } = facts
  const windowOpen = isOpen({ until: facts.windowUntil, messageId: facts.windowMessageId }, at)
  // Where no slot is at stake, the user's row need not be held.
  const taken = windowOpen && inProgress === null ? await takenSlots(trx, rights.userId, at) : 0
  const seen = inProgress === null ? false : maySee(rights, inProgress)
  const verdict = start(
    {
      ban: await banFor(trx, given, at),
      inProgress:
        inProgress === null ? null : { sessionId: inProgress.id, operatorId: seen ? inProgress.operatorId : null },
      channelUp: facts.channelUp,
      channelReason: facts.channelReason,
      windowOpen,
      slots: rights.slots,
      taken,
    },
    opening,
  )
  if (!verdict.ok) {
    if (inProgress !== null && verdict.refusal.code === 'session-in-progress')
      await recordRefused(trx, inProgress, actor, given.origin, verdict.refusal, at)
    return verdict
  }
  const card = said.card === null ? null : await fillCard(trx, given.channelId, said.card)
  if (card !== null && !card.ok) return card
  const sessionId = newId()
  const previousId = given.resumes?.id ?? facts.lastSessionId
  const clientId = given.clientId ?? (await makeClient(trx, given.channelId, given, actor, at))
  await insert(trx, { ...given, clientId, sessionId, previousId, waits: !windowOpen })
  const state = await lockSession(trx, sessionId)
  if (state === null) throw new Repeat()
  const saying = { actor, clientRef: given.key, reply: null, at }
  if (card !== null) {
    const gate = askCardGate(state, at)
    if (!gate.ok) return gate
    await storeTemplate(trx, after, state, { ...saying, card: card.value, asked: gate.value })
  } else if (said.text === null) {
    await updateSession(trx, after, state, {})
  } else {
    const gate = askGate(state, at)
    if (!gate.ok) return gate
    await storeText(trx, after, state, { ...saying, text: said.text, asked: gate.value })
  }
  const evidence: JsonObject = {
    origin: given.origin,
    groupId: given.groupId,
    previousId,
    to: given.destination.kind,
    ...(verdict.value.takesSlot ? { taken, slots: rights.slots } : {}),
    windowUntil: facts.windowUntil,
    windowMessageId: facts.windowMessageId,
  }
  await recordEvent(trx, sessionId, { rev: 1, at, actor: toldAs(actor), kind: 'started', evidence })
  await linkPrevious(trx, after, given, previousId, sessionId, at)
  await ring(trx, after, sessionId, at, true)
  return allowed({ sessionId })
}

/** Of whoever is known, by each of their aliases; of somebody new, by the address that was typed. */
const banFor = (trx: Trx, { clientId, destination }: Beginning, at: Instant) =>
  clientId === null ? banOf(trx, [destination], at) : banOfClient(trx, clientId, at)

async function insert(
  trx: Trx,
  given: Beginning & {
    readonly clientId: string
    readonly sessionId: string
    readonly previousId: string | null
    readonly waits: boolean
  },
): Promise<void> {
  const { at, destination } = given
  await later(
    trx,
    trx.insertInto('session').values({
      id: given.sessionId,
      client_id: given.clientId,
      channel_id: given.channelId,
      destination_kind: destination.kind,
      destination: destination.value,
      phase: 'active',
      origin: given.origin,
      operator_id: given.actor.rights.userId,
      group_id: given.groupId,
      previous_id: given.previousId,
      // What is said first raises it to 1.
      rev: 0,
      bell_on: given.waits,
      last_message_at: date(at),
      started_at: date(at),
      accepted_at: date(at),
    }),
  )
}

/** Both ways: whoever looks at the old session finds the new one. */
async function linkPrevious(
  trx: Trx,
  after: Aftermath,
  given: Beginning,
  previousId: string | null,
  nextId: string,
  at: Instant,
): Promise<void> {
  if (previousId === null) return
  const previous = given.resumes ?? (await revOf(trx, previousId))
  if (previous === null) return
  const rev = await updateSession(trx, after, previous, { next_id: nextId })
  if (given.resumes === null) return
  const evidence: JsonObject = { nextId }
  await recordEvent(trx, previousId, { rev, at, actor: toldAs(given.actor), kind: 'reconnected', evidence })
}

async function revOf(trx: Trx, sessionId: string): Promise<{ readonly id: string; readonly rev: number } | null> {
  const { rows } = await sql<{ id: string; rev: number }>`
    SELECT id, rev FROM session WHERE id = ${sessionId} FOR UPDATE`.execute(trx)
  return rows[0] ?? null
}

/** The refusal is evidence of the session that it rests on. */
async function recordRefused(
  trx: Trx,
  on: { readonly id: string; readonly rev: number },
  actor: Actor,
  command: Origin,
  { code, ...facts }: Refusal,
  at: Instant,
): Promise<void> {
  const evidence: JsonObject = { command, refused: code, ...facts }
  await recordEvent(trx, on.id, { rev: on.rev, at, actor: toldAs(actor), kind: 'refused', evidence })
}

const toldAs = ({ kind, rights }: Actor): EventActor => ({ kind, id: rights.userId })

/** Done once for each key: a repeat finds the session that the first one began, or its refusal. */
function keyedStart(
  ctx: Ctx,
  keyed: Keyed,
  kind: Origin,
  sessionId: string | null,
  body: (trx: Trx, after: Aftermath, at: Instant) => Promise<Started>,
): Promise<Started> {
  return transact(ctx, async (trx, after) => {
    const before = await askFirst<{ readonly sessionId: string }>(trx, keyed)
    // Nothing is locked before it is known that this was not done already.
    await sql`SELECT 1`.execute(trx)
    const first = before()
    if (first !== null) return first
    const at = ctx.clock.now()
    const verdict = await body(trx, after, at)
    await keepAnswer(trx, keyed, { kind, sessionId: verdict.ok ? verdict.value.sessionId : sessionId, verdict, at })
    return verdict
  })
}
