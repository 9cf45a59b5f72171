// One element of `statuses`: what became of a message that the company sent.
import type { InboundItem, ItemPath } from '../domain/inbound.ts'
import type { Alias } from '../domain/words.ts'
import { cleanObject, idOf, isObject, LONGEST_ID, textOf, timeOf } from './clean.ts'
import { invalid } from './invalid.ts'
import { aliasOf } from './message-item.ts'

const LONGEST_WORD = 64

export function readStatus(raw: unknown, path: ItemPath, phoneNumberId: string | null): InboundItem {
  if (!isObject(raw)) return invalid(path, 'not-an-object', phoneNumberId)
  if (phoneNumberId === null) return invalid(path, 'no-number', null)
  const wamid = idOf(raw.id)
  if (wamid === null) return invalid(path, 'no-id', phoneNumberId)
  if (wamid.length > LONGEST_ID) return invalid(path, 'id-too-long', phoneNumberId)
  const status = textOf(raw.status)
  if (status === null || status === '' || status.length > LONGEST_WORD) return invalid(path, 'no-status', phoneNumberId)
  return {
    item: 'status',
    path,
    phoneNumberId,
    wamid,
    status,
    metaTime: timeOf(raw.timestamp),
    opaque: textOf(raw.biz_opaque_callback_data),
    aliases: raw.recipient_type === 'group' ? [] : recipients(raw),
    body: cleanObject(raw),
  }
}

function recipients(raw: Record<string, unknown>): readonly Alias[] {
  const user = aliasOf(raw.recipient_user_id)
  const recipient = aliasOf(raw.recipient_id)
  const aliases: Alias[] = user === null ? [] : [{ kind: 'bsuid', value: user.value }]
  if (recipient !== null && !aliases.some((alias) => alias.kind === recipient.kind)) aliases.push(recipient)
  return aliases
}
