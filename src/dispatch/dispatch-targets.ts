import { postponeBeginning, type Postponed, postponeSleeping } from '../db/dispatching.ts'
import type { Sql } from '../db/database.ts'
import type { DeliveryStarter } from '../temporal/delivery-starter.ts'
import type { DeliveryAddress } from '../usecases/ports.ts'
import type { WebhookGate } from '../usecases/webhook-gate.ts'
import type { DispatchTargets } from './dispatcher.ts'

export interface DispatchTargetsDeps {
  sql: Sql
  starter: DeliveryStarter
  gate: Pick<WebhookGate, 'isQuick' | 'turnAway'>
}

/**
 * The dispatcher's and messenger's way to Temporal. A delivery that its webhook's gate would turn away is not started
 * yet: what waits for an endpoint in trouble costs Temporal nothing.
 */
export function createDispatchTargets({ sql, starter, gate }: DispatchTargetsDeps): DispatchTargets {
  return {
    async start(deliveries) {
      const postponed = deliveries.flatMap((delivery) => turnedAway(gate, delivery))
      if (postponed.length > 0) await postponeBeginning(sql, postponed)
      const left = new Set(postponed.map(({ deliveryId }) => deliveryId))
      const starts = deliveries
        .filter(({ deliveryId }) => !left.has(deliveryId))
        .map((delivery) => ({
          ...delivery,
          quick: delivery.attemptsMade === 0 && gate.isQuick(delivery.webhookId),
        }))
      const { started, failed } = await starter.start(starts)
      const asleep = new Set(
        starts.filter(({ attemptsMade }) => attemptsMade > 0).map((each) => each.deliveryId),
      )
      const postponable = started.filter((deliveryId) => asleep.has(deliveryId))
      if (postponable.length > 0) await postponeSleeping(sql, postponable)
      return failed
    },
    retry: (delivery, requestedAt) =>
      starter.signalRetry({ ...delivery, quick: false }, new Date(requestedAt)),
    cancel: (deliveryId) => starter.signalCancel(deliveryId),
  }
}

function turnedAway(
  gate: Pick<WebhookGate, 'turnAway'>,
  { attemptsMade, webhookId, deliveryId }: DeliveryAddress,
): Postponed[] {
  const retryInMs = attemptsMade === 0 ? gate.turnAway(webhookId, deliveryId) : null
  return retryInMs === null ? [] : [{ deliveryId, retryInMs }]
}
