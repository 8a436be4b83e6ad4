/** Which delivery a message to Temporal is about: ids and numbers only, all of them may stand in a history. */
export interface DeliveryAddress {
  deliveryId: string
  workspaceId: string
  webhookId: string
  eventType: string
  attemptsMade: number
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
