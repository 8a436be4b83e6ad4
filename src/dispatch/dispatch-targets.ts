import type { DeliveryStarter } from '../temporal/delivery-starter.ts'
import type { DispatchTargets } from './dispatcher.ts'

/** The dispatcher's and messenger's way to Temporal. */
export function createDispatchTargets(starter: DeliveryStarter): DispatchTargets {
  return {
    async start(deliveries) {
      const { failed } = await starter.start(
        deliveries.map((delivery) => ({ ...delivery, quick: false })),
      )
      return failed
    },
    retry: (delivery, requestedAt) => starter.signalRetry({ ...delivery, quick: false }, new Date(requestedAt)),
    cancel: (deliveryId) => starter.signalCancel(deliveryId),
  }
}
