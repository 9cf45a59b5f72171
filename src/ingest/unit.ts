// What ingest works on: one item of one webhook, with the moment in which the webhook was received.
import type { InboundItem } from '../domain/inbound.ts'
import type { Alias, Instant } from '../domain/words.ts'

export interface Unit {
  readonly rawId: string
  readonly receivedAt: Instant
  readonly item: InboundItem
  /** PostgreSQL's code, where it refused the item as it was; the item is quarantined with it. */
  readonly sqlstate: string | null
  /** The item was held in quarantine and is tried once more. */
  readonly redriven: boolean
}

/** The aliases that lead to whom the unit is about. After an announced move those are the new ones. */
export function aliasesOf(unit: Unit): readonly Alias[] {
  const { item } = unit
  if (item.item === 'status') return item.aliases
  if (item.item !== 'message') return []
  return item.moved !== null && item.moved.aliases.length > 0 ? item.moved.aliases : item.aliases
}

/** Units that share one of these are about the same client, and keep their order. */
export function orderKeys(unit: Unit): readonly string[] {
  const { item } = unit
  if (item.item !== 'message' && item.item !== 'status') return []
  const aliases =
    item.item === 'message' && item.moved !== null ? [...item.aliases, ...item.moved.aliases] : item.aliases
  return aliases.map((alias) => aliasKey(item.phoneNumberId, alias))
}

export const aliasKey = (channel: string, alias: Alias): string => `${channel}\n${alias.kind}\n${alias.value}`
