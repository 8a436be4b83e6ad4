/** Every way in which a request can be refused for a reason of the domain. HTTP statuses are chosen in api/problem.ts only. */
export const DOMAIN_ERROR_CODES = [
  'invalid_input',
  'unauthenticated',
  'missing_scope',
  'not_found',
  'conflict',
  'precondition_failed',
  'idempotency_mismatch',
  'idempotency_in_progress',
  'rate_limited',
  'unavailable',
] as const

export type DomainErrorCode = (typeof DOMAIN_ERROR_CODES)[number]

/** One thing wrong with the input: a JSON pointer (RFC 6901) to the member and a sentence for people. */
export interface InputProblem {
  pointer: string
  detail: string
}

export interface DomainErrorOptions extends ErrorOptions {
  errors?: readonly InputProblem[]
  /** After how many whole seconds a new try makes sense (`rate_limited`, `unavailable`, `idempotency_in_progress`). */
  retryAfterSeconds?: number
}

/** An expected refusal. `message` is shown to the caller, so it holds no secret and no internal detail. */
export class DomainError extends Error {
  readonly code: DomainErrorCode
  readonly errors: readonly InputProblem[]
  readonly retryAfterSeconds: number | undefined

  constructor(code: DomainErrorCode, message: string, options: DomainErrorOptions = {}) {
    super(message, options)
    this.name = 'DomainError'
    this.code = code
    this.errors = options.errors ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** `noun` with its article dropped: `notFound('webhook')` says "No such webhook in this workspace." */
export function notFound(noun: string): DomainError {
  return new DomainError('not_found', `No such ${noun} in this workspace.`)
}

export function invalidInput(pointer: string, detail: string): DomainError {
  return new DomainError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
