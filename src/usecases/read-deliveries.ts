import type { FilterQuery } from '@mikro-orm/core'

import type { Database } from '../db/database.ts'
import { DeliveryAttempt, Webhook, WebhookDelivery } from '../db/schema.ts'
import { type TimeRange, withinTimeRange } from '../db/time-range.ts'
import type { DeliveryState } from '../domain/delivery.ts'
import { notFound } from '../domain/errors.ts'
import { parseSchedule, stepsOf } from '../domain/schedule.ts'

export interface DeliveryFilter extends TimeRange {
  webhookId: string | null
  /** `retrying` is a pending one that has failed and will be tried again. */
  state: DeliveryState | 'retrying' | null
  eventType: string | null
}

/** A delivery with the number of attempts that its webhook's schedule makes by itself. */
export interface DeliveryWithSteps {
  id: string
  delivery: WebhookDelivery
  steps: number
}

interface ReadDeliveriesDeps {
  database: Database
}

/** A workspace's deliveries, newest first; one row more than `limit` when there are more. */
export async function listDeliveries(
  { database }: ReadDeliveriesDeps,
  workspaceId: string,
  filter: DeliveryFilter,
  page: { limit: number; beforeId: string | null },
): Promise<DeliveryWithSteps[]> {
  const deliveries = await database.em().find(WebhookDelivery, whereOf(workspaceId, filter, page.beforeId), {
    orderBy: { id: 'desc' },
    limit: page.limit + 1,
  })
  const steps = await stepsOfWebhooks(database, workspaceId, deliveries)
  return deliveries.map((delivery) => ({
    id: delivery.id,
    delivery,
    steps: steps.get(delivery.webhookId) ?? 1,
  }))
}

/** One delivery with its attempts, by number. */
export async function getDelivery(
  { database }: ReadDeliveriesDeps,
  workspaceId: string,
  id: string,
): Promise<DeliveryWithSteps & { attempts: DeliveryAttempt[] }> {
  const em = database.em()
  const delivery = await em.findOne(WebhookDelivery, { id, workspaceId })
  if (delivery === null) throw notFound('delivery')
  const attempts = await em.find(
    DeliveryAttempt,
    { deliveryId: id, workspaceId },
    { orderBy: { number: 'asc' } },
  )
  const steps = await stepsOfWebhooks(database, workspaceId, [delivery])
  return { id, delivery, steps: steps.get(delivery.webhookId) ?? 1, attempts }
}

function whereOf(
  workspaceId: string,
  { webhookId, state, eventType, ...range }: DeliveryFilter,
  beforeId: string | null,
): FilterQuery<WebhookDelivery> {
  const { id: idRange, ...createdAt } = withinTimeRange(range)
  return {
    workspaceId,
    ...createdAt,
    ...(webhookId === null ? {} : { webhookId }),
    ...(eventType === null ? {} : { eventType }),
    ...whereState(state),
    $and: [idRange === undefined ? {} : { id: idRange }, beforeId === null ? {} : { id: { $lt: beforeId } }],
  }
}

function whereState(state: DeliveryFilter['state']): {
  state?: DeliveryState
  attemptCount?: object
  nextAttemptAt?: object
} {
  if (state === null) return {}
  if (state === 'retrying')
    return { state: 'pending', attemptCount: { $gt: 0 }, nextAttemptAt: { $ne: null } }
  return { state }
}

async function stepsOfWebhooks(
  database: Database,
  workspaceId: string,
  deliveries: readonly WebhookDelivery[],
): Promise<Map<string, number>> {
  const ids = [...new Set(deliveries.map(({ webhookId }) => webhookId))]
  if (ids.length === 0) return new Map()
  const webhooks = await database
    .em()
    .find(Webhook, { id: { $in: ids }, workspaceId }, { fields: ['schedule'] })
  return new Map(webhooks.map(({ id, schedule }) => [id, stepsOf(parseSchedule(schedule))]))
}
