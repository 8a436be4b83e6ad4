import type { FirstAttempt } from '../domain/delivery.ts'
import { type Sql, plainArray } from './database.ts'
import { deliveriesOfEvent, newDeliveryId } from './event-deliveries.ts'

/** One event on its way into the database. */
export interface AcceptedEvent {
  id: string
  workspaceId: string
  type: string
  workflowId: string | null
  timestamp: Date | null
  /** Raw JSON text, byte for byte as published. */
  payload: string
  /** Null for an event published without a key. */
  idempotencyKey: string | null
  requestHash: Buffer | null
}

/** How the deliveries of an accepted event are begun. */
export interface AcceptLane {
  firstAttempt: FirstAttempt
  /** `direct`: the token under which this process makes the first attempts; null leaves them to the dispatchers. */
  token: string | null
  /** How many deliveries of this statement the process takes on itself; the others are due for any dispatcher. */
  capacity: number
  /** For how long they are its own, in seconds. */
  leaseSeconds: number
}

export interface AcceptedDelivery {
  id: string
  eventId: string
  webhookId: string
  state: 'pending' | 'held'
  /** Whether this process took it on itself. */
  isOwn: boolean
  createdAt: Date
  /** The webhook's version in this statement. */
  webhookVersion: number
}

export const EVENTS_ROUTE = 'POST /events'

/**
 * Everything that accepting means, in one statement and so in one commit: the idempotency keys, the events whose key is
 * new, and a delivery for every webhook that matches at this moment. Payloads travel joined by a character that JSON
 * text cannot hold, which spares the escaping of every element. Keys are inserted in order, so that two processes
 * cannot deadlock over them. Each pattern, and each webhook's version, is looked up by itself: asked for together, they are
 * planned as a join with all subscriptions of the workspace and all webhooks.
 */
const ACCEPT = `
  with input as (
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::bytea[],
      string_to_array($8::text, e'\\x1e'))
      as t(id, workspace_id, type, workflow_id, at, key, hash, payload)
  ), keys as (
    insert into idempotency_key (workspace_id, route, key, request_hash, status, answer)
    select workspace_id, '${EVENTS_ROUTE}', key, hash, 202, id::text from input where key is not null
    order by workspace_id, key
    on conflict do nothing returning answer
  ), fresh as (
    select * from input where key is null or id::text in (select answer from keys)
  ), events as (
    insert into event (id, workspace_id, type, workflow_id, "timestamp", created_at, payload)
    select id, workspace_id, type, workflow_id, coalesce(at, now()), now(), payload from fresh
  ), matched as (
    select ${newDeliveryId('f.id')} as id, f.id as event_id, f.type,
      s.webhook_id, s.workspace_id, s.enabled, s.enabled and row_number() over () <= $10::integer as own
    from fresh f cross join lateral (
      select webhook_id, workspace_id, enabled from webhook_subscription
        where workspace_id = f.workspace_id and pattern = f.type
      union all select webhook_id, workspace_id, enabled from webhook_subscription
        where workspace_id = f.workspace_id and pattern = split_part(f.type, '.', 1) || '.*'
      union all select webhook_id, workspace_id, enabled from webhook_subscription
        where workspace_id = f.workspace_id and pattern = '*') s
  ), deliveries as (
    insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state, first_attempt,
      next_attempt_at, dispatch_at, in_flight_number, in_flight_token, in_flight_trigger, in_flight_since, in_flight_until)
    select id, workspace_id, webhook_id, event_id, type, case when enabled then 'pending' else 'held' end, $9,
      case when enabled then now() end,
      case when not enabled then null when own then now() + make_interval(secs => $11) else now() end,
      case when own and $12::text is not null then 1 end, case when own then $12::text end,
      case when own and $12::text is not null then 'schedule' end,
      case when own and $12::text is not null then now() end,
      case when own and $12::text is not null then now() + make_interval(secs => $11) end
    from matched
  )
  select f.id as event_id, m.id, m.webhook_id, m.enabled, m.own,
    (select version from webhook where id = m.webhook_id) as version,
    (extract(epoch from now()::timestamptz(3)) * 1000)::float8 as created_ms
  from fresh f left join matched m on m.event_id = f.id`

interface AcceptRow {
  event_id: string
  id: string | null
  webhook_id: string
  enabled: boolean
  own: boolean
  version: number
  created_ms: number
}

/** Answers, for every event that was accepted now, its deliveries; an event whose key was taken is missing. */
export async function acceptEvents(
  sql: Sql,
  events: readonly AcceptedEvent[],
  lane: AcceptLane,
): Promise<Map<string, AcceptedDelivery[]>> {
  const rows = await sql.query<AcceptRow>(
    ACCEPT,
    [
      plainArray(events.map(({ id }) => id)),
      plainArray(events.map(({ workspaceId }) => workspaceId)),
      events.map(({ type }) => type),
      events.map(({ workflowId }) => workflowId),
      plainArray(events.map(({ timestamp }) => timestamp)),
      events.map(({ idempotencyKey }) => idempotencyKey),
      events.map(({ requestHash }) => requestHash),
      events.map(({ payload }) => payload).join('\x1e'),
      lane.firstAttempt,
      lane.capacity,
      lane.leaseSeconds,
      lane.token,
    ],
    { hot: 'accept' },
  )
  const accepted = new Map<string, AcceptedDelivery[]>()
  for (const row of rows) {
    const deliveries = accepted.get(row.event_id) ?? []
    accepted.set(row.event_id, deliveries)
    if (row.id === null) continue
    deliveries.push({
      id: row.id,
      eventId: row.event_id,
      webhookId: row.webhook_id,
      state: row.enabled ? 'pending' : 'held',
      isOwn: row.own,
      createdAt: new Date(row.created_ms),
      webhookVersion: row.version,
    })
  }
  return accepted
}

export interface KeptEvent {
  key: string
  requestHash: Buffer
  eventId: string
  deliveries: number
  isExpired: boolean
}

/** The events that were published under these keys before, with the number of their deliveries. */
export async function findKeptEvents(
  sql: Sql,
  workspaceId: string,
  keys: readonly string[],
): Promise<KeptEvent[]> {
  const rows = await sql.query<{
    key: string
    request_hash: Buffer
    answer: string
    deliveries: number
    expired: boolean
  }>(
    `select k.key, k.request_hash, k.answer, k.created_at < now() - interval '24 hours' as expired,
       (select count(*)::integer from webhook_delivery d where ${deliveriesOfEvent('k.answer::uuid')}) as deliveries
     from idempotency_key k where k.workspace_id = $1 and k.route = '${EVENTS_ROUTE}' and k.key = any ($2::text[])`,
    [workspaceId, keys],
  )
  return rows.map((row) => ({
    key: row.key,
    requestHash: row.request_hash,
    eventId: row.answer,
    deliveries: row.deliveries,
    isExpired: row.expired,
  }))
}

/** Forgets keys that are past their 24 hours, so that they can be used for a new event. */
export async function forgetExpiredKeys(
  sql: Sql,
  workspaceId: string,
  keys: readonly string[],
): Promise<void> {
  await sql.query(
    `delete from idempotency_key where workspace_id = $1 and route = '${EVENTS_ROUTE}' and key = any ($2::text[])
       and created_at < now() - interval '24 hours'`,
    [workspaceId, keys],
  )
}
