// One element of `messages`, `message_echoes` or `calls`, read tolerantly: every field may be missing, misspelt or of
// another type. What Parley cannot show keeps its type and content, and is shown as a placeholder of that type.
import type { InboundKind } from '../domain/effects.ts'
import { BSUID } from '../domain/identity.ts'
import type { InboundItem, InboundMessage, ItemPath } from '../domain/inbound.ts'
import type { Alias, Json, JsonObject, MessageType } from '../domain/words.ts'
import { clean, cleanObject, idOf, isObject, LONGEST_ID, shortened, textOf, timeOf } from './clean.ts'
import { invalid } from './invalid.ts'

export interface Sender {
  readonly phoneNumberId: string | null
  readonly standby: boolean
  readonly contacts: readonly Record<string, unknown>[]
}

export function aliasOf(value: unknown): Alias | null {
  const id = idOf(value)
  if (id === null || id.length > LONGEST_ID) return null
  return { kind: BSUID.test(id) ? 'bsuid' : 'phone', value: id }
}

const bsuidOf = (value: unknown): Alias | null => {
  const alias = aliasOf(value)
  return alias === null ? null : { kind: 'bsuid', value: alias.value }
}

const SHOWN: Readonly<Record<string, MessageType>> = {
  text: 'text',
  image: 'image',
  video: 'video',
  audio: 'audio',
  document: 'document',
  sticker: 'sticker',
  location: 'location',
  contacts: 'contacts',
  interactive: 'interactive',
  button: 'button',
  reaction: 'reaction',
  order: 'order',
  system: 'system',
}

/** Meta's code for content that it holds back for a moment; the real message follows with the same id. */
const GHOST = 131_060

export function readMessage(raw: unknown, path: ItemPath, sender: Sender, echo: boolean): InboundItem {
  const { phoneNumberId } = sender
  if (!isObject(raw)) return invalid(path, 'not-an-object', phoneNumberId)
  if (phoneNumberId === null) return invalid(path, 'no-number', null)
  const wamid = idOf(raw.id)
  if (wamid === null) return invalid(path, 'no-id', phoneNumberId)
  if (wamid.length > LONGEST_ID) return invalid(path, 'id-too-long', phoneNumberId)

  const originalType = textOf(raw.type) ?? 'unknown'
  const kind = kindOf(raw, originalType, sender, echo)
  const moved = kind === 'system' ? movedTo(raw) : null
  const contact = contactOf(raw, sender.contacts)
  const aliases = echo ? echoed(raw) : kind === 'system' ? before(raw) : spoken(raw, contact)
  if (aliases.length === 0 && (moved === null || moved.length === 0)) return invalid(path, 'no-sender', phoneNumberId)

  const body = Object.hasOwn(raw, originalType) ? raw[originalType] : undefined
  const type = typeOf(originalType, body)
  return {
    item: 'message',
    path,
    phoneNumberId,
    kind,
    type,
    aliases,
    name: contact === null ? null : nameOf(contact),
    wamid,
    metaTime: timeOf(raw.timestamp),
    text: wordsOf(originalType, body),
    content: contentOf(raw, originalType, type, body),
    replyTo: idOf(isObject(raw.context) ? raw.context.id : isObject(raw.reaction) ? raw.reaction.message_id : null),
    moved: moved === null ? null : { aliases: moved },
  }
}

/** A call of the client's; null for anything else that Meta tells about calls. */
export function readCall(raw: unknown, path: ItemPath, sender: Sender): InboundMessage | null {
  if (!isObject(raw) || sender.phoneNumberId === null || raw.direction !== 'USER_INITIATED') return null
  if (!/connect/i.test(String(raw.event))) return null
  const id = idOf(raw.id) ?? idOf(raw.wacid)
  const aliases = spoken(raw, contactOf(raw, sender.contacts))
  if (id === null || id.length > LONGEST_ID || aliases.length === 0) return null
  return {
    item: 'message',
    path,
    phoneNumberId: sender.phoneNumberId,
    kind: 'call',
    type: 'unsupported',
    aliases,
    name: null,
    wamid: id,
    metaTime: timeOf(raw.timestamp) ?? timeOf(raw.start_time),
    text: null,
    content: { originalType: 'call', event: textOf(raw.event), status: textOf(raw.status) },
    replyTo: null,
    moved: null,
  }
}

function kindOf(raw: Record<string, unknown>, type: string, sender: Sender, echo: boolean): InboundKind {
  if (echo) return 'echo'
  if (raw.group_id !== undefined && raw.group_id !== null) return 'group'
  if (type === 'system') return 'system'
  if (sender.standby) return 'standby'
  if (type === 'reaction' || type === 'edit' || type === 'revoke') return type
  if (type === 'unsupported' && errorsOf(raw).some((error) => Number(error.code) === GHOST)) return 'ghost'
  return 'message'
}

const errorsOf = (raw: Record<string, unknown>): Record<string, unknown>[] =>
  Array.isArray(raw.errors) ? raw.errors.filter(isObject) : []

// --- who ------------------------------------------------------------------------------------------------------------

/** The contact that describes this sender; where several came together, only one that says so itself. */
function contactOf(
  raw: Record<string, unknown>,
  contacts: readonly Record<string, unknown>[],
): Record<string, unknown> | null {
  const from = idOf(raw.from)
  const user = idOf(raw.from_user_id)
  const named = contacts.find((contact) => {
    const userId = idOf(contact.user_id)
    if (userId !== null && (userId === user || userId === from)) return true
    const waId = idOf(contact.wa_id)
    return waId !== null && waId === from
  })
  if (named !== undefined) return named
  const [only, ...others] = contacts
  if (only === undefined || others.length > 0) return null
  const contradicts = (user !== null && idOf(only.user_id) !== null) || (from !== null && idOf(only.wa_id) !== null)
  return contradicts ? null : only
}

function spoken(raw: Record<string, unknown>, contact: Record<string, unknown> | null): readonly Alias[] {
  const from = aliasOf(raw.from)
  const waId = contact === null ? null : aliasOf(contact.wa_id)
  return distinct([
    bsuidOf(raw.from_user_id),
    from?.kind === 'bsuid' ? from : null,
    contact === null ? null : bsuidOf(contact.user_id),
    waId?.kind === 'bsuid' ? waId : null,
    from?.kind === 'phone' ? from : null,
    waId?.kind === 'phone' ? waId : null,
  ])
}

/** An echo is the company's own message: the client is whom it went to. */
function echoed(raw: Record<string, unknown>): readonly Alias[] {
  const to = aliasOf(raw.to)
  return distinct([bsuidOf(raw.to_user_id), to?.kind === 'bsuid' ? to : null, to?.kind === 'phone' ? to : null])
}

function before(raw: Record<string, unknown>): readonly Alias[] {
  const system = isObject(raw.system) ? raw.system : {}
  return distinct([bsuidOf(system.previous_user_id), bsuidOf(raw.from_user_id), aliasOf(raw.from)])
}

/** Whom Meta says the client is from now on; null where its message is about something else. */
function movedTo(raw: Record<string, unknown>): readonly Alias[] | null {
  const system = isObject(raw.system) ? raw.system : {}
  if (system.type !== 'user_changed_number' && system.type !== 'user_changed_user_id') return null
  return distinct([bsuidOf(system.user_id), aliasOf(system.wa_id)])
}

/** One of each kind, the first that was found. */
function distinct(aliases: readonly (Alias | null)[]): readonly Alias[] {
  const found: Alias[] = []
  for (const alias of aliases) {
    if (alias !== null && !found.some((known) => known.kind === alias.kind)) found.push(alias)
  }
  return found
}

const NAME_LENGTH = 200

function nameOf(contact: Record<string, unknown>): string | null {
  const profile = isObject(contact.profile) ? contact.profile : {}
  const name = textOf(profile.name) ?? textOf(profile.username)
  return name === null || name.trim() === '' ? null : shortened(name.trim(), NAME_LENGTH)
}

// --- what -----------------------------------------------------------------------------------------------------------

function typeOf(originalType: string, body: unknown): MessageType {
  if (originalType === 'audio' && isObject(body) && body.voice === true) return 'voice'
  return (Object.hasOwn(SHOWN, originalType) ? SHOWN[originalType] : undefined) ?? 'unsupported'
}

/** What an operator reads: an answer to a form that says nothing itself is told by the form's name. */
function wordsOf(type: string, body: unknown): string | null {
  if (!isObject(body)) return type === 'text' || type === 'button' ? wordOf(body) : null
  switch (type) {
    case 'text':
    case 'system':
      return wordOf(body.body)
    case 'button':
    case 'order':
      return wordOf(body.text)
    case 'interactive': {
      const reply = body[typeof body.type === 'string' ? body.type : '']
      return isObject(reply) ? (wordOf(reply.title) ?? wordOf(reply.body) ?? wordOf(reply.name)) : null
    }
    default:
      return wordOf(body.caption)
  }
}

/** A string, or a number where somebody forgot its quotes. */
const wordOf = (value: unknown): string | null => textOf(typeof value === 'number' ? String(value) : value)

/** Things that may stand beside a message of any type, and are worth showing. */
const BESIDE: readonly (readonly [string, string])[] = [
  ['errors', 'errors'],
  ['referral', 'referral'],
  ['group_id', 'groupId'],
  ['unsupported', 'unsupported'],
  ['to', 'to'],
]

function contentOf(raw: Record<string, unknown>, originalType: string, type: MessageType, body: unknown): JsonObject {
  const content: Record<string, Json> = isObject(body)
    ? { ...cleanObject(body) }
    : body === undefined
      ? {}
      : { items: clean(body) }
  if (type === 'unsupported' || originalType === 'edit') content.originalType = unsupportedType(raw, originalType)
  for (const [from, to] of BESIDE)
    if (raw[from] !== undefined && content[to] === undefined) content[to] = clean(raw[from])
  if (isObject(raw.context)) {
    if (raw.context.forwarded === true || raw.context.frequently_forwarded === true) content.forwarded = true
    if (raw.context.referred_product !== undefined) content.referredProduct = clean(raw.context.referred_product)
  }
  return content
}

function unsupportedType(raw: Record<string, unknown>, originalType: string): string {
  const named = isObject(raw.unsupported) ? textOf(raw.unsupported.type) : null
  return originalType === 'unsupported' && named !== null ? named : originalType
}
