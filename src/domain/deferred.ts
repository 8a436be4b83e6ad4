/** Why our own side makes an attempt wait. Not a failure of the receiver, and no attempt at all. */
export const DEFERRAL_REASONS = [
  'cap',
  'breaker',
  'retry_after',
  'in_flight',
  'overload',
  'shutdown',
] as const
export type DeferralReason = (typeof DEFERRAL_REASONS)[number]

/** The attempt cannot be made now for a reason of ours: ask again in `retryInMs` milliseconds. */
export class Deferred extends Error {
  override readonly name = 'Deferred'
  readonly code = 'deferred'
  readonly reason: DeferralReason
  readonly retryInMs: number

  constructor(reason: DeferralReason, retryInMs: number) {
    super(`Deferred (${reason}) for ${retryInMs} ms`)
    this.reason = reason
    this.retryInMs = retryInMs
  }
}
