import type { FilterQuery } from '@mikro-orm/core'

import type { Database } from '../db/database.ts'
import { Event, WebhookDelivery } from '../db/schema.ts'
import { type TimeRange, withinTimeRange } from '../db/time-range.ts'
import { notFound } from '../domain/errors.ts'

export interface EventFilter extends TimeRange {
  eventType: string | null
}

export type EventDelivery = Pick<WebhookDelivery, 'id' | 'webhookId' | 'state'>

export interface EventWithDeliveries {
  id: string
  event: Event
  deliveries: EventDelivery[]
}

interface ReadEventsDeps {
  database: Database
}

/** What a workspace published, newest first; one row more than `limit` when there are more. */
export async function listEvents(
  { database }: ReadEventsDeps,
  workspaceId: string,
  { eventType, ...range }: EventFilter,
  page: { limit: number; beforeId: string | null },
): Promise<EventWithDeliveries[]> {
  const { id: idRange, ...createdAt } = withinTimeRange(range)
  const where: FilterQuery<Event> = {
    workspaceId,
    ...createdAt,
    ...(eventType === null ? {} : { type: eventType }),
    $and: [
      idRange === undefined ? {} : { id: idRange },
      page.beforeId === null ? {} : { id: { $lt: page.beforeId } },
    ],
  }
  const events = await database.em().find(Event, where, { orderBy: { id: 'desc' }, limit: page.limit + 1 })
  return withDeliveries(database, workspaceId, events)
}

export async function getEvent(
  { database }: ReadEventsDeps,
  workspaceId: string,
  id: string,
): Promise<EventWithDeliveries> {
  const event = await database.em().findOne(Event, { id, workspaceId })
  const [found] = event === null ? [] : await withDeliveries(database, workspaceId, [event])
  if (found === undefined) throw notFound('event')
  return found
}

async function withDeliveries(
  database: Database,
  workspaceId: string,
  events: readonly Event[],
): Promise<EventWithDeliveries[]> {
  if (events.length === 0) return []
  const deliveries = await database
    .em()
    .find(
      WebhookDelivery,
      { eventId: { $in: events.map(({ id }) => id) }, workspaceId },
      { fields: ['webhookId', 'eventId', 'state'], orderBy: { id: 'asc' } },
    )
  const byEvent = Map.groupBy(deliveries, ({ eventId }) => eventId)
  return events.map((event) => ({
    id: event.id,
    event,
    deliveries: (byEvent.get(event.id) ?? []).map(({ id, webhookId, state }) => ({ id, webhookId, state })),
  }))
}
