// One batch, one transaction, two round trips: find out who and what the items name, with those clients locked; write what
// follows from it.
import type { Client as PgClient } from 'pg'
import type { Instant } from '../domain/words.ts'
import { isId } from '../ids.ts'
import { LookAgain, type RawRow, type WamidKey } from './facts.ts'
import { lookAndLock, type Named } from './look.ts'
import { findPeople, type Unsettled } from './people.ts'
import { type Planned, planBatch } from './plan.ts'
import type { aliasesOf, Unit } from './unit.ts'
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
  const facts = await lookAndLock(pg, raws, namedBy(units), options)
  const people = findPeople(units, facts)
  // An alias may be learned only under its client's lock: two batches would each teach a client another BSUID.
  const isMine = new Set([...facts.clients.keys(), ...people.newClients.map((client) => client.id)])
  if (people.newAliases.some((alias) => !isMine.has(alias.clientId))) throw new LookAgain({ wait: true })
  const aside = new Set([...people.unsettled.map((one) => one.unit), ...people.behind])
  const now = units.filter((unit) => !aside.has(unit))
  const planned = planBatch(now, facts, people, options.now)
  await write(pg, planned.writes, options.now, options.processId)
  const left = new Set([...planned.left, ...people.behind])
  return {
    writes: planned.writes,
    left: units.filter((unit) => left.has(unit)),
    unsettled: people.unsettled,
    told: planned.told,
  }
}

function namedBy(units: readonly Unit[]): Named {
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
      if (item.opaque !== null && isId(item.opaque)) opaques.add(item.opaque)
    }
  }
  return { phoneNumberIds: [...phoneNumberIds], aliases, messages, statuses, opaques: [...opaques] }
}
