// How a committed change reaches the live view: every transaction that changes sessions raises each one's `rev` by
// exactly one and says so, in this process directly after the commit and in all others through one NOTIFY.
import { sql } from 'kysely'
import { later, type Trx } from '../db/database.ts'
import { newId } from '../ids.ts'

export interface Change {
  readonly sessionId: string
  /** The session's rev after the change. */
  readonly rev: number
}

/** Messages of a client that belong to no session changed. */
export interface ClientChange {
  readonly clientId: string
  /** The client's rev after the change. */
  readonly rev: number
}

export const LIVE_CHANNEL = 'parley_live'

/** NOTIFY takes 8,000 bytes; a larger batch says only "look again". */
const NOTIFY_BYTES = 7_000

export type LiveNotice =
  | {
      readonly from: string
      readonly changes: readonly (readonly [string, number])[]
      readonly clients?: readonly (readonly [string, number])[]
    }
  | { readonly from: string; readonly resync: true }
  | { readonly from: string; readonly rights: string }
  | { readonly from: string; readonly presence: string }
  | { readonly from: string; readonly channel: string }
  /** The HeroCards of this channel were read anew. */
  | { readonly from: string; readonly templates: string }
  | { readonly from: string; readonly typing: readonly [sessionId: string, userId: string] }

export function noticeOf(changes: readonly Change[], from: string, clients: readonly ClientChange[] = []): string {
  const told = clients.map((client) => [client.clientId, client.rev] as const)
  const notice: LiveNotice = {
    from,
    changes: changes.map((change) => [change.sessionId, change.rev]),
    ...(told.length === 0 ? {} : { clients: told }),
  }
  const text = JSON.stringify(notice)
  return Buffer.byteLength(text) <= NOTIFY_BYTES ? text : JSON.stringify({ from, resync: true } satisfies LiveNotice)
}

type Listener = (changes: readonly Change[]) => void
type ClientListener = (changes: readonly ClientChange[]) => void
type ChannelListener = (channelId: string) => void
type TemplatesListener = (wabaId: string) => void

export class ChangeBus {
  /** Tells this process's own notices from those of others. */
  readonly processId = newId()
  readonly #listeners = new Set<Listener>()
  readonly #clientListeners = new Set<ClientListener>()
  readonly #channelListeners = new Set<ChannelListener>()
  readonly #templatesListeners = new Set<TemplatesListener>()
  readonly #cardsListeners = new Set<ChannelListener>()

  emit(changes: readonly Change[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes)
  }

  emitClients(changes: readonly ClientChange[]): void {
    if (changes.length > 0) for (const listener of this.#clientListeners) listener(changes)
  }

  onClients(listener: ClientListener): () => void {
    this.#clientListeners.add(listener)
    return () => void this.#clientListeners.delete(listener)
  }

  /** Meta told that HeroCards of this account changed. */
  emitTemplates(wabaId: string): void {
    for (const listener of this.#templatesListeners) listener(wabaId)
  }

  onTemplates(listener: TemplatesListener): void {
    this.#templatesListeners.add(listener)
  }

  /** The HeroCards of this channel were read anew. */
  emitCards(channelId: string): void {
    for (const listener of this.#cardsListeners) listener(channelId)
  }

  onCards(listener: ChannelListener): () => void {
    this.#cardsListeners.add(listener)
    return () => void this.#cardsListeners.delete(listener)
  }

  emitChannel(channelId: string): void {
    for (const listener of this.#channelListeners) listener(channelId)
  }

  onChannel(listener: ChannelListener): () => void {
    this.#channelListeners.add(listener)
    return () => void this.#channelListeners.delete(listener)
  }

  on(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}

export async function notify(trx: Trx, changes: readonly Change[], from: string): Promise<void> {
  if (changes.length === 0) return
  await later(trx, sql`SELECT pg_notify(${LIVE_CHANNEL}, ${noticeOf(changes, from)})`)
}

/** A channel's state changed, and with it the text field of all its sessions. */
export async function notifyChannel(trx: Trx, channelId: string, from: string): Promise<void> {
  const notice: LiveNotice = { from, channel: channelId }
  await later(trx, sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`)
}

/** The HeroCards of a channel were read anew: whoever looks at them looks again. */
export async function notifyCards(trx: Trx, channelId: string, from: string): Promise<void> {
  const notice: LiveNotice = { from, templates: channelId }
  await sql`SELECT pg_notify(${LIVE_CHANNEL}, ${JSON.stringify(notice)})`.execute(trx)
}
