// What a session's life should be, said a second time and independently of the code: one client, one number, two operators
// and their supervisor, as pure data. Random scripts run through this model and through Parley, and both must answer and
// end up alike, refusals included.
import fc from 'fast-check'

export const PEOPLE = ['olga', 'omar', 'sara'] as const
export type Person = (typeof PEOPLE)[number]

export type Step =
  | { readonly do: 'say'; readonly what: 'text' | 'reaction' }
  | { readonly do: 'accept'; readonly by: Person }
  | { readonly do: 'write'; readonly by: Person }
  /** `stale`: without having seen the newest message. */
  | { readonly do: 'end'; readonly by: Person; readonly stale: boolean; readonly result: boolean }
  | { readonly do: 'result'; readonly by: Person }
  | { readonly do: 'transfer'; readonly by: Person; readonly to: Person }
  | { readonly do: 'return'; readonly by: Person }
  | { readonly do: 'takeOver'; readonly by: Person }
  | { readonly do: 'wait'; readonly minutes: number }

const person = fc.constantFrom(...PEOPLE)
/** Olga acts most, so that lives come to their end. */
const mostlyOlga = fc.oneof({ weight: 4, arbitrary: fc.constant('olga' as const) }, { weight: 1, arbitrary: person })

export const aStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('say' as const), what: fc.constant('text' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('say' as const), what: fc.constant('reaction' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('accept' as const), by: mostlyOlga }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), by: mostlyOlga }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      by: mostlyOlga,
      stale: fc.boolean(),
      result: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('result' as const), by: mostlyOlga }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('transfer' as const), by: mostlyOlga, to: person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('return' as const), by: person }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('takeOver' as const), by: person }) },
)
export const aWait: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('wait' as const),
  minutes: fc.constantFrom(1, 11, 23 * 60, 25 * 60),
})

/** A session as everybody can see it. */
export interface Seen {
  readonly phase: 'queued' | 'active' | 'wrapUp' | 'ended'
  readonly operator: Person | null
  readonly lastSeq: number
  readonly field: string
  readonly endReason: string | null
}

export interface Life extends Omit<Seen, 'field'> {
  /** The last thing the client said that an end must have seen. */
  readonly lastInSeq: number
  readonly wrapUpAt: number | null
  /** While it is queued: the one person that it is offered to, since when, and who had it before. */
  readonly offered: { readonly to: Person; readonly at: number; readonly backTo: Person | null } | null
}

export interface Model {
  /** The newest session; null before the client ever wrote. */
  readonly life: Life | null
  readonly sessions: number
  readonly windowUntil: number | null
}

export const NOBODY_WROTE: Model = { life: null, sessions: 0, windowUntil: null }

const WINDOW_MS = 24 * 3_600_000
const WRAP_UP_MS = 600_000
const TIME_TO_ACCEPT_MS = 60_000
const DONE = 'done'

export type Answer = string

export function next(model: Model, step: Step, at: number): { readonly model: Model; readonly answer: Answer } {
  if (step.do === 'wait') return { model: timePasses(model, at), answer: DONE }
  if (step.do === 'say') return { model: clientSays(model, step.what, at), answer: DONE }
  const { life } = model
  // There is nothing to command yet.
  if (life === null) return { model, answer: DONE }
  const answer = judged(model, life, step, at)
  return { model: answer === DONE ? { ...model, life: moved(life, step, at) } : model, answer }
}

function clientSays(model: Model, what: 'text' | 'reaction', at: number): Model {
  const windowUntil = at + WINDOW_MS
  const { life } = model
  if (what === 'reaction') {
    // Shown where the conversation is; it begins nothing, and no end waits for it.
    if (life === null || life.phase === 'ended') return { ...model, windowUntil }
    return { ...model, windowUntil, life: { ...life, lastSeq: life.lastSeq + 1 } }
  }
  if (life === null || life.phase === 'ended') {
    const begun: Life = {
      phase: 'queued',
      operator: null,
      lastSeq: 1,
      lastInSeq: 1,
      wrapUpAt: null,
      endReason: null,
      offered: null,
    }
    return { life: begun, sessions: model.sessions + 1, windowUntil }
  }
  const seq = life.lastSeq + 1
  const again = life.phase === 'wrapUp' ? ({ phase: 'active', wrapUpAt: null, endReason: null } as const) : {}
  return { ...model, windowUntil, life: { ...life, ...again, lastSeq: seq, lastInSeq: seq } }
}

function timePasses(model: Model, at: number): Model {
  const { life } = model
  if (life?.phase === 'wrapUp' && life.wrapUpAt !== null && at >= life.wrapUpAt + WRAP_UP_MS)
    return { ...model, life: { ...life, phase: 'ended', endReason: 'wrapUpMax' } }
  if (life?.phase === 'queued' && life.offered !== null && at >= life.offered.at + TIME_TO_ACCEPT_MS)
    return { ...model, life: declined(life) }
  return model
}

/** Everybody is signed in, so whoever had it has it again. */
function declined(life: Life): Life {
  const backTo = life.offered?.backTo ?? null
  return { ...life, phase: backTo === null ? 'queued' : 'active', operator: backTo, offered: null }
}

type Command = Exclude<Step, { do: 'say' } | { do: 'wait' }>

function judged(model: Model, life: Life, step: Command, at: number): Answer {
  const own = life.operator === step.by
  if (step.do === 'accept') {
    if (life.phase === 'queued') return life.offered === null || life.offered.to === step.by ? DONE : 'already-accepted'
    return life.phase === 'active' && own ? 'wrong-phase' : 'already-accepted'
  }
  const offeredToThem = life.phase === 'queued' && (life.offered === null || life.offered.to === step.by)
  const sees = own || step.by === 'sara' || offeredToThem || life.phase === 'ended'
  if (!sees) return 'not-found'
  switch (step.do) {
    case 'write': {
      if (!own && life.operator !== null) return 'not-your-session'
      return fieldOf(model, at) === 'open' ? DONE : 'text-field-closed'
    }
    case 'end': {
      if (!own && step.by !== 'sara') return life.operator === null ? 'not-allowed' : 'not-your-session'
      if (life.phase !== 'active' && life.phase !== 'queued') return 'wrong-phase'
      return life.lastInSeq > seenBy(life, step) ? 'newer-client-message' : DONE
    }
    case 'result': {
      if (!own && step.by !== 'sara') return life.operator === null ? 'not-allowed' : 'not-your-session'
      return life.phase === 'wrapUp' || life.phase === 'ended' ? DONE : 'wrong-phase'
    }
    case 'transfer': {
      if (!own && step.by !== 'sara' && life.operator !== null) return 'not-your-session'
      if (life.phase !== 'active' && life.phase !== 'queued') return 'wrong-phase'
      return step.to === life.operator || step.to === life.offered?.to ? 'wrong-target' : DONE
    }
    case 'return': {
      if (!own && step.by !== 'sara' && life.operator !== null) return 'not-your-session'
      return life.phase === 'active' || (life.phase === 'queued' && life.offered !== null) ? DONE : 'wrong-phase'
    }
    case 'takeOver': {
      if (!own && step.by !== 'sara') return life.operator === null ? 'not-allowed' : 'not-your-session'
      return !own && (life.phase === 'active' || life.phase === 'queued') ? DONE : 'wrong-phase'
    }
  }
}

/** What whoever ends has seen. */
export const seenBy = (life: { readonly lastSeq: number }, step: { readonly stale: boolean }): number =>
  Math.max(0, life.lastSeq - (step.stale ? 1 : 0))

function moved(life: Life, step: Command, at: number): Life {
  switch (step.do) {
    case 'accept':
      return { ...life, phase: 'active', operator: step.by, offered: null }
    case 'write':
      return { ...life, lastSeq: life.lastSeq + 1 }
    case 'end':
      return {
        ...life,
        phase: step.result ? 'ended' : 'wrapUp',
        operator: life.operator ?? step.by,
        wrapUpAt: at,
        endReason: 'operator',
        offered: null,
      }
    case 'result':
      return { ...life, phase: 'ended' }
    case 'transfer': {
      const offered = { to: step.to, at, backTo: life.operator ?? life.offered?.backTo ?? null }
      return { ...life, phase: 'queued', operator: null, offered }
    }
    case 'return':
      return life.phase === 'queued' ? declined(life) : { ...life, phase: 'queued', operator: null, offered: null }
    case 'takeOver':
      return { ...life, phase: 'active', operator: step.by, offered: null }
  }
}

function fieldOf({ life, windowUntil }: Model, at: number): string {
  if (life === null) return 'none'
  if (life.phase === 'ended') return 'ended'
  if (life.phase === 'wrapUp') return 'wrapUp'
  if (life.phase === 'queued') return 'noOperator'
  return windowUntil !== null && at < windowUntil ? 'open' : 'windowShut'
}

/** What should be seen of the newest session at `at`. */
export function expected(model: Model, at: number): Seen | null {
  if (model.life === null) return null
  const { phase, operator, lastSeq, endReason } = model.life
  return { phase, operator, lastSeq, field: fieldOf(model, at), endReason }
}
