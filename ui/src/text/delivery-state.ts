import type { Delivery } from '../api/types.ts'
import { relativeTime, shortClockTime } from './time.ts'

/** What a delivery looks like to people: the API's state, with the ways of being pending told apart. */
export type ShownState = 'pending' | 'retrying' | 'deferred' | 'succeeded' | 'failed' | 'cancelled' | 'held'

export const SHOWN_STATE_WORDS: Readonly<Record<ShownState, string>> = {
  pending: 'Pending',
  retrying: 'Retrying',
  deferred: 'Deferred',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  held: 'Held',
}

type StateFacts = Pick<Delivery, 'state' | 'attemptCount' | 'nextAttemptAt' | 'deferredUntil'>

export function shownState(delivery: StateFacts): ShownState {
  if (delivery.state !== 'pending') return delivery.state
  if (delivery.deferredUntil !== null) return 'deferred'
  return delivery.attemptCount > 0 ? 'retrying' : 'pending'
}

/** The state in words: what it means and what happens, or has to happen, next. */
export function stateSentence(delivery: Delivery, webhookExists: boolean, nowMs: number): string {
  const asked = delivery.retryRequestedAt === null ? '' : ' A retry has been asked for and is on its way.'
  return `${withoutRetry(delivery, webhookExists, nowMs)}${asked}`
}

function withoutRetry(delivery: Delivery, webhookExists: boolean, nowMs: number): string {
  switch (shownState(delivery)) {
    case 'pending':
      return 'Waiting for its first attempt.'
    case 'retrying': {
      const next = delivery.nextAttemptAt === null ? 'soon' : relativeTime(delivery.nextAttemptAt, nowMs)
      return `Attempt ${delivery.attemptCount} failed, step ${delivery.stepsUsed} of ${delivery.steps}; next ${next}. Wait, or retry now.`
    }
    case 'deferred': {
      const until = delivery.deferredUntil ?? delivery.nextAttemptAt
      return `The endpoint is busy; next turn at ${until === null ? 'once it is free' : shortClockTime(until, nowMs)}.`
    }
    case 'succeeded':
      return `Accepted at attempt ${delivery.attemptCount}.`
    case 'failed':
      return delivery.lastFailure === 'gone'
        ? 'No more attempts are made by themselves.'
        : 'Its schedule is used up. Fix the cause, then retry now.'
    case 'cancelled':
      return `Stopped by hand or with its webhook.${webhookExists ? ' It can still be sent: retry now.' : ''}`
    case 'held':
      return 'Kept while the webhook was off. Turn it on to send, or retry now if it is on.'
  }
}
