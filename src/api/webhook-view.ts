import type { Static } from 'typebox'

import type { WebhookView } from '../usecases/read-webhooks.ts'
import type { TestAttempt } from '../usecases/send-test.ts'
import { MASK } from '../usecases/webhook-input.ts'
import type { AttemptModel } from './schemas/attempts.ts'
import type { WebhookModel } from './schemas/webhooks.ts'
import { showTime, showTimeOrNull } from './times.ts'

export function showWebhook(view: WebhookView): Static<typeof WebhookModel> {
  const { stats24h, lastDelivery, headerNames, version: _version, ...members } = view
  return {
    ...members,
    events: [...view.events],
    waits: [...view.waits],
    disabledAt: showTimeOrNull(view.disabledAt),
    breaker: { state: view.breaker.state, openedAt: showTimeOrNull(view.breaker.openedAt) },
    headers: Object.fromEntries(headerNames.map((name) => [name, MASK])),
    stats24h: {
      ...stats24h,
      series: stats24h.series.map(({ at, ...slot }) => ({ at: showTime(at), ...slot })),
    },
    lastDelivery: lastDelivery === null ? null : { ...lastDelivery, at: showTime(lastDelivery.at) },
    createdAt: showTime(view.createdAt),
    updatedAt: showTime(view.updatedAt),
  }
}

export function showTestAttempt({ startedAt, ...attempt }: TestAttempt): AttemptModel {
  return { ...attempt, startedAt: showTime(startedAt) }
}
