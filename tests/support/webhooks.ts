// Webhooks as Meta writes them, built from the contract: what a client says, what became of what the company sent, and
// how several of these come in one body. Bodies are ASCII with \u escapes, and those bytes are what is signed.
import { createHmac, randomBytes } from 'node:crypto'

export interface Who {
  /** Digits, as `from` carries them; absent for clients who hide their number. */
  readonly phone?: string
  readonly bsuid?: string
  /** Null: the contact has no profile. */
  readonly name?: string | null
}

export interface Said {
  readonly id?: string
  /** Meta's time in ms; null leaves the timestamp out. */
  readonly at?: number | null
  /** The id of the message that is answered. */
  readonly replyTo?: string
}

export interface Number_ {
  readonly phoneNumberId: string
  readonly display?: string
  readonly wabaId?: string
}

type Fields = { readonly [key: string]: unknown }

/** One thing that a webhook tells. */
export interface Told {
  readonly field: string
  readonly list: string
  readonly element: Fields
  readonly contact: Fields | null
}

export interface Webhook {
  readonly object: 'whatsapp_business_account'
  readonly entry: readonly { readonly id: string; readonly changes: readonly Fields[] }[]
}

export const newWamid = (): string => `wamid.${randomBytes(24).toString('base64')}`

let clock = (): number => Date.now()
/** What is said without a time is said now, by this clock. */
export const speakBy = (now: () => number): void => {
  clock = now
}

const seconds = (at: number): string => String(Math.floor(at / 1000))

const contactOf = (who: Who): Fields => ({
  ...(who.name === null ? {} : { profile: { name: who.name ?? 'Jana' } }),
  ...(who.phone === undefined ? {} : { wa_id: who.phone }),
  ...(who.bsuid === undefined ? {} : { user_id: who.bsuid }),
})

const senderOf = (who: Who): Fields => ({
  ...(who.phone === undefined ? {} : { from: who.phone }),
  ...(who.bsuid === undefined ? {} : { from_user_id: who.bsuid }),
})

export function message(who: Who, type: string, body: Fields, said: Said = {}): Told {
  return {
    field: 'messages',
    list: 'messages',
    element: {
      ...senderOf(who),
      id: said.id ?? newWamid(),
      ...(said.at === null ? {} : { timestamp: seconds(said.at ?? clock()) }),
      type,
      ...(said.replyTo === undefined ? {} : { context: { from: '420111', id: said.replyTo } }),
      ...body,
    },
    contact: contactOf(who),
  }
}

export const text = (who: Who, body: string, said?: Said): Told => message(who, 'text', { text: { body } }, said)

export function media(
  who: Who,
  type: 'image' | 'video' | 'audio' | 'document' | 'sticker',
  more: Fields = {},
  said?: Said,
): Told {
  const mime = {
    image: 'image/jpeg',
    video: 'video/mp4',
    audio: 'audio/ogg; codecs=opus',
    document: 'application/pdf',
    sticker: 'image/webp',
  }
  return message(
    who,
    type,
    { [type]: { id: '1003383421387256', mime_type: mime[type], sha256: 'SfInY0gG0GUI=', ...more } },
    said,
  )
}

/** `emoji` null takes the reaction back: Meta then leaves the emoji out. */
export const reaction = (who: Who, to: string, emoji: string | null, said?: Said): Told =>
  message(who, 'reaction', { reaction: { message_id: to, ...(emoji === null ? {} : { emoji }) } }, said)

export const button = (who: Who, words: string, said?: Said): Told =>
  message(who, 'button', { button: { payload: words, text: words } }, said)

export const buttonReply = (who: Who, title: string, said?: Said): Told =>
  message(who, 'interactive', { interactive: { type: 'button_reply', button_reply: { id: 'x', title } } }, said)

export const edit = (who: Who, of: string, body: string, said?: Said): Told =>
  message(who, 'edit', { edit: { original_message_id: of, message: { type: 'text', text: { body } } } }, said)

export const revoke = (who: Who, of: string, said?: Said): Told =>
  message(who, 'revoke', { revoke: { original_message_id: of } }, said)

export const unsupported = (who: Who, kind: string, code = 131051, said?: Said): Told =>
  message(
    who,
    'unsupported',
    {
      errors: [{ code, title: 'Message type unknown', error_data: { details: 'not supported' } }],
      unsupported: { type: kind },
    },
    said,
  )

/** Content that Meta holds back for a moment; the real message follows with the same id. */
export const ghost = (who: Who, said?: Said): Told => unsupported(who, 'unknown', 131060, said)

export const inGroup = (told: Told, groupId = 'group-1'): Told => ({
  ...told,
  element: { ...told.element, group_id: groupId },
})

export const standby = (told: Told): Told => ({ ...told, field: 'standby' })

/** `from` is the old number; without user ids it is the form of before August 2026. */
export function numberChange(
  was: Who,
  now: { readonly phone?: string; readonly bsuid?: string },
  said: Said = {},
): Told {
  return {
    field: 'messages',
    list: 'messages',
    element: {
      ...(was.phone === undefined ? {} : { from: was.phone }),
      id: said.id ?? newWamid(),
      timestamp: seconds(said.at ?? clock()),
      type: 'system',
      system: {
        body: 'The user changed their number',
        type: now.phone === undefined ? 'user_changed_user_id' : 'user_changed_number',
        ...(now.phone === undefined ? {} : { wa_id: now.phone }),
        ...(now.bsuid === undefined ? {} : { user_id: now.bsuid }),
        ...(was.bsuid === undefined ? {} : { previous_user_id: was.bsuid }),
      },
    },
    contact: null,
  }
}

/** A message that the company wrote in the phone app (coexistence). */
export const echo = (to: Who, body: string, said: Said = {}): Told => ({
  field: 'smb_message_echoes',
  list: 'message_echoes',
  element: {
    from: '420111222333',
    ...(to.phone === undefined ? {} : { to: to.phone }),
    ...(to.bsuid === undefined ? {} : { to_user_id: to.bsuid }),
    id: said.id ?? newWamid(),
    timestamp: seconds(said.at ?? clock()),
    type: 'text',
    text: { body },
  },
  contact: null,
})

export const call = (who: Who, said: Said & { readonly event?: string; readonly direction?: string } = {}): Told => ({
  field: 'calls',
  list: 'calls',
  element: {
    id: said.id ?? `wacid.${randomBytes(12).toString('base64')}`,
    ...senderOf(who),
    to: '420111222333',
    event: said.event ?? 'connect',
    direction: said.direction ?? 'USER_INITIATED',
    timestamp: seconds(said.at ?? clock()),
  },
  contact: contactOf(who),
})

export interface Became {
  readonly at?: number
  readonly to?: Who
  readonly opaque?: string
  readonly code?: number
  readonly more?: Fields
}

export const status = (wamid: string, word: string, became: Became = {}): Told => ({
  field: 'messages',
  list: 'statuses',
  element: {
    id: wamid,
    status: word,
    timestamp: seconds(became.at ?? clock()),
    ...(became.to?.phone === undefined ? {} : { recipient_id: became.to.phone }),
    ...(became.to?.bsuid === undefined ? {} : { recipient_user_id: became.to.bsuid }),
    ...(became.opaque === undefined ? {} : { biz_opaque_callback_data: became.opaque }),
    ...(word === 'sent'
      ? { pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'service' } }
      : {}),
    ...(became.code === undefined
      ? {}
      : {
          errors: [
            { code: became.code, title: 'Meta said no', message: 'Meta said no', error_data: { details: 'why' } },
          ],
        }),
    ...became.more,
  },
  contact: null,
})

export const accountError = (code: number): Told => ({
  field: 'messages',
  list: 'errors',
  element: { code, title: 'Something is wrong', message: 'Something is wrong' },
  contact: null,
})

/** One entry with one change a field, in the order given. */
export function webhook(number: Number_, ...told: readonly Told[]): Webhook {
  const changes: { field: string; told: Told[] }[] = []
  for (const one of told) {
    const last = changes.at(-1)
    if (last?.field === one.field) last.told.push(one)
    else changes.push({ field: one.field, told: [one] })
  }
  return {
    object: 'whatsapp_business_account',
    entry: [
      { id: number.wabaId ?? 'waba-1', changes: changes.map((change) => changeOf(number, change.field, change.told)) },
    ],
  }
}

/** Several webhooks in one body, each an entry. */
export const batch = (...webhooks: readonly Webhook[]): Webhook => ({
  object: 'whatsapp_business_account',
  entry: webhooks.flatMap((one) => one.entry),
})

function changeOf(number: Number_, field: string, told: readonly Told[]): Fields {
  const lists = new Map<string, Fields[]>()
  for (const one of told) lists.set(one.list, [...(lists.get(one.list) ?? []), one.element])
  const contacts = [
    ...new Map(
      told.flatMap((one) => (one.contact === null ? [] : [[JSON.stringify(one.contact), one.contact]])),
    ).values(),
  ]
  return {
    field,
    value: {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: number.display ?? '420111222333', phone_number_id: number.phoneNumberId },
      ...(contacts.length === 0 ? {} : { contacts }),
      ...Object.fromEntries(lists),
    },
  }
}

/** The bytes on the wire: every character beyond ASCII as \uXXXX, with lowercase digits. */
export function bytes(body: unknown): Buffer {
  const json = typeof body === 'string' ? body : JSON.stringify(body)
  return Buffer.from(
    json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    'ascii',
  )
}

export const signature = (body: Buffer, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
