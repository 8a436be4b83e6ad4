import type { DisabledReason } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

/** Keeps other transactions from changing the webhook of a delivery until this one ends. */
export async function lockWebhookOf(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `select id from webhook where id = (select webhook_id from webhook_delivery where id = $1) for no key update`,
    [deliveryId],
    'lock-webhook',
  )
}

/** A success of any delivery: the webhook is well again. Touches nothing when it was well already. */
export async function markWebhookWell(sql: Sql, webhookId: string): Promise<boolean> {
  const rows = await sql.query(
    `update webhook set failed_at = null, failing_since = null, breaker_opened_at = null
     where id = $1 and (failed_at is not null or failing_since is not null or breaker_opened_at is not null)
     returning id`,
    [webhookId],
    'mark-webhook-well',
  )
  return rows.length > 0
}

/** A failed attempt; answers since when every attempt has failed. */
export async function markWebhookFailing(sql: Sql, webhookId: string): Promise<Date | null> {
  await sql.query(
    'update webhook set failing_since = now() where id = $1 and failing_since is null',
    [webhookId],
    'mark-webhook-failing',
  )
  const rows = await sql.query<{ failing_since: Date | null }>(
    'select failing_since from webhook where id = $1',
    [webhookId],
    'webhook-failing-since',
  )
  return rows[0]?.failing_since ?? null
}

/** For the API to show that attempts go out one at a time only; the next success clears it. */
export async function markBreakerOpen(sql: Sql, webhookId: string): Promise<void> {
  await sql.query(
    'update webhook set breaker_opened_at = now() where id = $1 and breaker_opened_at is null',
    [webhookId],
  )
}

/** A delivery has used up its schedule: the webhook's status is `failed` until the next success. */
export async function markWebhookFailed(sql: Sql, webhookId: string): Promise<void> {
  await sql.query('update webhook set failed_at = now() where id = $1 and failed_at is null', [webhookId])
}

/** Turns a webhook off on the service's own account. False when it was off or deleted already. */
export async function disableWebhook(sql: Sql, webhookId: string, reason: DisabledReason): Promise<boolean> {
  const rows = await sql.query(
    `update webhook set enabled = false, disabled_reason = $2, disabled_at = now(), disabled_by = null,
       version = version + 1, updated_at = now()
     where id = $1 and enabled and deleted_at is null returning id`,
    [webhookId, reason],
  )
  return rows.length > 0
}

export interface StatisticsAddition {
  metric: string
  amount: number
  /** Which hour it belongs to; the current one when null. */
  at: Date | null
}

/** Appends to a webhook's statistics, in the transaction that made them true. */
export async function addStatistics(
  sql: Sql,
  webhookId: string,
  additions: readonly StatisticsAddition[],
): Promise<void> {
  if (additions.length === 0) return
  await sql.query(
    `insert into webhook_stats_addition (webhook_id, hour, metric, amount)
     select $1, date_trunc('hour', coalesce(at, now()), 'UTC'), metric, amount
     from unnest($2::timestamptz[], $3::text[], $4::integer[]) as t(at, metric, amount)`,
    [
      webhookId,
      additions.map(({ at }) => at),
      additions.map(({ metric }) => metric),
      additions.map(({ amount }) => amount),
    ],
    'add-statistics',
  )
}
