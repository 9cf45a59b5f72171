// The shapes that the console reads: those of the API's own description, and the frames of the websocket, which no
// description of HTTP knows. Times are ISO 8601 UTC.
import type { components } from '../api.generated.d.ts'

type Schemas = components['schemas']

export type Session = Schemas['Session']
export type Message = Schemas['Message']
export type Group = Schemas['Group']
export type Channel = Schemas['Channel']
export type Me = Schemas['Me']
export type Result = Schemas['Result']
export type TimelineItem = Schemas['TimelineEvent']
export type WorkflowState = Schemas['SessionWorkflow']
export type MessageEvidence = Schemas['MessageEvidence']

export type Operator = Schemas['Operator']
export type User = Schemas['User']
export type Invitation = Schemas['Invitation']
export type CheckLine = Schemas['ChannelCheckLine']
export type SearchHit = Schemas['SearchHit']
export type SessionNote = Schemas['SessionNote']

export type HeroCard = Schemas['MessageTemplate']
export type Recipient = Schemas['Recipient']

export type Ban = Schemas['Ban']
export type Tag = Schemas['Tag']
export type Settings = Schemas['Settings']
export type ResultDraft = Schemas['ResultDraft']
export type ResultChange = Schemas['ResultChange']

export type Contact = Schemas['Contact']
export type ContactField = Schemas['ContactField']
export type ContactMerge = Schemas['ContactMerge']
export type ContactChange = Schemas['ContactChange']
export type ContactSuggestion = Schemas['ContactSuggestion']
export type ContactImport = Schemas['ContactImport']
export type CannedText = Schemas['CannedText']
export type CannedFolder = Schemas['CannedFolder']
export type FilledText = Schemas['FilledText']

export type Phase = Session['phase']
export type Client = Session['client']
export type ClosedBecause = NonNullable<Session['textField']['reason']>
export type LastMessage = NonNullable<Session['lastMessage']>
export type MessageStatus = NonNullable<Message['status']>
export type SendError = NonNullable<Message['error']>
export type AttemptEvidence = MessageEvidence['attempts'][number]
export type Presence = Me['presence']['status']

export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
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
