import type { Database } from '../db/database.ts'
import { type EventDelivery, findEventDeliveries } from '../db/event-deliveries.ts'
import { type EventFilter, findEventIds, type ListPage } from '../db/list-queries.ts'
import { Event } from '../db/schema.ts'
import { notFound } from '../domain/errors.ts'

export interface EventWithDeliveries {
  id: string
  event: Event
  deliveries: Omit<EventDelivery, 'eventId'>[]
}

interface ReadEventsDeps {
  database: Database
}

/** What a workspace published, newest first; one row more than `limit` when there are more. */
export async function listEvents(
  { database }: ReadEventsDeps,
  workspaceId: string,
  filter: EventFilter,
  page: ListPage,
): Promise<EventWithDeliveries[]> {
  const ids = await findEventIds(database.sql, workspaceId, filter, page)
  if (ids.length === 0) return []
  const events = await database
    .em()
    .find(Event, { id: { $in: ids }, workspaceId }, { orderBy: { id: 'desc' } })
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
  const byEvent = await findEventDeliveries(
    database.sql,
    workspaceId,
    events.map(({ id }) => id),
  )
  return events.map((event) => ({
    id: event.id,
    event,
    deliveries: (byEvent.get(event.id) ?? []).map(({ id, webhookId, state }) => ({ id, webhookId, state })),
  }))
}
