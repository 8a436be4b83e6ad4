import type { DeliveryStarter } from '../temporal/delivery-starter.ts'
import type { DispatchTargets } from './dispatcher.ts'

/** The dispatcher's and messenger's way to Temporal. `isQuick`: whether a webhook is known to answer fast. */
export function createDispatchTargets(
  starter: DeliveryStarter,
  isQuick: (webhookId: string) => boolean,
): DispatchTargets {
  return {
    async start(deliveries) {
      const starts = deliveries.map((delivery) => ({
        ...delivery,
        quick: delivery.attemptsMade === 0 && isQuick(delivery.webhookId),
      }))
      return (await starter.start(starts)).failed
    },
    retry: (delivery, requestedAt) =>
      starter.signalRetry({ ...delivery, quick: false }, new Date(requestedAt)),
    cancel: (deliveryId) => starter.signalCancel(deliveryId),
  }
}
