// Opens a webhook's envelope, item by item: entry × change × message, status, error or notice. It never throws, and
// what is wrong with one item says nothing about the others.
import type { AccountNotice, InboundItem, ItemPath } from '../domain/inbound.ts'
import { cleanObject, idOf, isObject, LONGEST_ID } from './clean.ts'
import { invalid } from './invalid.ts'
import { readCall, readMessage, type Sender } from './message-item.ts'
import { readStatus } from './status-item.ts'

export function openEnvelope(body: Buffer): readonly InboundItem[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch (error) {
    return [invalid('', 'not-json', null, error instanceof Error ? error.message : null)]
  }
  if (!isObject(parsed)) return [invalid('', 'not-an-object', null)]
  if (!Array.isArray(parsed.entry)) return [invalid('', 'no-entry', null)]
  const items: InboundItem[] = []
  parsed.entry.forEach((entry: unknown, e: number) => {
    const path = `/entry/${e}`
    if (!isObject(entry)) items.push(invalid(path, 'not-an-object', null))
    else if (!Array.isArray(entry.changes)) items.push(invalid(path, 'no-changes', null))
    else for (const [c, change] of entry.changes.entries()) openChange(items, entry, change, `${path}/changes/${c}`)
  })
  return items
}

/** Which lists of a value hold what the client or the company said, and as what. */
const LISTS = [
  { list: 'messages', as: 'messages' },
  { list: 'message_echoes', as: 'echoes' },
] as const

function openChange(items: InboundItem[], entry: Record<string, unknown>, change: unknown, path: ItemPath): void {
  if (!isObject(change)) return void items.push(invalid(path, 'not-an-object', null))
  const field = idOf(change.field) ?? ''
  const { value } = change
  if (!isObject(value)) return void items.push(invalid(`${path}/value`, 'no-value', null))
  const metadata = isObject(value.metadata) ? value.metadata : {}
  const told = idOf(metadata.phone_number_id)
  const phoneNumberId = told === null || told.length > LONGEST_ID ? null : told
  const wabaId = idOf(entry.id)
  const before = items.length

  const sender: Sender = {
    phoneNumberId,
    standby: field === 'standby',
    contacts: listOf(value.contacts).filter(isObject),
  }
  for (const { list, as } of LISTS) {
    listOf(value[list]).forEach((message, n) => {
      items.push(
        guarded(`${path}/value/${list}/${n}`, phoneNumberId, (at) => readMessage(message, at, sender, as === 'echoes')),
      )
    })
  }
  listOf(value.calls).forEach((call, n) => {
    items.push(
      guarded(
        `${path}/value/calls/${n}`,
        phoneNumberId,
        (at) => readCall(call, at, sender) ?? notice(at, wabaId, phoneNumberId, 'calls', call),
      ),
    )
  })
  listOf(value.statuses).forEach((status, n) => {
    items.push(guarded(`${path}/value/statuses/${n}`, phoneNumberId, (at) => readStatus(status, at, phoneNumberId)))
  })
  listOf(value.errors).forEach((error, n) => {
    items.push(notice(`${path}/value/errors/${n}`, wabaId, phoneNumberId, 'errors', error))
  })
  // What holds none of these lists concerns the number, a template or the account.
  if (items.length === before)
    items.push(notice(`${path}/value`, wabaId, phoneNumberId, field === '' ? 'unknown' : field, value))
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

function guarded(path: ItemPath, phoneNumberId: string | null, read: (path: ItemPath) => InboundItem): InboundItem {
  try {
    return read(path)
  } catch (error) {
    return invalid(path, 'unreadable', phoneNumberId, error instanceof Error ? error.message : null)
  }
}

function notice(
  path: ItemPath,
  wabaId: string | null,
  phoneNumberId: string | null,
  field: string,
  value: unknown,
): AccountNotice {
  return {
    item: 'notice',
    path,
    wabaId,
    phoneNumberId,
    field,
    value: isObject(value) ? cleanObject(value) : { value: cleanObject({ value }).value ?? null },
  }
}
