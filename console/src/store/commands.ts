// What an operator does to a session. A command whose outcome could not be learnt keeps its key, so that pressing the
// button again asks for the first answer and never does it twice.
import { signal } from '@preact/signals'
import { api } from '../api/api.ts'
import { Problem, Unreachable } from '../api/client.ts'
import { handOver, type Target } from '../api/hand-over.ts'
import type { Session } from '../api/types.ts'
import { t } from '../i18n/t.ts'
import { problemText } from '../parts/problem.ts'
import { facts, newKey, notice } from './app.ts'

const keys = new Map<string, string>()
/** Commands under way, by intent. */
export const underWay = signal<ReadonlySet<string>>(new Set())

const mark = (intent: string, on: boolean): void => {
  const next = new Set(underWay.peek())
  if (on) next.add(intent)
  else next.delete(intent)
  underWay.value = next
}

async function command<T>(intent: string, body: unknown, run: (key: string) => Promise<T>): Promise<T> {
  const what = `${intent} ${JSON.stringify(body)}`
  const key = keys.get(what) ?? newKey()
  keys.set(what, key)
  mark(intent, true)
  try {
    const answer = await run(key)
    keys.delete(what)
    return answer
  } catch (error) {
    if (!(error instanceof Unreachable)) keys.delete(what)
    throw error
  } finally {
    mark(intent, false)
  }
}

/** Why not is said at the session. */
export async function accept(sessionId: string): Promise<boolean> {
  const intent = `accept ${sessionId}`
  if (underWay.peek().has(intent)) return false
  notice(sessionId, null)
  try {
    facts.putSession(await command(intent, null, (key) => api.accept(sessionId, key)))
    return true
  } catch (error) {
    notice(sessionId, problemText(error))
    return false
  }
}

export interface ResultGiven {
  readonly resultId: string
  readonly note: string | null
}

export type Ended =
  | { readonly ended: true }
  | { readonly ended: false; readonly newer: number }
  | { readonly ended: false; readonly newer: null; readonly why: string }

/** `lastSeq` is the newest message that was on the screen: a newer one of the client refuses the end. */
export async function end(
  sessionId: string,
  lastSeq: number,
  result: ResultGiven | null,
  farewell = '',
): Promise<Ended> {
  const body = {
    lastSeq,
    ...(result === null ? {} : { result }),
    ...(farewell.trim() === '' ? {} : { farewell: farewell.trim() }),
  }
  try {
    facts.putSession(await command(`end ${sessionId}`, body, (key) => api.end(sessionId, body, key)))
    return { ended: true }
  } catch (error) {
    const newer = error instanceof Problem && error.code === 'newer-client-message' ? error.body.lastSeq : undefined
    return newer === undefined ? { ended: false, newer: null, why: problemText(error) } : { ended: false, newer }
  }
}

/** Null when it is done, else why not. */
export async function giveResult(session: Session, result: ResultGiven): Promise<string | null> {
  try {
    facts.putSession(await command(`result ${session.id}`, result, (key) => api.result(session.id, result, key)))
    return null
  } catch (error) {
    return problemText(error)
  }
}

/** Null when it is done, else why not. What became of the session, if one may still see it, comes by the live view. */
async function moved(intent: string, body: unknown, run: (key: string) => Promise<unknown>): Promise<string | null> {
  try {
    await command(intent, body, run)
    return null
  } catch (error) {
    return problemText(error)
  }
}

export const transfer = (sessionId: string, target: Target, note: string): Promise<string | null> => {
  const body = { ...target, ...(note.trim() === '' ? {} : { note: note.trim() }) }
  return moved(`transfer ${sessionId}`, body, (key) => handOver.transfer(sessionId, body, key))
}

export const giveBack = (sessionId: string): Promise<string | null> =>
  moved(`return ${sessionId}`, null, (key) => handOver.giveBack(sessionId, key))

export const takeOver = (sessionId: string): Promise<string | null> =>
  moved(`takeOver ${sessionId}`, null, (key) => handOver.takeOver(sessionId, key))

export const writeNote = (sessionId: string, text: string): Promise<string | null> =>
  moved(`note ${sessionId}`, text, (key) => handOver.note(sessionId, text, key))

async function onMessage(
  messageId: string,
  intent: string,
  body: unknown,
  run: (key: string) => Promise<unknown>,
): Promise<string | null> {
  try {
    await command(`${intent} ${messageId}`, body, run)
    return null
  } catch (error) {
    return error instanceof Unreachable ? t('problem.unreachable') : problemText(error)
  }
}

export const retry = (messageId: string, evenThoughReached = false): Promise<string | null> =>
  onMessage(messageId, 'retry', evenThoughReached, async (key) =>
    facts.putMessage(await api.retry(messageId, key, evenThoughReached)),
  )

export const resolve = (messageId: string, outcome: 'arrived' | 'notArrived'): Promise<string | null> =>
  onMessage(messageId, 'resolve', outcome, async (key) => facts.putMessage(await api.resolve(messageId, outcome, key)))
