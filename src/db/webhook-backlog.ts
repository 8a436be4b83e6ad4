import type { Sql } from './database.ts'

/** Rows per statement: far below what the statement timeout allows, also on a slow disk. */
const BATCH_ROWS = 2_000

// Deliveries being recorded at this moment are waited for; the order keeps two such changes from deadlocking.
const RELEASE = `
  update webhook_delivery set state = 'pending', next_attempt_at = now(), dispatch_at = now(), dispatch_tries = 0
  where id = any (array(
    select id from webhook_delivery where webhook_id = $1 and state = 'held' order by id limit $2 for update
  )) and webhook_id = $1 and state = 'held'
  returning id`

const CANCEL = `
  update webhook_delivery set state = 'cancelled', settled_at = now(), next_attempt_at = null, deferred_until = null,
    retry_requested_at = null, dispatch_at = now(), dispatch_tries = 0
  where id = any (array(
    select id from webhook_delivery where webhook_id = $1 and state in ('pending', 'held')
    order by id limit $2 for update
  )) and webhook_id = $1 and state in ('pending', 'held')
  returning id`

/** Makes all held deliveries of a webhook due now. Answers how many. */
export async function releaseHeldDeliveries(sql: Sql, webhookId: string): Promise<number> {
  return inBatches(sql, RELEASE, webhookId, 'release-held')
}

/** Ends all open and held deliveries of a webhook as cancelled, and counts them in its statistics. Answers how many. */
export async function cancelOpenDeliveries(sql: Sql, webhookId: string): Promise<number> {
  const cancelled = await inBatches(sql, CANCEL, webhookId, 'cancel-open')
  if (cancelled > 0)
    await sql.query(
      `insert into webhook_stats_addition (webhook_id, hour, metric, amount)
       values ($1, date_trunc('hour', now(), 'UTC'), 'cancelled', $2)`,
      [webhookId, cancelled],
    )
  return cancelled
}

async function inBatches(sql: Sql, statement: string, webhookId: string, name: string): Promise<number> {
  let total = 0
  for (;;) {
    const rows = await sql.query(statement, [webhookId, BATCH_ROWS], name)
    total += rows.length
    if (rows.length < BATCH_ROWS) return total
  }
}
