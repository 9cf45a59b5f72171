// What a batch of items has to know of the database before anything is decided: who and what the items name, and, with
// those clients locked, how they and their sessions stand (look.ts).
import type { AttemptState } from '../domain/delivery.ts'
import { destination } from '../domain/identity.ts'
import type { Alias, AliasKind, Instant, Phase } from '../domain/words.ts'

export interface ChannelFacts {
  readonly id: string
  readonly phoneNumberId: string
  readonly groupId: string
}

export interface AliasFacts {
  readonly channelId: string
  readonly kind: AliasKind
  readonly value: string
  readonly clientId: string
}

export interface ClientFacts {
  readonly id: string
  readonly channelId: string
  readonly aliases: Alias[]
  name: string | null
  rev: number
  windowUntil: Instant | null
  windowMessageId: string | null
}

export interface SessionFacts {
  readonly id: string
  readonly clientId: string
  readonly channelId: string
  phase: Phase
  rev: number
  lastSeq: number
  lastInSeq: number
  unread: number
  waitingSince: Instant | null
  lastMessageId: string | null
  lastMessageAt: Instant
  bellOn: boolean
  awaitsClient: boolean
  wrapUpAt: Instant | null
  endReason: string | null
  readonly ended: boolean
}

export interface KnownMessage {
  readonly id: string
  readonly channelId: string
  readonly wamid: string
  readonly kind: string
  readonly sessionId: string | null
  readonly seq: number | null
}

export interface AttemptFacts {
  readonly id: string
  readonly channelId: string
  readonly messageId: string
  readonly sessionId: string
  readonly clientId: string
  wamid: string | null
  state: AttemptState
  newest: boolean
  reachedAnyway: boolean
}

export interface Facts {
  readonly channels: ReadonlyMap<string, ChannelFacts>
  /** The setting `queueTime`, in seconds. */
  readonly queueTime: number
  /** All of whoever is named, held or not. */
  readonly aliases: readonly AliasFacts[]
  /** Those whose lock is held; who is missing is held by somebody else. */
  readonly clients: ReadonlyMap<string, ClientFacts>
  /** By id: of each client the open session, or the one that ended last, and those of the attempts. */
  readonly sessions: ReadonlyMap<string, SessionFacts>
  /** By client: its open session, or the one that ended last. */
  readonly lastSessions: ReadonlyMap<string, string>
  /** Messages that are there already, by `wamidKey`: whatever they say of their client was said before. */
  readonly messages: ReadonlyMap<string, KnownMessage>
  readonly attempts: readonly AttemptFacts[]
  /** Of the aliases that are named or known here those on the blacklist, by `aliasName`, with the end of the ban. */
  readonly bans: ReadonlyMap<string, Instant | null>
}

export const aliasName = ({ kind, value }: Alias): string => `${kind}\n${value}`

export interface RawRow {
  readonly id: string
  readonly receivedAt: Instant
  readonly body: Buffer
}

export interface WamidKey {
  readonly phoneNumberId: string
  readonly wamid: string
}
export const wamidKey = (phoneNumberId: string, wamid: string): string => `${phoneNumberId}\n${wamid}`

export interface NewClient {
  readonly id: string
  readonly channelId: string
  readonly name: string | null
}

export interface NewAlias {
  readonly channelId: string
  readonly alias: Alias
  readonly clientId: string
}

/** A concurrent transaction was first with the same client: look again, and `wait` for the lock where that is why. */
export class LookAgain extends Error {
  readonly wait: boolean

  constructor({ wait = false } = {}) {
    super('a concurrent transaction changed who is who')
    this.wait = wait
  }
}

export const destinationOf = (client: ClientFacts): Alias | null => destination(client.aliases)
