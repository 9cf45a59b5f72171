// One batch, one transaction, three round trips: find out who and what the items name; lock those clients and read how
// they stand; write what follows from it.
import type { Client as PgClient } from 'pg'
import type { Instant } from '../domain/words.ts'
import type { ClientFacts, Located, Locked, RawRow } from './facts.ts'
import { LookAgain, uuidOf, type WamidKey, wamidKey } from './facts.ts'
import { locate } from './locate.ts'
import { lockAndRead } from './lock.ts'
import { findPeople, type People, type Unsettled } from './people.ts'
import { type Planned, planBatch } from './plan.ts'
import { aliasesOf, type Unit } from './unit.ts'
import { type Writes, write } from './writes.ts'

export interface Applied {
  readonly writes: Writes
  /** For the next batch, in this order, ahead of what waits. */
  readonly left: readonly Unit[]
  /** These first need a transaction of their own (join, split, move); what follows each of them is in `left`. */
  readonly unsettled: readonly Unsettled[]
  readonly told: Planned['told']
}

export async function applyBatch(
  pg: PgClient,
  raws: readonly RawRow[],
  units: readonly Unit[],
  options: { readonly now: Instant; readonly wait: boolean; readonly processId: string },
): Promise<Applied> {
  const located = await locate(pg, raws, keysOf(units))
  const people = findPeople(units, located)
  const aside = new Set([...people.unsettled.map((one) => one.unit), ...people.behind])
  const now = units.filter((unit) => !aside.has(unit))
  const locked = await lockAndRead(
    pg,
    options.now,
    { clients: people.newClients, aliases: people.newAliases },
    wanted(now, located, people, options.wait),
  )
  verify(now, people, locked)
  const planned = planBatch(now, located, people, locked, options.now)
  await write(pg, planned.writes, options.now, options.processId)
  const left = new Set([...planned.left, ...people.behind])
  return {
    writes: planned.writes,
    left: units.filter((unit) => left.has(unit)),
    unsettled: people.unsettled,
    told: planned.told,
  }
}

function keysOf(units: readonly Unit[]) {
  const phoneNumberIds = new Set<string>()
  const aliases: { phoneNumberId: string; alias: ReturnType<typeof aliasesOf>[number] }[] = []
  const messages: WamidKey[] = []
  const statuses: WamidKey[] = []
  const opaques = new Set<string>()
  for (const { item } of units) {
    if (item.item !== 'message' && item.item !== 'status') continue
    phoneNumberIds.add(item.phoneNumberId)
    if (item.item === 'message') messages.push({ phoneNumberId: item.phoneNumberId, wamid: item.wamid })
    const named =
      item.item === 'message' && item.moved !== null ? [...item.aliases, ...item.moved.aliases] : item.aliases
    for (const alias of named) aliases.push({ phoneNumberId: item.phoneNumberId, alias })
    if (item.item === 'status') {
      statuses.push({ phoneNumberId: item.phoneNumberId, wamid: item.wamid })
      const opaque = uuidOf(item.opaque)
      if (opaque !== null) opaques.add(opaque)
    }
  }
  return { phoneNumberIds: [...phoneNumberIds], aliases, messages, statuses, opaques: [...opaques] }
}

function wanted(units: readonly Unit[], located: Located, people: People, wait: boolean) {
  const clientIds = new Set<string>()
  const ghosts: { channelId: string; wamid: string }[] = []
  for (const unit of units) {
    const clientId = people.clientOf.get(unit)
    if (clientId === undefined || unit.item.item !== 'message') continue
    clientIds.add(clientId)
    const there = located.messages.get(wamidKey(unit.item.phoneNumberId, unit.item.wamid))
    if (there !== undefined) ghosts.push(there)
  }
  for (const attempt of located.attempts) clientIds.add(attempt.clientId)
  return {
    clientIds: [...clientIds].sort(),
    ghosts,
    attemptIds: located.attempts.map((attempt) => attempt.id),
    wait,
  }
}

/** Between looking and locking, somebody may have joined, moved or taught a client: then everything is looked at anew. */
function verify(units: readonly Unit[], people: People, locked: Locked): void {
  for (const unit of units) {
    const clientId = people.clientOf.get(unit)
    const client = clientId === undefined ? undefined : locked.clients.get(clientId)
    if (client !== undefined && !isStill(client, unit)) throw new LookAgain()
  }
}

function isStill(client: ClientFacts, unit: Unit): boolean {
  if (client.joinedInto !== null) return false
  const known = (kind: string): readonly string[] =>
    client.aliases.filter((alias) => alias.kind === kind).map((alias) => alias.value)
  if (known('bsuid').length > 1) return false
  return aliasesOf(unit).every((alias) => known(alias.kind).includes(alias.value))
}
