import type { AttemptReason } from './attempt-result.ts'
import type { DeliveryState, Trigger } from './delivery.ts'

/** What the row says at the moment an attempt is asked for. Times are the database's. */
export interface DeliveryPosition {
  state: DeliveryState
  /** What the next attempt of the schedule is called: `replay` for a delivery that a replay brought back. */
  trigger: Trigger
  attemptCount: number
  nextAttemptAt: Date | null
  retryRequestedAt: Date | null
  /** An attempt that was begun and has no outcome yet. */
  inFlight: { token: string; until: Date } | null
  isWebhookEnabled: boolean
  isWebhookDeleted: boolean
  now: Date
}

export type AttemptDecision =
  | { kind: 'attempt'; trigger: Trigger; number: number; isAfterInterruption: boolean }
  /** The webhook is gone: the delivery ends. */
  | { kind: 'cancel' }
  /** The webhook is off: the delivery is kept. */
  | { kind: 'hold' }
  /** A manual retry that may not be made any more. */
  | { kind: 'withdraw-request' }
  | { kind: 'wait'; waitMs: number }
  /** Somebody else is making an attempt; it counts as ours when it is through. */
  | { kind: 'busy'; retryInMs: number }
  | { kind: 'settled'; state: Exclude<DeliveryState, 'pending'> }
  | { kind: 'nothing' }

const BUSY_RETRY_MS = 1_000

/** The one place that says whether an attempt is made, given the row, the webhook and who asks (contract, rules 1–6). */
export function decideAttempt(
  position: DeliveryPosition,
  reason: AttemptReason,
  token: string,
): AttemptDecision {
  const { state, inFlight, now } = position
  if (inFlight !== null && inFlight.token !== token && inFlight.until > now)
    return { kind: 'busy', retryInMs: Math.min(inFlight.until.getTime() - now.getTime(), BUSY_RETRY_MS) }
  if (position.isWebhookDeleted && state === 'pending') return { kind: 'cancel' }

  const isWebhookUsable = position.isWebhookEnabled && !position.isWebhookDeleted
  if (isManualRetry(position, reason)) {
    if (isWebhookUsable) return attemptNow(position, true)
    if (reason.kind === 'manual' || state !== 'pending') return { kind: 'withdraw-request' }
  }
  if (reason.kind === 'manual') return { kind: 'nothing' }
  if (state !== 'pending') return { kind: 'settled', state }

  const waitMs = position.nextAttemptAt === null ? 0 : position.nextAttemptAt.getTime() - now.getTime()
  if (reason.kind === 'start' && waitMs > 0) return { kind: 'wait', waitMs }
  return isWebhookUsable ? attemptNow(position, false) : { kind: 'hold' }
}

function attemptNow(position: DeliveryPosition, isManual: boolean): AttemptDecision {
  const isAfterInterruption = position.inFlight !== null
  return {
    kind: 'attempt',
    trigger: isManual ? 'manual' : position.trigger,
    number: position.attemptCount + (isAfterInterruption ? 2 : 1),
    isAfterInterruption,
  }
}

/** A request in the row is served by whichever run comes first; an operator's bare signal is a request of its own. */
function isManualRetry(position: DeliveryPosition, reason: AttemptReason): boolean {
  const { retryRequestedAt, state } = position
  if (reason.kind !== 'manual') return retryRequestedAt !== null
  if (reason.requestedAt === null)
    return retryRequestedAt !== null || state === 'pending' || state === 'failed'
  return retryRequestedAt?.getTime() === Date.parse(reason.requestedAt)
}
