import type { AcceptLane } from '../db/accepting.ts'
import { LEASE_SECONDS } from '../dispatch/direct-lane.ts'
import { createPublishEvents, type OwnDelivery, type PublishEvents } from '../usecases/publish-events.ts'
import type { Core } from './core.ts'
import type { Delivering } from './delivering.ts'

/** How long a process has to tell Temporal of what it accepted, before the dispatchers do. */
const INLINE_START_SECONDS = 5

/** Accepting events, and beginning what this process can begin at once. */
export function createPublishing({ database, ids, fail }: Core, { direct, messenger }: Delivering): PublishEvents {
  return createPublishEvents({
    database,
    ids,
    lane: (): AcceptLane => {
      fail('before-commit')
      return direct === null
        ? {
            firstAttempt: 'workflow',
            token: null,
            capacity: messenger.capacity(),
            leaseSeconds: INLINE_START_SECONDS,
          }
        : {
            firstAttempt: 'direct',
            token: direct.token,
            capacity: direct.capacity(),
            leaseSeconds: LEASE_SECONDS,
          }
    },
    onAccepted(own, askedAt) {
      fail('after-commit')
      if (direct === null) messenger.startMany(own.map(toAddress))
      else direct.lane.take(own.map(toLeased), askedAt)
    },
  })
}

function toAddress({ delivery, event }: OwnDelivery) {
  return {
    deliveryId: delivery.id,
    workspaceId: event.workspaceId,
    webhookId: delivery.webhookId,
    eventType: event.type,
    attemptsMade: 0,
  }
}

function toLeased({ delivery, event }: OwnDelivery) {
  return {
    id: delivery.id,
    workspaceId: event.workspaceId,
    webhookId: delivery.webhookId,
    eventId: event.id,
    eventType: event.type,
    number: 1,
    workflowId: event.workflowId,
    timestamp: event.timestamp ?? delivery.createdAt,
    payload: event.payload,
  }
}
