// How Meta words what it reports: the contact, a client's message, a status, prices.
import { errorItem } from './errors.ts'
import type { Knobs } from './knobs.ts'
import type { BusinessNumber, Client, Failure, JsonObject, Note, Status } from './words.ts'

const seconds = (ms: number): string => String(Math.floor(ms / 1000))
/** Free-form messages and utility templates in the window are billed since then. */
const BILLED_SINCE = Date.UTC(2026, 9, 1)
const CONVERSATION_UNTIL = 23

/** Who wrote, or who got it: with the phone only where Meta may share it. */
export function contact(client: Client, knobs: Knobs, of: 'message' | 'status'): JsonObject {
  const profile = {
    ...(client.name === null ? {} : { name: client.name }),
    ...(client.username === null ? {} : { username: client.username }),
  }
  return {
    ...(knobs.noProfile || Object.keys(profile).length === 0 ? {} : { profile }),
    ...(phoneShared(client, knobs, of) ? { wa_id: client.phone } : {}),
    user_id: client.bsuid,
  }
}

export const phoneShared = (client: Client, knobs: Knobs, of: 'message' | 'status' | 'answer'): boolean =>
  client.sharesPhone && (knobs.bsuidOnly === 'off' || (knobs.bsuidOnly === 'messages' && of !== 'message'))

/** An entry of `messages`. */
export function message(note: Note, client: Client, knobs: Knobs, extra: JsonObject): JsonObject {
  return {
    ...(phoneShared(client, knobs, 'message') ? { from: client.phone } : {}),
    from_user_id: client.bsuid,
    id: note.wamid,
    timestamp: seconds(note.at),
    type: note.type,
    ...(note.groupId === undefined ? {} : { group_id: note.groupId }),
    ...extra,
    [note.type]: note.content,
  }
}

/** What comes instead of a message that Meta cannot show, or not yet. */
export function unsupported(note: Note, client: Client, knobs: Knobs, code: 131051 | 131060, what: string): JsonObject {
  return {
    ...(phoneShared(client, knobs, 'message') ? { from: client.phone } : {}),
    from_user_id: client.bsuid,
    id: note.wamid,
    timestamp: seconds(note.at),
    type: 'unsupported',
    errors: [
      code === 131060
        ? errorItem(131060)
        : { ...errorItem(131051), title: 'Message type unknown', message: 'Message type unknown' },
    ],
    unsupported: { type: what },
  }
}

export function echo(note: Note, client: Client, number: BusinessNumber): JsonObject {
  return {
    from: number.displayPhoneNumber.replace(/\D/g, ''),
    to: client.phone,
    id: note.wamid,
    timestamp: seconds(note.at),
    type: note.type,
    [note.type]: note.content,
  }
}

export interface StatusFacts {
  readonly note: Note
  readonly client: Client
  readonly status: Status
  readonly at: number
  readonly failure: Failure | null
  /** Statuses with prices: sent, and the first of delivered and read. */
  readonly priced: boolean
  readonly freeEntryUntil: number | null
}

/** An entry of `statuses`. */
export function status(facts: StatusFacts, knobs: Knobs): JsonObject {
  const { note, client, at } = facts
  return {
    id: note.wamid,
    status: facts.status,
    timestamp: seconds(at),
    ...recipient(note, client, knobs),
    ...(note.opaque === null ? {} : { biz_opaque_callback_data: note.opaque }),
    ...(facts.priced ? { ...conversation(facts, knobs), pricing: pricing(note, knobs, at) } : {}),
    ...(facts.failure ? { errors: [errorItem(facts.failure.code, facts.failure.details)] } : {}),
  }
}

function recipient(note: Note, client: Client, knobs: Knobs): JsonObject {
  const group = note.groupId
  if (group !== undefined) {
    return {
      recipient_id: group,
      recipient_type: 'group',
      recipient_participant_id: client.phone,
      recipient_participant_user_id: client.bsuid,
    }
  }
  return {
    ...(phoneShared(client, knobs, 'status') ? { recipient_id: client.phone } : {}),
    recipient_user_id: client.bsuid,
  }
}

/** Since v24.0 only while a free entry point is open. */
function conversation({ note, status: now, freeEntryUntil, at }: StatusFacts, knobs: Knobs): JsonObject {
  const old = Number(knobs.webhookVersion.slice(1)) <= CONVERSATION_UNTIL
  const free = freeEntryUntil !== null && at < freeEntryUntil
  if (!old && !free) return {}
  const until = free ? freeEntryUntil : at + 24 * 3_600_000
  return {
    conversation: {
      id: Buffer.from(note.wamid).toString('hex').slice(-32),
      ...(now === 'sent' ? { expiration_timestamp: seconds(until) } : {}),
      origin: { type: free ? 'referral_conversion' : (note.category ?? 'service') },
    },
  }
}

function pricing(note: Note, knobs: Knobs, at: number): JsonObject {
  const billedService = knobs.billing === 'since' || (knobs.billing === 'byDate' && at >= BILLED_SINCE)
  const inWindow = note.free === 'free_customer_service'
  const type = inWindow && billedService ? 'regular' : (note.free ?? 'regular')
  return {
    billable: type === 'regular',
    pricing_model: 'PMP',
    type,
    category: note.free === 'free_entry_point' ? 'referral_conversion' : (note.category ?? 'service'),
  }
}
