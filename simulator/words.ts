// The words of the simulated world: whose phone it is, whose number, what was said, and how far it got.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export interface JsonObject {
  readonly [key: string]: Json
}

/** One of the company's numbers at Meta. All numbers of a simulator belong to one business portfolio. */
export interface BusinessNumber {
  readonly phoneNumberId: string
  readonly wabaId: string
  /** With + and spaces, as Meta shows it. */
  readonly displayPhoneNumber: string
  readonly verifiedName: string
}

/** Somebody with a phone. Their BSUID is one per portfolio, and a new one whenever their number changes. */
export interface Client {
  readonly id: string
  name: string | null
  username: string | null
  /** Digits with country code, without +. */
  phone: string
  bsuid: string
  /** False: webhooks carry the BSUID only. */
  sharesPhone: boolean
  online: boolean
  /** Reads whatever arrives, at once. */
  autoRead: boolean
  onWhatsApp: boolean
  stoppedMarketing: boolean
}

/** What one client and one number have to do with each other; Meta's clocks run here. */
export interface Talk {
  readonly phoneNumberId: string
  readonly clientId: string
  /** Customer service window, milliseconds of the simulator's clock. */
  windowUntil: number | null
  /** An advertisement brought the client; a reply within 24 h opens the free entry point. */
  adUntil: number | null
  freeEntryUntil: number | null
  typingUntil: number | null
}

export const STATUSES = ['accepted', 'sent', 'delivered', 'read', 'played', 'failed'] as const
export type Status = (typeof STATUSES)[number]

/** What a message looks like on the phone: a template is filled in, a file has its address. */
export interface Shown {
  readonly header?: string
  readonly body: string
  readonly footer?: string
  readonly buttons?: readonly {
    readonly kind: 'reply' | 'url' | 'phone' | 'copy' | 'list'
    readonly id: string
    readonly text: string
    readonly description?: string
  }[]
  readonly mediaId?: string
  readonly mimeType?: string
  readonly filename?: string
}

export interface Failure {
  readonly code: number
  readonly details: string
}

export interface Note {
  readonly wamid: string
  readonly phoneNumberId: string
  readonly clientId: string
  readonly from: 'client' | 'company'
  /** Grows with each message of the simulator: the order on the phone. */
  readonly no: number
  /** Written on the company's own phone, not through the API. */
  readonly echo?: boolean
  readonly groupId?: string
  readonly type: string
  /** The body as the API has it, under the name of its type. */
  readonly content: Json
  shown: Shown
  readonly replyTo: string | null
  readonly at: number
  /**
   * Of a company's message: how far Meta brought it. Of a client's: sent when Meta has it, delivered when the
   * company's webhook answered 200, read when the company marked it so.
   */
  status: Status
  times: Partial<Record<Status, number>>
  failure: Failure | null
  readonly opaque: string | null
  readonly sentTo: 'phone' | 'bsuid' | 'group' | null
  readonly category: string | null
  readonly free: 'free_customer_service' | 'free_entry_point' | 'regular' | null
  /** Not delivered by then: dropped without a word. */
  readonly expiresAt: number | null
  /** Emoji by who gave it. */
  reactions: { client?: string; company?: string }
  /** A button of it was pressed. */
  pressed?: string
}

export const talkId = (phoneNumberId: string, clientId: string): string => `${phoneNumberId}/${clientId}`
export const isAtLeast = (status: Status, than: Status): boolean => STATUSES.indexOf(status) >= STATUSES.indexOf(than)
