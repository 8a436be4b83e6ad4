import type { FastifyError } from 'fastify'

import { DomainError, type DomainErrorCode, type InputProblem } from '../domain/errors.ts'
import { describeInvalidInput } from './invalid-input.ts'

/** RFC 9457. `errors` says what is wrong with which member of the input. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  errors?: readonly InputProblem[]
}

export interface ProblemAnswer {
  problem: Problem
  headers: Record<string, string>
  /** Set when our own side is at fault, so that the cause reaches the log. */
  cause?: unknown
}

interface Refusal {
  status: number
  code: string
  detail: string
  errors?: readonly InputProblem[] | undefined
  headers?: Record<string, string> | undefined
  cause?: unknown
}

const OF_DOMAIN = {
  invalid_input: 422,
  unauthenticated: 401,
  missing_scope: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  idempotency_mismatch: 422,
  idempotency_in_progress: 409,
  rate_limited: 429,
  unavailable: 503,
} as const satisfies Record<DomainErrorCode, number>

const OF_HTTP = {
  malformed_request: 400,
  malformed_json: 400,
  no_such_route: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  unsupported_media_type: 415,
  expectation_failed: 417,
  headers_too_large: 431,
} as const

export type HttpErrorCode = keyof typeof OF_HTTP

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Body too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  422: 'Invalid input',
  429: 'Too many requests',
  431: 'Headers too large',
  503: 'Temporarily unavailable',
}

const UNAVAILABLE_RETRY_SECONDS = 2
const INSTANCE_LENGTH_MAX = 512

/** A refusal that HTTP itself knows, before the domain has a say. */
export class HttpError extends Error {
  readonly code: HttpErrorCode
  readonly errors: readonly InputProblem[] | undefined
  readonly headers: Record<string, string> | undefined

  constructor(
    code: HttpErrorCode,
    detail: string,
    more: { errors?: readonly InputProblem[]; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.name = 'HttpError'
    this.code = code
    this.errors = more.errors
    this.headers = more.headers
  }
}

/** The one place where an error becomes an HTTP answer. What we did not expect is a 503: it may work next time. */
export function toProblem(error: unknown, url: string): ProblemAnswer {
  const refusal = judge(error)
  const headers: Record<string, string> = { ...refusal.headers }
  if (refusal.status === 503) headers['retry-after'] ??= String(UNAVAILABLE_RETRY_SECONDS)
  return { problem: problemOf(refusal, url), headers, cause: refusal.cause }
}

function problemOf({ status, code, detail, errors }: Refusal, url: string): Problem {
  return {
    type: `urn:postrider:problem:${code.replaceAll('_', '-')}`,
    title: TITLES[status] ?? 'Refused',
    status,
    detail,
    instance: (url.split('?')[0] ?? '').slice(0, INSTANCE_LENGTH_MAX),
    ...(errors === undefined || errors.length === 0 ? {} : { errors }),
  }
}

function judge(error: unknown): Refusal {
  if (error instanceof DomainError) return judgeDomainError(error)
  if (error instanceof HttpError)
    return {
      status: OF_HTTP[error.code],
      code: error.code,
      detail: error.message,
      errors: error.errors,
      headers: error.headers,
    }
  if (isFastifyError(error)) return judgeFastifyError(error)
  return unexpected(error)
}

function judgeDomainError(error: DomainError): Refusal {
  const { code, message: detail, errors, retryAfterSeconds } = error
  const headers: Record<string, string> = {}
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds)
  if (code === 'unauthenticated') headers['www-authenticate'] = 'Bearer'
  return {
    status: OF_DOMAIN[code],
    code,
    detail,
    errors,
    headers,
    cause: code === 'unavailable' ? error : undefined,
  }
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && typeof (error as Partial<FastifyError>).code === 'string'
}

function judgeFastifyError(error: FastifyError): Refusal {
  if (error.validation !== undefined) return describeRefusedInput(error)
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return refuse(
        'body_too_large',
        'The body is larger than this route accepts: 256 KiB, or 4 MiB for a batch.',
      )
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return refuse('unsupported_media_type', 'Content-Type is not a media type: send application/json.')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return refuse('malformed_request', 'The body is not as long as Content-Length says.')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return refuse('no_such_route', 'A part of the path is longer than any id.')
    case 'FST_ERR_INVALID_URL':
    case 'FST_ERR_BAD_URL':
      return refuse(
        'malformed_request',
        'The path holds a percent sign that is not followed by two hexadecimal digits of UTF-8.',
      )
    case 'FST_UNDER_PRESSURE':
      return {
        status: 503,
        code: 'unavailable',
        detail: 'The service is overloaded right now. Nothing was stored; try again.',
      }
    default:
      return isClientFault(error) ? refuse('malformed_request', error.message) : unexpected(error)
  }
}

/** Of what Fastify itself refuses, the rest: a request that no route could take. */
function isClientFault({ code, statusCode = 500 }: FastifyError): boolean {
  return code.startsWith('FST_ERR_') && statusCode < 500
}

function describeRefusedInput(error: FastifyError): Refusal {
  // An id that is none cannot name anything, so it is answered like an id of nothing.
  if (error.validationContext === 'params')
    return {
      status: 404,
      code: 'not_found',
      detail: 'No such object in this workspace: the id in the path is not a UUID.',
    }
  const errors = describeInvalidInput(error.validation ?? [], error.validationContext ?? 'body')
  const detail =
    errors.length === 1 ? (errors[0]?.detail ?? '') : `${errors.length} problems with the input; see errors.`
  return { status: 422, code: 'invalid_input', detail, errors }
}

function refuse(code: HttpErrorCode, detail: string): Refusal {
  return { status: OF_HTTP[code], code, detail }
}

function unexpected(cause: unknown): Refusal {
  return { status: 503, code: 'unavailable', detail: 'Something went wrong on our side. Try again.', cause }
}
