// Facts as the API would tell them, for tests of the console's stores.
import type { Message, Session } from '../../../console/src/api/types.ts'

const T0 = Date.parse('2026-11-12T13:00:00.000Z')
export const iso = (seconds: number): string => new Date(T0 + seconds * 1000).toISOString()

export function message(over: Partial<Message> & { id: string }): Message {
  return {
    rev: 1,
    sessionId: 's1',
    clientId: 'c1',
    seq: 1,
    direction: 'in',
    kind: 'message',
    type: 'text',
    text: 'Hello',
    content: {},
    template: null,
    file: null,
    author: { kind: 'client', id: 'c1', name: 'Jana' },
    status: null,
    statusTimes: {},
    waitingUntil: null,
    error: null,
    reachedAnyway: false,
    attempts: [],
    replyTo: null,
    clientRef: null,
    at: iso(0),
    receivedAt: iso(0),
    banned: false,
    timeDoubted: false,
    supersededBy: null,
    ...over,
  }
}

export function session(over: Partial<Session> & { id: string }): Session {
  return {
    rev: 1,
    channelId: 'ch1',
    client: {
      id: 'c1',
      name: 'Jana',
      phone: '+420777123456',
      bsuid: null,
      contactId: null,
      contactName: null,
      contactRev: null,
    },
    phase: 'active',
    operatorId: 'u1',
    operatorName: 'Olga',
    groupId: 'g1',
    origin: 'inbound',
    previousId: null,
    nextId: null,
    textField: { open: true, until: iso(86_400), reason: null },
    window: { until: iso(86_400), messageId: 'm1' },
    ban: null,
    freeEntryPoint: null,
    cameBack: null,
    offer: null,
    waitingSince: null,
    unread: 0,
    lastSeq: 1,
    readSeq: 0,
    lastMessage: null,
    lastMessageAt: iso(0),
    attention: { failed: 0, unknown: 0 },
    tags: [],
    result: null,
    startedAt: iso(0),
    acceptedAt: iso(1),
    wrapUpAt: null,
    wrapUpUntil: null,
    endedAt: null,
    endReason: null,
    ...over,
  }
}
