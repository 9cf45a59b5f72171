// One request to Parley's API: its answer, or one of two failures. A Problem is the API's own "no" with a stable code;
// Unreachable means that nobody knows whether it was done, so only a repeat with the same key is safe.

export interface ProblemBody {
  readonly status: number
  readonly code: string
  readonly title?: string
  readonly detail?: string
  readonly reason?: string
  readonly lastSeq?: number
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

export class Problem extends Error {
  override readonly name = 'Problem'
  readonly body: ProblemBody
  readonly retryAfter: number | null

  constructor(body: ProblemBody, retryAfter: number | null) {
    super(body.title ?? body.code)
    this.body = body
    this.retryAfter = retryAfter
  }

  get code(): string {
    return this.body.code
  }
}

export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Sent as it is, with its own type, and given the time that a large one takes. */
  readonly file?: { readonly content: Blob; readonly type: string }
  readonly key?: string
}

const TIMEOUT_MS = 20_000
const FILE_TIMEOUT_MS = 300_000
let whenSignedOut = (): void => {}

/** Called wherever the API says that nobody is signed in. */
export function onSignedOut(run: () => void): void {
  whenSignedOut = run
}

export async function ask<T>({ method = 'GET', path, body, file, key }: Ask): Promise<T> {
  const response = await reach(`/api/v1${path}`, {
    method,
    credentials: 'same-origin',
    signal: AbortSignal.timeout(file === undefined ? TIMEOUT_MS : FILE_TIMEOUT_MS),
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(file === undefined ? {} : { 'content-type': file.type }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(file === undefined ? {} : { body: file.content }),
  })
  const answer = await bodyOf(response)
  if (response.ok) return answer as T
  const problem = problemOf(response, answer)
  if (problem.code === 'signed-out' && path !== '/auth/login') whenSignedOut()
  if (problem.code === 'outcome-unknown' || problem.code === 'unavailable') throw new Unreachable(problem.code)
  throw problem
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    throw new Unreachable(error instanceof Error ? error.message : 'unreachable')
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return null
  try {
    const text = await response.text()
    return text === '' ? null : JSON.parse(text)
  } catch {
    // An answer that breaks off, or a page of a proxy in between, says nothing about what was done.
    throw new Unreachable('unreadable answer')
  }
}

function problemOf(response: Response, answer: unknown): Problem {
  const given = typeof answer === 'object' && answer !== null ? (answer as Partial<ProblemBody>) : {}
  const code =
    given.code ?? (response.status === 401 ? 'signed-out' : response.status >= 500 ? 'unavailable' : 'invalid')
  const after = Number(response.headers.get('retry-after'))
  return new Problem({ ...given, status: response.status, code }, Number.isFinite(after) && after > 0 ? after : null)
}
