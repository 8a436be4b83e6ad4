import type { DeliveryState } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

/**
 * Where the deliveries of an event lie. Their ids begin like the event's (time and sequence, 18 characters), so they are
 * neighbours in the primary key, and no index by event has to be kept. `event` is the event's id in SQL.
 */
export function deliveriesOfEvent(event: string): string {
  const prefix = `substr(${event}::text, 1, 18)`
  return `d.id between (${prefix} || '-0000-000000000000')::uuid and (${prefix} || '-ffff-ffffffffffff')::uuid
    and d.event_id = ${event}`
}

/** In SQL: the id of a new delivery of an event; RFC 9562, version 7, with 62 random bits of its own. */
export function newDeliveryId(event: string): string {
  return `(substr(${event}::text, 1, 18) || substr(gen_random_uuid()::text, 19))::uuid`
}

export interface EventDelivery {
  id: string
  eventId: string
  webhookId: string
  state: DeliveryState
}

/** The deliveries of some events of a workspace, by event. */
export async function findEventDeliveries(
  sql: Sql,
  workspaceId: string,
  eventIds: readonly string[],
): Promise<Map<string, EventDelivery[]>> {
  const rows = await sql.query<{ id: string; event_id: string; webhook_id: string; state: DeliveryState }>(
    `select d.id, d.event_id, d.webhook_id, d.state
     from unnest($1::uuid[]) as e(id), lateral (
       select * from webhook_delivery d where ${deliveriesOfEvent('e.id')} and d.workspace_id = $2 offset 0) as d
     order by d.id`,
    [eventIds, workspaceId],
  )
  const deliveries = rows.map((row) => ({
    id: row.id,
    eventId: row.event_id,
    webhookId: row.webhook_id,
    state: row.state,
  }))
  return Map.groupBy(deliveries, ({ eventId }) => eventId)
}
