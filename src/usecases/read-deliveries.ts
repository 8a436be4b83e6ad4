import type { Database } from '../db/database.ts'
import { type DeliveryFilter, findDeliveryIds, type ListPage } from '../db/list-queries.ts'
import { DeliveryAttempt, Webhook, WebhookDelivery } from '../db/schema.ts'
import { notFound } from '../domain/errors.ts'
import { parseSchedule, stepsOf } from '../domain/schedule.ts'

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
  page: ListPage,
): Promise<DeliveryWithSteps[]> {
  const ids = await findDeliveryIds(database.sql, workspaceId, filter, page)
  if (ids.length === 0) return []
  const deliveries = await database
    .em()
    .find(WebhookDelivery, { id: { $in: ids }, workspaceId }, { orderBy: { id: 'desc' } })
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
