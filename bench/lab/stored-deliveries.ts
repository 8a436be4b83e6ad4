import { Client } from 'pg'

const CHUNK = 250_000
const DAYS = 5
const PAYLOAD_BYTES = 300

export interface StoreWish {
  readonly databaseUrl: string
  readonly count: number
  readonly workspaceId: string
  /** Taken in turn. */
  readonly webhookIds: readonly string[]
  readonly say: (words: string) => void
}

/** Of a hundred deliveries: how many lie in each state. */
const STATES = `(array_fill('succeeded'::text, array[95]) || array_fill('failed'::text, array[3])
  || array['cancelled', 'held'])[1 + n % 100]`

// The ids are of version 7 and spread over the last days, so that they fall into the partitions that real ones would.
const FILL = `
  with numbered as (
    select n, md5(n::text || 'delivery') as random, md5(n::text || 'event') as other,
      lpad(to_hex((extract(epoch from now()) * 1000)::bigint - $4::bigint * ($3::bigint - n) / $3::bigint), 12, '0') as time
    from generate_series($1::integer, $2::integer) as n
  ), made as (
    select n,
      (substr(time, 1, 8) || '-' || substr(time, 9, 4) || '-7' || substr(random, 1, 3) || '-8' || substr(random, 4, 3)
        || '-' || substr(random, 7, 12))::uuid as id,
      (substr(time, 1, 8) || '-' || substr(time, 9, 4) || '-7' || substr(other, 1, 3) || '-8' || substr(other, 4, 3)
        || '-' || substr(other, 7, 12))::uuid as event_id,
      to_timestamp((('x' || time)::bit(48)::bigint) / 1000.0) as at,
      (array['task.created', 'task.updated', 'task.deleted', 'project.created', 'phase.completed'])[1 + n % 5] as type,
      ${STATES} as state,
      ($6::uuid[])[1 + (n / 5) % cardinality($6::uuid[])] as webhook_id
    from numbered
  ), events as (
    insert into event (id, workspace_id, type, "timestamp", created_at, payload)
    select event_id, $5, type, at, at, '{"filler":"' || repeat('x', ${PAYLOAD_BYTES}) || '"}' from made
  ), attempts as (
    insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, status_code,
      response_time_ms, response_body, failure)
    select id, 1, $5, 'schedule', at, case when state = 'succeeded' then 200 else 503 end, 5 + n % 50, 'ok',
      case when state = 'succeeded' then null else 'status' end
    from made where state <> 'held'
  )
  insert into webhook_delivery (id, workspace_id, webhook_id, event_id, event_type, state, attempt_count, steps_used,
    last_failure, last_status_code, created_at, settled_at)
  select id, $5, webhook_id, event_id, type, state, case when state = 'held' then 0 else 1 end,
    case when state = 'held' then 0 else 1 end, case when state in ('failed', 'cancelled') then 'status' end,
    case state when 'succeeded' then 200 when 'held' then null else 503 end, at, case when state <> 'held' then at end
  from made`

/** Fills a database with settled deliveries of the last days, their events and attempts, and analyses it. */
export async function storeDeliveries({
  databaseUrl,
  count,
  workspaceId,
  webhookIds,
  say,
}: StoreWish): Promise<void> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    // A fill that is cut off by a crash is begun anew anyway.
    await client.query('set synchronous_commit = off')
    await client.query(`select ensure_partitions(now() - interval '1 week')`)
    for (let first = 1; first <= count; first += CHUNK) {
      const last = Math.min(count, first + CHUNK - 1)
      await client.query(FILL, [first, last, count, DAYS * 86_400_000, workspaceId, webhookIds])
      say(`stored ${last.toLocaleString('en')} of ${count.toLocaleString('en')} deliveries`)
    }
    await client.query('vacuum analyze event')
    await client.query('vacuum analyze webhook_delivery')
    await client.query('vacuum analyze delivery_attempt')
    await client.query('checkpoint')
  } finally {
    await client.end()
  }
}
