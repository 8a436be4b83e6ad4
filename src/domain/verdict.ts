import type { AttemptOutcome, Failure } from './attempt-outcome.ts'
import type { DeliveryState, Trigger } from './delivery.ts'
import { type Schedule, waitMsAfter } from './schedule.ts'

/** What follows from an attempt for its delivery. */
export type Verdict =
  | { kind: 'succeeded' }
  | { kind: 'retry'; waitMs: number }
  | { kind: 'exhausted' }
  /** The receiver said 410: the delivery has failed and the webhook is turned off. */
  | { kind: 'gone' }
  /** A manual retry failed, or the delivery was cancelled meanwhile: everything stands as it stood before. */
  | { kind: 'unchanged' }

export interface AttemptContext {
  /** The delivery's state when the outcome is recorded, which may differ from the one at its start. */
  state: DeliveryState
  trigger: Trigger
  schedule: Schedule
  /** Steps of the schedule used up before this attempt. */
  stepsUsed: number
  /** Sets the jitter: 0 ≤ random < 1. */
  random: number
}

export function failureOf(outcome: AttemptOutcome): Failure | null {
  return outcome.kind === 'accepted' ? null : outcome.failure
}

export function isScheduled(trigger: Trigger): boolean {
  return trigger === 'schedule' || trigger === 'replay'
}

/** The one place where an attempt's outcome becomes a decision about its delivery (contract, rules 3, 4 and 6). */
export function judge(
  result: { failure: Failure | null; retryAfterMs: number | null },
  context: AttemptContext,
): Verdict {
  if (result.failure === null)
    return context.state === 'succeeded' ? { kind: 'unchanged' } : { kind: 'succeeded' }
  if (result.failure === 'gone')
    return context.state === 'succeeded' ? { kind: 'unchanged' } : { kind: 'gone' }
  if (context.state !== 'pending' || !isScheduled(context.trigger)) return { kind: 'unchanged' }
  const { schedule, stepsUsed, random } = context
  const waitMs = waitMsAfter(schedule, stepsUsed + 1, random, result.retryAfterMs)
  return waitMs === undefined ? { kind: 'exhausted' } : { kind: 'retry', waitMs }
}
