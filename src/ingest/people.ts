// Whom each message of a batch is about, found in memory: known clients, newcomers, and the items whose client must
// first be joined, split or moved (those wait for a transaction of their own, and whatever follows them waits, too).

import { identify, type KnownClient } from '../domain/identity.ts'
import type { InboundMessage } from '../domain/inbound.ts'
import type { Alias } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { type Facts, type NewAlias, type NewClient, wamidKey } from './facts.ts'
import { aliasesOf, aliasKey, orderKeys, type Unit } from './unit.ts'

export interface People {
  /** The client of each message unit that can be taken in now. */
  readonly clientOf: ReadonlyMap<Unit, string>
  readonly newClients: readonly NewClient[]
  readonly newAliases: readonly NewAlias[]
  /** Units whose identity must be settled first, each with what is to be settled. */
  readonly unsettled: readonly Unsettled[]
  /** Units that must keep their place behind an unsettled one. */
  readonly behind: readonly Unit[]
}

export interface Unsettled {
  readonly unit: Unit
  readonly channelId: string
  readonly identity: IdentityWork
}

export type IdentityWork =
  | { readonly is: 'aliases'; readonly aliases: readonly Alias[]; readonly name: string | null }
  /** A status named its recipient by these. */
  | { readonly is: 'told'; readonly aliases: readonly Alias[]; readonly clientId: string }
  | { readonly is: 'move'; readonly from: readonly Alias[]; readonly to: readonly Alias[]; readonly wamid: string }

export function findPeople(units: readonly Unit[], facts: Facts): People {
  const known = new Map<string, KnownClient>()
  const withBsuid = new Set(facts.aliases.flatMap(({ kind, clientId }) => (kind === 'bsuid' ? [clientId] : [])))
  for (const alias of facts.aliases) {
    known.set(aliasKey(alias.channelId, alias), { id: alias.clientId, hasBsuid: withBsuid.has(alias.clientId) })
  }
  const clientOf = new Map<Unit, string>()
  const newClients: NewClient[] = []
  const newAliases: NewAlias[] = []
  const unsettled: Unsettled[] = []
  const behind: Unit[] = []
  const held = new Set<string>()

  const learn = (channelId: string, client: KnownClient, aliases: readonly Alias[]): void => {
    const knows = { id: client.id, hasBsuid: client.hasBsuid || aliases.some((alias) => alias.kind === 'bsuid') }
    for (const alias of aliases) {
      newAliases.push({ channelId, alias, clientId: client.id })
      known.set(aliasKey(channelId, alias), knows)
    }
    if (knows.hasBsuid !== client.hasBsuid) {
      for (const [key, other] of known) if (other.id === client.id) known.set(key, knows)
    }
  }

  for (const unit of units) {
    const { item } = unit
    // What is refused, or there already, teaches nobody's identity.
    if (unit.sqlstate !== null || (item.item === 'message' && isKnown(facts, item))) continue
    const keys = orderKeys(unit)
    if (keys.some((key) => held.has(key))) {
      for (const key of keys) held.add(key)
      behind.push(unit)
      continue
    }
    if (item.item !== 'message') continue
    const channel = facts.channels.get(item.phoneNumberId)
    if (channel === undefined) continue
    const find = (alias: Alias): KnownClient | null => known.get(aliasKey(channel.id, alias)) ?? null
    const work = moveOf(item, find)
    if (work !== null) {
      for (const key of keys) held.add(key)
      unsettled.push({ unit, channelId: channel.id, identity: work })
      continue
    }
    const aliases = aliasesOf(unit)
    const who = identify(aliases, find)
    if (who.is === 'same' || who.takesPhoneFrom !== null) {
      for (const key of keys) held.add(key)
      unsettled.push({ unit, channelId: channel.id, identity: { is: 'aliases', aliases, name: item.name } })
    } else if (who.is === 'known') {
      const client = aliases.map(find).find((found) => found?.id === who.clientId) ?? {
        id: who.clientId,
        hasBsuid: false,
      }
      if (who.learns.length > 0) learn(channel.id, client, who.learns)
      clientOf.set(unit, who.clientId)
    } else {
      const id = newId()
      newClients.push({ id, channelId: channel.id, name: item.name })
      learn(channel.id, { id, hasBsuid: false }, aliases)
      clientOf.set(unit, id)
    }
  }
  return { clientOf, newClients, newAliases, unsettled, behind }
}

/** A ghost is not there yet: its real message is still to come. */
export function isKnown(facts: Facts, item: InboundMessage): boolean {
  const message = facts.messages.get(wamidKey(item.phoneNumberId, item.wamid))
  return message !== undefined && message.kind !== 'ghost'
}

/** Meta's announcement still has to be carried out: the old aliases lead somewhere, the new ones not there. */
function moveOf(item: InboundMessage, find: (alias: Alias) => KnownClient | null): IdentityWork | null {
  if (item.moved === null || item.moved.aliases.length === 0) return null
  const was = item.aliases.map(find).find((client) => client !== null)
  if (was === undefined || was === null) return null
  const settled = item.moved.aliases.every((alias) => find(alias)?.id === was.id)
  return settled ? null : { is: 'move', from: item.aliases, to: item.moved.aliases, wamid: item.wamid }
}
