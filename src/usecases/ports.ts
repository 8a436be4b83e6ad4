/** Which delivery a message to Temporal is about: ids and numbers only, all of them may stand in a history. */
export interface DeliveryAddress {
  deliveryId: string
  workspaceId: string
  webhookId: string
  eventType: string
  attemptsMade: number
  /** Until the next attempt, where attempts were made and it is known. */
  waiting?: KnownWait
}

export interface KnownWait {
  /** When the next attempt falls due, as a time of `Date.now()` of this process. */
  dueAtMs: number
  stepsUsed: number
  /** Of the schedule in all; null where it is not known. */
  steps: number | null
}

/**
 * Tells delivery workflows what was committed. Best effort and in the background: each call returns at once and never
 * throws, because the dispatchers repeat whatever did not arrive.
 */
export interface DeliveryMessenger {
  start(delivery: DeliveryAddress): void
  /** `requestedAt` names the request as it stands in the row, ISO 8601. */
  retry(delivery: DeliveryAddress, requestedAt: string): void
  cancel(deliveryId: string): void
}
