// The shapes that the console reads, as the interface fixes them. Times are ISO 8601 UTC.

export type Phase = 'queued' | 'active' | 'wrapUp' | 'ended'
export type ClosedBecause =
  | 'awaitingClient'
  | 'windowShut'
  | 'noOperator'
  | 'banned'
  | 'channelDown'
  | 'wrapUp'
  | 'ended'
export type MessageStatus =
  | 'pending'
  | 'calling'
  | 'unknown'
  | 'accepted'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'played'
  | 'failed'
export type MessageType =
  | 'text'
  | 'image'
  | 'video'
  | 'audio'
  | 'voice'
  | 'document'
  | 'sticker'
  | 'location'
  | 'contacts'
  | 'template'
  | 'interactive'
  | 'button'
  | 'reaction'
  | 'order'
  | 'system'
  | 'unsupported'

export interface Client {
  readonly id: string
  readonly name: string | null
  readonly phone: string | null
  readonly bsuid: string | null
  readonly contactId: string | null
}

export interface TextField {
  readonly open: boolean
  readonly until: string | null
  readonly reason: ClosedBecause | null
}

export interface Offer {
  readonly operatorId: string | null
  readonly groupId: string | null
  readonly since: string
  readonly dueAt: string | null
  readonly overdueAt: string | null
}

/** What a row of a list shows of the newest message. */
export type LastMessage = Pick<
  Message,
  'id' | 'direction' | 'type' | 'text' | 'author' | 'status' | 'at' | 'receivedAt'
> & { readonly seq: number }

export interface Session {
  readonly id: string
  readonly rev: number
  readonly channelId: string
  readonly client: Client
  readonly phase: Phase
  readonly operatorId: string | null
  readonly operatorName: string | null
  readonly groupId: string | null
  readonly origin: 'inbound' | 'direct' | 'reconnect'
  readonly previousId: string | null
  readonly nextId: string | null
  readonly textField: TextField
  readonly window: { readonly until: string | null; readonly messageId: string | null }
  readonly offer: Offer | null
  readonly waitingSince: string | null
  readonly unread: number
  readonly lastSeq: number
  readonly readSeq: number
  readonly lastMessage: LastMessage | null
  readonly lastMessageAt: string
  readonly attention: { readonly failed: number; readonly unknown: number }
  readonly tags: readonly string[]
  readonly result: { readonly resultId: string; readonly note: string | null } | null
  readonly startedAt: string
  readonly acceptedAt: string | null
  readonly wrapUpAt: string | null
  readonly wrapUpUntil: string | null
  readonly endedAt: string | null
  readonly endReason: string | null
}

export interface SendError {
  readonly code: number | string
  readonly title: string
  readonly advice: string
  readonly retry: 'now' | 'template' | 'never'
}

export interface Attempt {
  readonly no: number
  readonly status: MessageStatus
  readonly at: string
  readonly error: SendError | null
}

export interface Message {
  readonly id: string
  readonly rev: number
  readonly sessionId: string | null
  readonly clientId: string
  readonly seq: number | null
  readonly direction: 'in' | 'out'
  readonly kind: string
  readonly type: MessageType
  readonly text: string | null
  readonly content: unknown
  readonly template: unknown
  readonly file: {
    readonly id: string
    readonly name: string | null
    readonly mimeType: string | null
    readonly size: number | null
    readonly state: string
    readonly reason: string | null
  } | null
  readonly author: {
    readonly kind: 'client' | 'operator' | 'program' | 'system'
    readonly id: string | null
    readonly name: string | null
  }
  readonly status: MessageStatus | null
  readonly statusTimes: Readonly<Partial<Record<MessageStatus, string>>>
  readonly waitingUntil: string | null
  readonly error: SendError | null
  readonly reachedAnyway: boolean
  readonly attempts: readonly Attempt[]
  readonly replyTo: {
    readonly messageId: string | null
    readonly text: string | null
    readonly type: MessageType | null
    readonly direction: 'in' | 'out' | null
  } | null
  readonly clientRef: string | null
  readonly at: string
  readonly receivedAt: string
  readonly timeDoubted: boolean
  readonly supersededBy: string | null
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

export type Presence = 'online' | 'away' | 'offline'

export interface Me {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: 'operator' | 'supervisor' | 'administrator'
  readonly groups: readonly { readonly id: string; readonly name: string }[]
  readonly presence: { readonly status: Presence; readonly reason: string | null }
}

export interface Channel {
  readonly id: string
  readonly phoneNumberId: string
  readonly displayPhoneNumber: string
  readonly name: string
  readonly state: 'up' | 'down'
  readonly stateReason: { readonly code: string; readonly title: string; readonly advice: string } | null
}

export interface Result {
  readonly id: string
  readonly name: string
  readonly children?: readonly Result[] | undefined
  readonly noteRequired: boolean
}

export interface TimelineItem {
  readonly id: string
  readonly at: string
  readonly actor: { readonly kind: string; readonly id: string | null; readonly name: string | null }
  readonly type: string
  readonly evidence: Readonly<Record<string, unknown>>
}

interface Sends {
  readonly pending: number
  readonly calling: number
  readonly waitUntil: string | null
}

interface TimerDue {
  readonly name: string
  readonly dueAt: string
}

export interface WorkflowState {
  readonly answered: boolean
  readonly rev: number | null
  readonly phase: Phase | null
  readonly textField: TextField | null
  readonly timers: readonly TimerDue[] | null
  readonly sends: (Sends & { readonly draining: boolean }) | null
  readonly next: { readonly what: string; readonly at: string | null } | null
  readonly asOf: string | null
  readonly database: {
    readonly rev: number
    readonly phase: Phase
    readonly textField: TextField
    readonly window: { readonly until: string | null }
    readonly timers: readonly TimerDue[]
    readonly sends: Sends
    readonly asOf: string
  }
}

export interface StatusEvidence {
  readonly status: string
  readonly at: string
  readonly receivedAt: string
  readonly source: 'meta' | 'parley' | 'operator'
  readonly moved: boolean
}

export interface AttemptEvidence {
  readonly id: string
  readonly no: number
  readonly status: MessageStatus
  readonly wamid: string | null
  readonly createdAt: string
  readonly claimedAt: string | null
  readonly waitUntil: string | null
  readonly evidence: Readonly<Record<string, unknown>>
  readonly error: SendError | null
  readonly reachedAnyway: boolean
  readonly statuses: readonly StatusEvidence[]
}

export interface MessageEvidence {
  readonly messageId: string
  readonly direction: 'in' | 'out'
  readonly wamid: string | null
  readonly at: string
  readonly receivedAt: string
  readonly timeDoubted: boolean
  readonly attempts: readonly AttemptEvidence[]
  readonly events: readonly TimelineItem[]
}

export type LiveFrame =
  | { readonly type: 'hello'; readonly serverTime: string }
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'message'; readonly sessionId: string | null; readonly message: Message }
  | {
      readonly type: 'status'
      readonly sessionId: string
      readonly messageId: string
      readonly rev: number
      readonly status: MessageStatus
      readonly at: string
      readonly error: SendError | null
    }
  | { readonly type: 'gone'; readonly sessionId: string }
  | { readonly type: 'presence'; readonly userId: string; readonly status: Presence; readonly reason: string | null }
  | { readonly type: 'channel'; readonly channel: Channel }
  | { readonly type: 'typing'; readonly sessionId: string; readonly userId: string }
  | { readonly type: 'resync' }
