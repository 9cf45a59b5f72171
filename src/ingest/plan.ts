// What a batch of items changes, worked out in memory on facts that are locked: no I/O, no clock. Items of one client
// are taken in the order of their arrival.

import type { Instant } from '../domain/words.ts'
import { newId } from '../ids.ts'
import { Drafts, iso } from './drafts.ts'
import type { Facts } from './facts.ts'
import { isKnown, type People } from './people.ts'
import { MessagePlan } from './plan-messages.ts'
import { StatusPlan } from './plan-statuses.ts'
import type { Unit } from './unit.ts'
import type { NoticeWrite, QuarantineWrite, Writes } from './writes.ts'

export interface Planned {
  readonly writes: Writes
  /** Units whose client another transaction holds: for the next batch. */
  readonly left: readonly Unit[]
  /** Aliases of recipients that statuses told, to be settled after the commit. */
  readonly told: StatusPlan['told']
}

/** Why a unit cannot be taken in, or how it can. */
type Fate = { readonly fate: 'taken' } | { readonly fate: 'left' } | Quarantine
interface Quarantine {
  readonly fate: 'quarantined'
  readonly reason: string
  readonly detail: string | null
}

const TAKEN: Fate = { fate: 'taken' }
const LEFT: Fate = { fate: 'left' }
const quarantined = (reason: string, detail: string | null = null): Fate => ({ fate: 'quarantined', reason, detail })

export function planBatch(units: readonly Unit[], facts: Facts, people: People, now: Instant): Planned {
  const drafts = new Drafts(facts, people, now)
  const messages = new MessagePlan(facts, drafts)
  const statuses = new StatusPlan(facts, drafts)
  const notices: NoticeWrite[] = []
  const held: QuarantineWrite[] = []
  const redriven: { rawId: string; path: string }[] = []
  const left: Unit[] = []

  const take = (unit: Unit): Fate => {
    const { item } = unit
    if (unit.sqlstate !== null) return quarantined('refused-by-database')
    if (item.item === 'invalid') return quarantined(item.reason, item.detail)
    if (item.item === 'notice') {
      notices.push(noticeOf(unit, item))
      return TAKEN
    }
    const channel = facts.channels.get(item.phoneNumberId)
    if (channel === undefined) return quarantined('unknown-channel')
    if (item.item === 'status') return statuses.take(unit, item, channel.id) ? TAKEN : LEFT
    if (isKnown(facts, item)) return TAKEN
    const clientId = people.clientOf.get(unit)
    const client = clientId === undefined ? null : drafts.client(clientId)
    if (client === null) return LEFT
    messages.take(unit, item, channel, client)
    return TAKEN
  }

  // Messages before statuses: what concerns a client is never held up by what concerns a delivery.
  for (const unit of [...units].sort((a, b) => rank(a) - rank(b))) {
    const fate = take(unit)
    if (fate.fate === 'left') left.push(unit)
    else if (fate.fate === 'quarantined') held.push(quarantineOf(unit, fate))
    else if (unit.redriven) redriven.push({ rawId: unit.rawId, path: unit.item.path })
  }
  // The drafts come first: they settle the revs that the others carry.
  const drafted = drafts.writes()
  const { newAliases } = people
  const writes = {
    ...drafted,
    ...messages.writes(),
    ...statuses.writes(),
    newAliases,
    notices,
    quarantined: held,
    redriven,
  }
  return { writes, left, told: statuses.told }
}

const rank = (unit: Unit): number => (unit.item.item === 'status' ? 1 : 0)

const noticeOf = (unit: Unit, item: Extract<Unit['item'], { item: 'notice' }>): NoticeWrite => ({
  id: newId(),
  raw_id: unit.rawId,
  path: item.path,
  waba_id: item.wabaId,
  phone_number_id: item.phoneNumberId,
  field: item.field,
  value: item.value,
  at: iso(unit.receivedAt),
})

const quarantineOf = (unit: Unit, { reason, detail }: Quarantine): QuarantineWrite => ({
  id: newId(),
  raw_id: unit.rawId,
  path: unit.item.path,
  reason,
  detail,
  sqlstate: unit.sqlstate,
  phone_number_id: unit.item.phoneNumberId,
  at: iso(unit.receivedAt),
})
