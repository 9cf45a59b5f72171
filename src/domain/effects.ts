// What a message from WhatsApp does to the session and the window of its client, as one table. Everything that is not
// an ordinary message of the client to the company (an echo of the company's own phone, a group's chatter, Meta's
// system messages, a deletion) is kept and shown, and does nothing.

export const INBOUND_KINDS = [
  'message',
  'reaction',
  'edit',
  'revoke',
  'ghost',
  'call',
  'system',
  'echo',
  'group',
  'standby',
] as const
export type InboundKind = (typeof INBOUND_KINDS)[number]

export interface Effects {
  /** Without an open session, one begins and is offered. */
  readonly startsSession: boolean
  /** The client spoke: the window runs anew, and whoever awaits an answer has it. */
  readonly opensWindow: boolean
  /** The operator has something to read and to answer. */
  readonly countsUnread: boolean
  /** The session may not end without its having been seen; in wrap-up it makes the session active again (I3). */
  readonly countsForEnd: boolean
}

const ALL: Effects = { startsSession: true, opensWindow: true, countsUnread: true, countsForEnd: true }
const WINDOW_ONLY: Effects = { startsSession: false, opensWindow: true, countsUnread: false, countsForEnd: false }
const NONE: Effects = { startsSession: false, opensWindow: false, countsUnread: false, countsForEnd: false }

const EFFECTS: Record<InboundKind, Effects> = {
  message: ALL,
  reaction: WINDOW_ONLY,
  edit: WINDOW_ONLY,
  ghost: WINDOW_ONLY,
  call: WINDOW_ONLY,
  // Meta's own agent has the conversation; the client spoke all the same.
  standby: WINDOW_ONLY,
  revoke: NONE,
  system: NONE,
  echo: NONE,
  group: NONE,
}

/**
 * What somebody on the blacklist says is kept and shown, and wakes nobody: it begins no session, asks for no answer and
 * holds up no end. Meta's window is open all the same.
 */
export const effects = (kind: InboundKind, banned = false): Effects =>
  banned ? { ...NONE, opensWindow: EFFECTS[kind].opensWindow } : EFFECTS[kind]
