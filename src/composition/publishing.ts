import type { AcceptLane } from '../db/accepting.ts'
import { LEASE_SECONDS } from '../dispatch/direct-lane.ts'
import type { Messenger } from '../dispatch/messenger.ts'
import type { FreshDelivery } from '../usecases/fresh-deliveries.ts'
import { createPublishEvents, type OwnDelivery, type PublishEvents } from '../usecases/publish-events.ts'
import type { Core } from './core.ts'
import type { Delivering } from './delivering.ts'

/** How long a process has to tell Temporal of what it accepted, before the dispatchers do. */
const INLINE_START_SECONDS = 5
/** In `auto`, what has not begun by then gets its first attempt without its workflow. */
const AUTO_START_SECONDS = 1

/** Accepting events, and beginning what this process can begin at once. */
export function createPublishing(
  { config, database, ids, fail }: Core,
  { direct, messenger, gate, fresh }: Delivering,
): PublishEvents {
  const isAuto = config.firstAttempt === 'auto'

  function byWorkflow(): AcceptLane {
    return {
      firstAttempt: 'workflow',
      token: null,
      capacity: messenger.capacity(),
      leaseSeconds: isAuto ? AUTO_START_SECONDS : INLINE_START_SECONDS,
    }
  }

  const diversion = createDiversion(messenger)

  function chooseLane(): AcceptLane {
    fail('before-commit')
    if (direct === null || (isAuto && !diversion.isOn())) return byWorkflow()
    const { token } = direct
    return { firstAttempt: 'direct', token, capacity: direct.capacity(), leaseSeconds: LEASE_SECONDS }
  }

  return createPublishEvents({
    database,
    ids,
    lane: chooseLane,
    onAccepted(own, askedAt, { token }) {
      fail('after-commit')
      if (direct !== null && token !== null) {
        diversion.count(own.length)
        direct.lane.take(own.map(toLeased), askedAt)
      } else {
        for (const one of own) if (gate.isQuick(one.delivery.webhookId)) fresh.keep(toFresh(one))
        messenger.startMany(own.map(toAddress))
      }
    },
  })
}

const DIVERSION_MS = 1_000

/**
 * In `auto`: once Temporal has no room, everything goes the direct way for a second, and for another as long as more
 * comes than Temporal takes. A burst that is shared with Temporal waits for it.
 */
function createDiversion({ capacity, perSecond }: Pick<Messenger, 'capacity' | 'perSecond'>) {
  let until = -Infinity
  let counted = 0
  return {
    isOn(): boolean {
      const now = performance.now()
      if (now < until) return true
      const goesOn = now < until + DIVERSION_MS && counted > perSecond()
      counted = 0
      if (!goesOn && capacity() > 0) return false
      until = now + DIVERSION_MS
      return true
    },
    count(deliveries: number): void {
      counted += deliveries
    },
  }
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

/** The row as the accepting statement wrote it. */
function toFresh({ delivery, event }: OwnDelivery): FreshDelivery {
  return {
    webhookVersion: delivery.webhookVersion,
    row: {
      id: delivery.id,
      workspace_id: event.workspaceId,
      webhook_id: delivery.webhookId,
      event_id: event.id,
      event_type: event.type,
      state: 'pending',
      trigger: 'schedule',
      attempt_count: 0,
      steps_used: 0,
      next_attempt_at: delivery.createdAt,
      retry_requested_at: null,
      in_flight_number: null,
      in_flight_token: null,
      in_flight_trigger: null,
      in_flight_since: null,
      in_flight_until: null,
      settled_at: null,
      workflow_id: event.workflowId,
      timestamp: event.timestamp ?? delivery.createdAt,
      payload: event.payload,
      now: delivery.createdAt,
    },
  }
}

function toLeased({ delivery, event }: OwnDelivery) {
  return {
    id: delivery.id,
    workspaceId: event.workspaceId,
    webhookId: delivery.webhookId,
    webhookVersion: delivery.webhookVersion,
    eventId: event.id,
    eventType: event.type,
    number: 1,
    workflowId: event.workflowId,
    timestamp: event.timestamp ?? delivery.createdAt,
    payload: event.payload,
  }
}
