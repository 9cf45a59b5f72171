// Every way in which a request can fail, answered as a problem document. Nothing of an unexpected error reaches the
// caller; it goes to the log.
import { type OutgoingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { isAway, mayRepeat, sqlState } from '../../db/errors.ts'
import { InvalidCursor } from '../../db/queries/cursor.ts'
import { IngestUnavailable } from '../../ingest/errors.ts'
import type { App } from '../context.ts'
import { fieldErrors } from '../fields.ts'
import { invalid, PROBLEM_TYPE, Problem, problemBody, sendProblem } from '../problems.ts'

/** What a schema found; Fastify notes beside it in which part of the request. */
class InvalidInput extends Error {
  readonly issues: readonly z.core.$ZodIssue[]
  declare validationContext?: string

  constructor(issues: readonly z.core.$ZodIssue[]) {
    super('invalid')
    this.issues = issues
  }
}

export function errors(app: App): void {
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (value: unknown) => {
    const parsed = schema.safeParse(value)
    return parsed.success ? { value: parsed.data } : { error: new InvalidInput(parsed.error.issues) }
  })
  app.setErrorHandler(async (error: FastifyError | Error, request, reply) => {
    const problem = problemOf(error)
    noteFailure(request, problem, error)
    if (problem.status === 413) await discard(request)
    return sendProblem(reply, problem)
  })
}

const DISCARD_MS = 5_000

/** Whoever is still writing when the connection closes never reads why: what is too large is thrown away to its end. */
async function discard({ raw }: FastifyRequest): Promise<void> {
  raw.resume()
  await finished(raw, { signal: AbortSignal.timeout(DISCARD_MS), cleanup: true }).catch(() => {})
}

/** What Node's parser does not accept never becomes a request: it is answered on the bare connection, which then ends. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  // As Node does it itself: an answer that has begun is cut off rather than continued by another one.
  const { _httpMessage: begun } = socket as Socket & { readonly _httpMessage?: OutgoingMessage | null }
  if (begun?.headersSent === true) {
    socket.destroy()
    return
  }
  const problem = connectionProblem(error.code)
  const body = JSON.stringify(problemBody(problem))
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  // Whoever is still writing shall read it, too, and whoever never stops is cut off.
  socket.resume()
  const cut = setTimeout(() => socket.destroy(), DISCARD_MS).unref()
  socket.once('close', () => clearTimeout(cut))
}

function connectionProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout')
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers-too-large')
  return invalid([{ pointer: '', detail: 'the request cannot be read as HTTP' }])
}

export function problemOf(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error
  if (error instanceof InvalidInput) {
    return error.validationContext === 'params' ? new Problem('not-found') : invalid(fieldErrors(error.issues))
  }
  if (error instanceof InvalidCursor)
    return invalid([{ pointer: '/cursor', detail: 'is not one that this list has given out' }])
  if (error instanceof IngestUnavailable || isUnavailable(error)) return new Problem('unavailable')
  // A value that PostgreSQL cannot hold (22003, 22008, 22009, 22021, 22P05) got past a schema that should have refused it.
  if (sqlState(error)?.match(/^22(003|008|009|021|P05)$/))
    return invalid([{ pointer: '', detail: 'holds a value that cannot be stored' }])
  return fastifyProblem(error) ?? new Problem('internal')
}

/** The database is away, or too busy to have done anything: query_canceled is its own timeout. */
const isUnavailable = (error: Error): boolean => isAway(error) || mayRepeat(error) || sqlState(error) === '57014'

function fastifyProblem(error: FastifyError | Error): Problem | null {
  const status = 'statusCode' in error ? error.statusCode : undefined
  switch (status) {
    case 400:
      return invalid([{ pointer: '', detail: bodyDetail('code' in error ? error.code : '') }])
    case 404:
      return new Problem('not-found')
    case 413:
      return new Problem('body-too-large')
    case 415:
      return new Problem('unsupported-media-type')
    default:
      return null
  }
}

function bodyDetail(code: string): string {
  if (code === 'FST_ERR_BAD_URL') return 'the address cannot be read'
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') return 'the body has another length than was announced'
  return 'the body is not valid JSON'
}

function noteFailure(request: FastifyRequest, problem: Problem, error: Error): void {
  const of = {
    method: request.method,
    route: request.routeOptions.url,
    code: problem.code,
    userId: request.who?.actor.rights.userId,
  }
  if (problem.code === 'internal') request.log.error({ ...of, err: error }, 'a request failed')
  else if (problem.status >= 500) request.log.warn({ ...of, err: error }, 'a request could not be served')
  else if (problem.status === 401 || problem.status === 403 || problem.status === 429) {
    request.log.info({ ...of, ip: request.ip }, 'a request was refused')
  }
}

export const notFound = (_request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, new Problem('not-found'))
