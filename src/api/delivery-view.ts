import type { Static } from 'typebox'

import type { DeliveryAttempt } from '../db/schema.ts'
import { deliverWorkflowId } from '../domain/delivery.ts'
import { showStoredHeaders } from '../domain/sent-headers.ts'
import type { DeliveryWithSteps } from '../usecases/read-deliveries.ts'
import type { AttemptModel } from './schemas/attempts.ts'
import type { DeliveryDetailModel, DeliveryModel } from './schemas/deliveries.ts'
import { showTime, showTimeOrNull } from './times.ts'

export function showDelivery({ delivery, steps }: DeliveryWithSteps): Static<typeof DeliveryModel> {
  return {
    id: delivery.id,
    eventId: delivery.eventId,
    eventType: delivery.eventType,
    webhookId: delivery.webhookId,
    state: delivery.state,
    attemptCount: delivery.attemptCount,
    stepsUsed: delivery.stepsUsed,
    steps,
    nextAttemptAt: showTimeOrNull(delivery.nextAttemptAt),
    deferredUntil: showTimeOrNull(delivery.deferredUntil),
    retryRequestedAt: showTimeOrNull(delivery.retryRequestedAt),
    lastFailure: delivery.lastFailure ?? null,
    lastStatusCode: delivery.lastStatusCode ?? null,
    firstAttempt: delivery.firstAttempt === 'direct' ? 'direct' : 'workflow',
    temporalWorkflowId: deliverWorkflowId(delivery.id),
    createdAt: showTime(delivery.createdAt),
    settledAt: showTimeOrNull(delivery.settledAt),
  }
}

export function showDeliveryDetail(
  delivery: DeliveryWithSteps & { attempts: readonly DeliveryAttempt[] },
): Static<typeof DeliveryDetailModel> {
  return {
    ...showDelivery(delivery),
    attempts: delivery.attempts.map((attempt) => showAttempt(attempt, delivery.delivery.eventType)),
  }
}

function showAttempt(attempt: DeliveryAttempt, eventType: string): AttemptModel {
  const { deliveryId, number: attemptNumber } = attempt
  return {
    number: attempt.number,
    trigger: attempt.trigger,
    startedAt: showTime(attempt.startedAt),
    statusCode: attempt.statusCode ?? null,
    responseTimeMs: attempt.responseTimeMs ?? null,
    responseBody: attempt.responseBody ?? null,
    responseBodyTruncated: attempt.responseBodyTruncated,
    responseHeaders: readHeaders(attempt.responseHeaders),
    requestHeaders: showStoredHeaders(attempt.requestHeaders ?? null, {
      deliveryId,
      eventType,
      attemptNumber,
    }),
    timings: {
      dnsMs: attempt.dnsMs ?? null,
      connectMs: attempt.connectMs ?? null,
      tlsMs: attempt.tlsMs ?? null,
      firstByteMs: attempt.firstByteMs ?? null,
    },
    remoteAddress: attempt.remoteAddress ?? null,
    failure: attempt.failure ?? null,
    nextAttemptAt: showTimeOrNull(attempt.nextAttemptAt),
  }
}

/** The column holds what was stored by ourselves: an object of texts, as JSON. */
function readHeaders(text: string | null | undefined): Record<string, string> | null {
  return typeof text === 'string' ? (JSON.parse(text) as Record<string, string>) : null
}
