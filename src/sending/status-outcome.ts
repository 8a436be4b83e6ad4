import type { AttemptOutcome } from '../domain/attempt-outcome.ts'
import { parseRetryAfter } from './retry-after.ts'

/**
 * What a final status, 200 to 599, means for the attempt.
 * @param retryAfter the reply's `Retry-After`, which counts on 429 and 503 only.
 */
export function judgeStatus(statusCode: number, retryAfter: string | null, nowMs: number): AttemptOutcome {
  if (statusCode < 300) return { kind: 'accepted', statusCode }
  if (statusCode < 400) return { kind: 'refused', statusCode, failure: 'redirect', retryAfterMs: null }
  if (statusCode === 410) return { kind: 'refused', statusCode, failure: 'gone', retryAfterMs: null }
  const mayWait = (statusCode === 429 || statusCode === 503) && retryAfter !== null
  return {
    kind: 'refused',
    statusCode,
    failure: 'status',
    retryAfterMs: mayWait ? parseRetryAfter(retryAfter, nowMs) : null,
  }
}
