import type { DeliveryState } from '../domain/delivery.ts'
import type { Failure } from '../domain/attempt-outcome.ts'
import type { Database } from './database.ts'

/** How a webhook's deliveries stand now. */
export interface WebhookFigures {
  heldCount: number
  openCount: number
  lastDelivery: LastDelivery | null
}

export interface LastDelivery {
  id: string
  state: DeliveryState
  /** When it was settled, or else made. */
  at: Date
  lastFailure: Failure | null
  lastStatusCode: number | null
}

interface Row extends Omit<LastDelivery, 'id' | 'state' | 'at'> {
  webhookId: string
  heldCount: number
  openCount: number
  id: string | null
  state: DeliveryState | null
  atMs: number | null
}

// The states stand in the text, not in parameters, so that the planner can see that the partial index covers them.
const READ = `
  select w.id as "webhookId", last.*,
    (select count(*) from webhook_delivery d where d.webhook_id = w.id and d.state = 'held')::int as "heldCount",
    (select count(*) from webhook_delivery d where d.webhook_id = w.id and d.state = 'pending')::int as "openCount"
  from unnest($1::uuid[]) as w(id) left join lateral (
    select d.id, d.state, extract(epoch from coalesce(d.settled_at, d.created_at))::float8 * 1000 as "atMs",
      d.last_failure as "lastFailure", d.last_status_code as "lastStatusCode"
    from webhook_delivery d where d.webhook_id = w.id order by d.id desc limit 1
  ) as last on true`

/** The figures of a page of webhooks, read at one moment. */
export async function readWebhookFigures(
  database: Pick<Database, 'transaction'>,
  webhookIds: readonly string[],
): Promise<Map<string, WebhookFigures>> {
  const rows = await database.transaction(async (sql) => {
    // The planner judges by the average webhook: where most have few deliveries it would fetch all of them and sort, and
    // the one webhook that has millions would stop the page. Without sorting it walks the index and takes one.
    await sql.query('set local enable_sort = off')
    return sql.query<Row>(READ, [webhookIds], 'read-webhook-figures')
  })
  return new Map(rows.map((row) => [row.webhookId, fromRow(row)]))
}

function fromRow({
  heldCount,
  openCount,
  id,
  state,
  atMs,
  lastFailure,
  lastStatusCode,
}: Row): WebhookFigures {
  if (id === null || state === null || atMs === null) return { heldCount, openCount, lastDelivery: null }
  return {
    heldCount,
    openCount,
    lastDelivery: { id, state, at: new Date(atMs), lastFailure, lastStatusCode },
  }
}
