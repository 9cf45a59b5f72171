// The blacklist: a ban is an entry of aliases, on every channel, and whoever has one of them is banned. It is judged by
// the clock each time it matters, so that one with an end needs nobody to lift it.
import type { Rights } from './policy.ts'
import type { Instant } from './words.ts'

export interface Ban {
  readonly id: string
  /** Null: until somebody lifts it. */
  readonly until: Instant | null
}

export const holds = (ban: Pick<Ban, 'until'> | null, at: Instant): boolean =>
  ban !== null && (ban.until === null || at < ban.until)

/** `operatorsMayBan` is a setting; that the client is one of theirs is asked elsewhere. */
export const mayBan = (rights: Pick<Rights, 'role'>, operatorsMayBan: boolean): boolean =>
  rights.role !== 'operator' || operatorsMayBan

/** An operator takes back what they did themselves; whoever answers for others lifts any. */
export const mayLift = (
  rights: Pick<Rights, 'role' | 'userId'>,
  ban: { readonly byId: string },
  operatorsMayBan: boolean,
): boolean => rights.role !== 'operator' || (operatorsMayBan && ban.byId === rights.userId)
