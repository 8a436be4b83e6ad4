import type { DeliveryState } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

/** How long a process has to tell Temporal of what it has just committed, before a dispatcher does. */
const INLINE_GRACE = `interval '5 seconds'`

/** A delivery that somebody wants to command, locked, with what its webhook says. */
export interface CommandedDelivery {
  id: string
  webhook_id: string
  event_type: string
  state: DeliveryState
  attempt_count: number
  deferred_until: Date | null
  retry_requested_at: Date | null
  settled_at: Date | null
  is_in_flight: boolean
  is_webhook_enabled: boolean
  is_webhook_deleted: boolean
}

export async function lockForCommand(
  sql: Sql,
  workspaceId: string,
  deliveryId: string,
): Promise<CommandedDelivery | undefined> {
  const rows = await sql.query<CommandedDelivery>(
    `select d.id, d.webhook_id, d.event_type, d.state, d.attempt_count, d.deferred_until, d.retry_requested_at,
       d.settled_at, d.in_flight_until is not null and d.in_flight_until > now() as is_in_flight,
       coalesce(w.enabled, false) as is_webhook_enabled, w.id is null or w.deleted_at is not null as is_webhook_deleted
     from webhook_delivery d left join webhook w on w.id = d.webhook_id
     where d.workspace_id = $1 and d.id = $2 for update of d`,
    [workspaceId, deliveryId],
  )
  return rows[0]
}

/** Commits a manual retry; answers the time by which its signal names it. */
export async function requestRetry(sql: Sql, deliveryId: string): Promise<Date> {
  const rows = await sql.query<{ retry_requested_at: Date }>(
    `update webhook_delivery set retry_requested_at = coalesce(retry_requested_at, now()), deferred_until = null,
       dispatch_at = now() + ${INLINE_GRACE}, dispatch_tries = 0 where id = $1 returning retry_requested_at`,
    [deliveryId],
  )
  const [row] = rows
  if (row === undefined) throw new Error('A locked delivery has vanished.')
  return row.retry_requested_at
}

/** A held delivery is due now. */
export async function releaseDelivery(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set state = 'pending', next_attempt_at = now(), dispatch_at = now() + ${INLINE_GRACE},
       dispatch_tries = 0 where id = $1`,
    [deliveryId],
  )
}

/** Ends a delivery by hand. The dispatchers make sure that its sleeping workflow learns of it. */
export async function cancelLockedDelivery(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set state = 'cancelled', settled_at = now(), next_attempt_at = null, deferred_until = null,
       retry_requested_at = null, dispatch_at = now() + ${INLINE_GRACE}, dispatch_tries = 0 where id = $1`,
    [deliveryId],
  )
}

/**
 * Asks for one more attempt of failed deliveries of a webhook, up to `limit`; the dispatchers signal them. Answers how
 * many there were.
 */
export async function requestRetryOfFailed(
  sql: Sql,
  workspaceId: string,
  webhookId: string,
  limit: number,
): Promise<number> {
  const rows = await sql.query(
    `update webhook_delivery set retry_requested_at = now(), dispatch_at = now(), dispatch_tries = 0
     where state = 'failed' and retry_requested_at is null and id = any (array(
       select id from webhook_delivery where workspace_id = $1 and webhook_id = $2 and state = 'failed'
         and retry_requested_at is null order by id limit $3 for update skip locked))
     returning 1`,
    [workspaceId, webhookId, limit],
  )
  return rows.length
}

export async function readWebhookSwitch(
  sql: Sql,
  workspaceId: string,
  webhookId: string,
): Promise<{ enabled: boolean } | undefined> {
  const rows = await sql.query<{ enabled: boolean }>(
    'select enabled from webhook where workspace_id = $1 and id = $2 and deleted_at is null',
    [workspaceId, webhookId],
  )
  return rows[0]
}

export async function deliveryWorkspace(sql: Sql, deliveryId: string): Promise<string | undefined> {
  const rows = await sql.query<{ workspace_id: string }>(
    'select workspace_id from webhook_delivery where id = $1',
    [deliveryId],
  )
  return rows[0]?.workspace_id
}

/** What a run sees when it looks at its row for the last time. */
export async function readStanding(
  sql: Sql,
  deliveryId: string,
): Promise<{ state: DeliveryState; retryRequestedAt: Date | null } | undefined> {
  const rows = await sql.query<{ state: DeliveryState; retry_requested_at: Date | null }>(
    'select state, retry_requested_at from webhook_delivery where id = $1',
    [deliveryId],
  )
  const [row] = rows
  return row === undefined ? undefined : { state: row.state, retryRequestedAt: row.retry_requested_at }
}
