// The items of a webhook, after the envelope has been opened and before any of them touches the database. Each item
// stands for itself: what is wrong with one never harms its siblings.
import type { InboundKind } from './effects.ts'
import type { Alias, Instant, JsonObject, MessageType } from './words.ts'

/** Where in the body the item stood, e.g. `/entry/0/changes/1/value/messages/2`. */
export type ItemPath = string

/** A message, call or echo, told for the number `phoneNumberId`. */
export interface InboundMessage {
  readonly item: 'message'
  readonly path: ItemPath
  readonly phoneNumberId: string
  readonly kind: InboundKind
  readonly type: MessageType
  /** Who it is about: the client, by every alias that Meta gave. Never empty. */
  readonly aliases: readonly Alias[]
  readonly name: string | null
  readonly wamid: string
  /** Meta's time in ms; null where it gave none that can be read. */
  readonly metaTime: Instant | null
  /** The text, or a file's caption, or the words of a button. */
  readonly text: string | null
  readonly content: JsonObject
  /** The wamid of the message it answers (context.id). */
  readonly replyTo: string | null
  /** Only for `system`: the new identity that Meta announces for the client. */
  readonly moved: { readonly aliases: readonly Alias[] } | null
}

export interface InboundStatus {
  readonly item: 'status'
  readonly path: ItemPath
  readonly phoneNumberId: string
  readonly wamid: string
  /** `sent`, `delivered`, `read`, `played`, `failed`, or whatever Meta will invent. */
  readonly status: string
  readonly metaTime: Instant | null
  /** biz_opaque_callback_data: the id of the attempt. */
  readonly opaque: string | null
  /** The recipient, by every alias that Meta told with it. */
  readonly aliases: readonly Alias[]
  /** The whole status as Meta told it (errors, pricing, conversation). */
  readonly body: JsonObject
}

/** Whatever concerns a number, a template or an account rather than a message. */
export interface AccountNotice {
  readonly item: 'notice'
  readonly path: ItemPath
  readonly wabaId: string | null
  readonly phoneNumberId: string | null
  readonly field: string
  readonly value: JsonObject
}

/** An item that cannot be taken in as it stands. */
export interface InvalidItem {
  readonly item: 'invalid'
  readonly path: ItemPath
  /** `not-json`, `not-an-object`, `no-number`, `no-sender`, `no-id`, … */
  readonly reason: string
  readonly detail: string | null
  readonly phoneNumberId: string | null
}

export type InboundItem = InboundMessage | InboundStatus | AccountNotice | InvalidItem
