import type { AttemptFacts, AttemptReason } from '../src/domain/attempt-result.ts'
import type { DeliveryState } from '../src/domain/delivery.ts'

/**
 * What an operator reads in Temporal's Web UI. Summaries enter the history: numbers and enums only, and their wording
 * may change at any time without breaking the replay of runs that began before.
 */

export interface Steps {
  stepsUsed: number | null
  steps: number | null
}

/** "attempt 3 of 7 answered 503 in 120 ms" */
export function attemptWords(attempt: AttemptFacts, { stepsUsed, steps }: Steps): string {
  return `${attemptName(attempt, stepsUsed, steps)} ${outcomeWords(attempt)}`
}

function attemptName(
  { number, trigger }: AttemptFacts,
  stepsUsed: number | null,
  steps: number | null,
): string {
  if (trigger === 'manual') return `manual attempt (number ${number})`
  if (stepsUsed === null || steps === null) return `attempt ${number}`
  const numbered = number === stepsUsed ? '' : ` (number ${number})`
  return `attempt ${stepsUsed} of ${steps}${numbered}`
}

function outcomeWords({ statusCode, failure, responseTimeMs }: AttemptFacts): string {
  const within = responseTimeMs === null ? '' : ` in ${responseTimeMs} ms`
  if (statusCode !== null) return `answered ${statusCode}${within}`
  if (failure === 'interrupted') return 'was cut off by a dying process'
  return failure === null ? 'was made' : `failed (${failure.replaceAll('_', ' ')})${within}`
}

/** What an activity is asked for: "attempt 3 of 7". */
export function reasonWords(
  reason: AttemptReason,
  { stepsUsed, steps }: Steps,
  attemptsMade: number,
): string {
  if (reason.kind === 'manual')
    return reason.requestedAt === null ? 'manual retry by an operator' : 'manual retry'
  if (stepsUsed !== null && steps !== null) return `attempt ${stepsUsed + 1} of ${steps}`
  return attemptsMade === 0 ? 'first attempt' : 'see what is left to do'
}

const CLOSED_WORDS: Record<DeliveryState, string> = {
  pending: 'nothing to do in this run',
  succeeded: 'delivered',
  failed: 'given up',
  cancelled: 'cancelled',
  held: 'held, because its webhook is disabled',
}

export function settledWords(state: DeliveryState): string {
  return CLOSED_WORDS[state]
}

/** "30 min": rounded to the unit in which a person thinks of such a wait. */
export function waitWords(waitMs: number): string {
  const seconds = Math.round(waitMs / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} h` : `${Math.round(hours / 24)} d`
}
