import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'

import { type DeferralReason, Deferred } from '../src/domain/deferred.ts'

/** Shown in Temporal's Web UI as the last failure of the pending activity, so each is a sentence for operators. */
const DEFERRAL_MESSAGES: Record<DeferralReason, string> = {
  cap: 'Waiting for a free place under the webhook’s concurrency.',
  breaker: 'Waiting behind the open breaker of a webhook that keeps failing.',
  retry_after: 'Waiting because the receiver asked for a pause.',
  in_flight: 'Waiting for an attempt that is already under way.',
  overload: 'Waiting because this process has enough to do.',
  shutdown: 'Waiting because this process is shutting down.',
}

const OWN_FAULT_MESSAGE = 'Our own side could not do it; it is tried again. The worker’s log has the details.'

/**
 * Turns whatever an activity met into a retryable failure. Failures enter a workflow's history in clear text, so both
 * type and message are constants: an error's own text may hold a URL or a row's contents. The stack, which tells where
 * the code lies, stays out too.
 */
export function toFailure(error: unknown): ApplicationFailure {
  const failure = ApplicationFailure.create(
    error instanceof Deferred
      ? {
          type: `deferred_${error.reason}`,
          message: DEFERRAL_MESSAGES[error.reason],
          nextRetryDelay: Math.max(1, Math.round(error.retryInMs)),
          category: ApplicationFailureCategory.BENIGN,
        }
      : { type: 'own_fault', message: OWN_FAULT_MESSAGE },
  )
  failure.stack = ''
  return failure
}
