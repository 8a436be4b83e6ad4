import type { TSchema } from 'typebox'

import { ProblemModel, refTo } from './shared.ts'

const DESCRIPTIONS = {
  400: 'Not HTTP or not JSON as it should be.',
  401: 'No key, or none that is accepted.',
  403: 'The key lacks the scope, which the answer names.',
  404: 'Nothing of that id in this workspace.',
  409: 'It cannot be done in the state things are in, or a request with this Idempotency-Key is still running.',
  412: 'It has changed since the ETag was read.',
  413: 'The body is too large.',
  415: 'The body is not application/json in UTF-8.',
  422: 'The input is refused; `errors` lists every problem.',
  429: 'Too many requests; see `Retry-After`.',
  503: 'Overload, or the database is away; nothing was stored. See `Retry-After`.',
} as const

type ProblemStatus = keyof typeof DESCRIPTIONS

interface Success {
  description: string
  /** Left out where the answer has no body. */
  schema?: TSchema
  example?: unknown
}

/** What a route can answer: its successes, the problems that every route has, and those it names. */
export function answers(successes: Record<number, Success>, more: readonly ProblemStatus[] = []) {
  const statuses = [...new Set<ProblemStatus>([401, 403, 422, 429, 503, ...more])].sort()
  return {
    ...Object.fromEntries(
      Object.entries(successes).map(([status, success]) => [status, successAnswer(success)]),
    ),
    ...Object.fromEntries(statuses.map((status) => [status, problemAnswer(status)])),
  }
}

/** What routes that take a body can answer besides. */
export const BODY_PROBLEMS: readonly ProblemStatus[] = [400, 413, 415]

function successAnswer({ description, schema, example }: Success) {
  if (schema === undefined) return { description, type: 'null' }
  const content = { schema, ...(example === undefined ? {} : { examples: { example: { value: example } } }) }
  return { description, content: { 'application/json': content } }
}

function problemAnswer(status: ProblemStatus) {
  return {
    description: DESCRIPTIONS[status],
    content: { 'application/problem+json': { schema: refTo(ProblemModel) } },
  }
}
