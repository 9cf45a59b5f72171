// Evidence in sentences. What is not known by name here is still told, with its own word.
import type { AttemptEvidence, TimelineItem } from '../../api/types.ts'
import { t } from '../../i18n/t.ts'
import { told } from '../../parts/problem.ts'
import { resultName } from '../../store/results.ts'
import { exact } from '../../text/time.ts'

type Evidence = Readonly<Record<string, unknown>>

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

const timeText = (value: unknown): string | null =>
  typeof value === 'string' && ISO.test(value) ? exact(Date.parse(value)) : null

const timeOf = (evidence: Evidence, name: string): string | null => timeText(evidence[name])

const word = (evidence: Evidence, name: string): string => (typeof evidence[name] === 'string' ? evidence[name] : '')

export const actorName = (actor: TimelineItem['actor']): string =>
  actor.name ?? told('author', actor.kind, t('author.system'))

export function sentence({ actor, type, evidence }: TimelineItem): string {
  const who = actorName(actor)
  switch (type) {
    case 'started':
      return actor.kind === 'client' ? t('event.started') : t('event.startedBy', { who })
    case 'accepted':
      return t('event.accepted', { who })
    case 'transferred':
      return t('event.transferred', { who })
    case 'returned':
      return t('event.returned', { who })
    case 'takenOver':
      return t('event.takenOver', { who })
    case 'offerUnanswered':
      return word(evidence, 'toOperatorId') === '' ? t('event.unansweredToQueue') : t('event.unansweredBack')
    case 'noted':
      return t('event.noted', { who })
    case 'refused': {
      const code = word(evidence, 'refused')
      return t('event.refused', {
        who,
        command: told('command', word(evidence, 'command'), word(evidence, 'command')),
        why: told('problem', code, code),
      })
    }
    case 'wrapUp':
      return t('event.wrapUp', { who })
    case 'ended': {
      const id = word(evidence, 'resultId')
      const result = id === '' ? null : resultName(id)
      const reason = word(evidence, 'reason')
      if (reason === 'joined') return t('event.endedByJoining')
      if (reason === 'noAnswer') return t('event.endedByNoAnswer')
      if (reason === 'inactivity') return t('event.endedBySilence')
      if (actor.kind === 'system') return t('event.endedByTime')
      return result === null ? t('event.ended', { who }) : t('event.endedWith', { who, result })
    }
    case 'resultChanged':
      return resultSentence(who, evidence)
    case 'tagged':
      return t('event.tagged', { who })
    case 'reactivated':
      return t('event.reactivated')
    case 'reconnected':
      return t('event.reconnected', { who })
    case 'restored':
      return t('event.restored')
    case 'windowOpened':
      return t('event.windowOpened', { until: timeOf(evidence, 'until') ?? '' })
    case 'offerOverdue':
      return t('event.offerOverdue')
    case 'windowWarning':
      return t('event.windowWarning', { until: timeOf(evidence, 'windowUntil') ?? '' })
    case 'windowShut':
      return t('event.windowShut', { until: timeOf(evidence, 'windowUntil') ?? '' })
    case 'inactive':
      return t('event.inactive')
    case 'retried':
      return t('event.retried', { who })
    case 'resolved':
      return word(evidence, 'outcome') === 'arrived'
        ? t('event.resolvedArrived', { who })
        : t('event.resolvedNot', { who })
    case 'sendRefused':
      return t('event.sendRefused', { code: String(evidence.code) })
    case 'sendFailed':
      return t('event.sendFailed', { code: String(evidence.code) })
    case 'paced':
      return t('event.paced', { until: timeOf(evidence, 'until') ?? '' })
    case 'unknown':
      return t('event.unknown')
    case 'clientJoined':
      return t('event.clientJoined')
    case 'clientMoved':
      return t('event.clientMoved')
    case 'banned':
      return word(evidence, 'why') === 'aliases' ? t('event.bannedByAlias') : t('event.banned', { who })
    case 'unbanned': {
      const why = word(evidence, 'why')
      if (why === 'expired') return t('event.unbannedByTime')
      return why === 'aliases' ? t('event.unbannedByAlias') : t('event.unbanned', { who })
    }
    case 'contact':
      return contactSentence(who, word(evidence, 'change'))
    default:
      return t('event.other', { who, type })
  }
}

function resultSentence(who: string, evidence: Evidence): string {
  const id = word(evidence, 'resultId')
  const result = resultName(id) ?? t('result.unknown')
  const before = evidence.previousResultId
  // Older events do not tell what it was.
  if (before === undefined) return t('event.resultChanged', { who, result })
  if (before === id) return t('event.noteChanged', { who })
  if (typeof before !== 'string') return t('event.resultAdded', { who, result })
  return t('event.resultChangedFrom', { who, result, before: resultName(before) ?? t('result.unknown') })
}

function contactSentence(who: string, change: string): string {
  switch (change) {
    case 'linked':
    case 'disconnected':
    case 'changed':
    case 'merged':
    case 'mergeUndone':
    case 'removed':
    case 'imported':
      return t(`event.contact.${change}`, { who })
    default:
      return t('event.other', { who, type: change })
  }
}

/** Why an attempt might leave: what was asked when it was written, and again right before Meta. */
export function gateSentences(attempt: AttemptEvidence): readonly string[] {
  return (['asked', 'claim'] as const).flatMap((gate) => {
    const evidence = attempt.evidence[gate]
    if (typeof evidence !== 'object' || evidence === null) return []
    const at = timeOf(evidence as Evidence, 'at')
    const until = timeOf(evidence as Evidence, 'windowUntil')
    if (at === null || until === null) return []
    return [gate === 'asked' ? t('why.asked', { at, until }) : t('why.claim', { at, until })]
  })
}

type InWords = (value: string) => string

const known: InWords = (value) => told('word', value, '')
const status: InWords = (value) => told('status', value, '')
const alias: InWords = (value) => told('alias', value, '')

/** Which parts of the catalogue have words for what a field may say; the first that knows the value is taken. */
const WORDS: Readonly<Record<string, readonly InWords[]>> = {
  phase: [(value) => told('phase', value, '')],
  reason: [(value) => told('because', value, ''), (value) => told('endReason', value, ''), known, status],
  status: [status, known],
  was: [status],
  refused: [(value) => told('problem', value, '')],
  code: [(value) => told('code', value, '')],
  command: [(value) => told('command', value, '')],
  timer: [(value) => told('timer', value, '')],
  origin: [(value) => told('origin', value, '')],
  missing: [(value) => told('missing', value, '')],
  outcome: [known, status],
  why: [known],
  from: [alias],
  to: [alias],
}

/** What a field of the evidence says, as people read it: enums in words, times by the clock. */
export function valueInWords(name: string, value: unknown): string {
  if (typeof value === 'boolean') return t(value ? 'word.yes' : 'word.no')
  if (typeof value !== 'string') return JSON.stringify(value)
  for (const inWords of WORDS[name] ?? []) {
    const words = inWords(value)
    if (words !== '') return words
  }
  return timeText(value) ?? value
}
