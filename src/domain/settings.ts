// The settings that administrators may change, with their defaults (seconds; 0 = off).
import type { TimerSettings } from './timers.ts'

export interface Settings extends TimerSettings {
  /** How long an offer to a group may wait before it is overdue. */
  readonly queueTime: number
  /** For offers to one operator. */
  readonly timeToAccept: number
  /** Whether an offer to one operator that is not accepted goes back to its sender; else to the group's queue. */
  readonly transferComesBack: boolean
  /** Whether clients see that the operator has read. */
  readonly readReceipts: boolean
  /** Whether operators may put clients on the blacklist. */
  readonly operatorsMayBan: boolean
  /** Whether operators may make tags. */
  readonly operatorsMayTag: boolean
  /** How long the bodies of webhooks are kept as they came. */
  readonly keepRaw: number
}

export const DEFAULT_SETTINGS: Settings = {
  timeToAccept: 60,
  queueTime: 300,
  transferComesBack: true,
  windowWarning: 7200,
  noAnswer: 259_200,
  inactivity: 0,
  wrapUpMax: 600,
  readReceipts: true,
  operatorsMayBan: true,
  operatorsMayTag: false,
  keepRaw: 2_592_000,
}

/** The stored rows over the defaults; a key that this code does not know is left alone. */
export function settingsFrom(rows: readonly { readonly key: string; readonly value: unknown }[]): Settings {
  const merged: Record<string, unknown> = { ...DEFAULT_SETTINGS }
  for (const { key, value } of rows) {
    if (key in DEFAULT_SETTINGS && typeof value === typeof merged[key]) merged[key] = value
  }
  return merged as unknown as Settings
}
