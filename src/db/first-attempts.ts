import { bucketOf } from '../domain/histogram.ts'
import type { AttemptRecord } from './attempts.ts'
import { joinTexts, type Sql, plainArray } from './database.ts'

/** A first attempt that was accepted: the common case, recorded many at a time. */
export interface FirstSuccess {
  deliveryId: string
  token: string
  record: AttemptRecord
}

// The update names its rows by `any`: a join with unnest would be planned as a scan of the table while statistics are
// missing. What a success means for webhook, alert and statistics is one statement with it, and touches nothing when
// the webhook was well before.
const RECORD = `
  with settled as (
    update webhook_delivery set state = 'succeeded', attempt_count = 1, steps_used = 1, next_attempt_at = null,
      deferred_until = null, dispatch_at = null, dispatch_tries = 0, in_flight_number = null, in_flight_token = null,
      in_flight_trigger = null, in_flight_since = null, in_flight_until = null, last_status_code = $2, settled_at = now()
    where id = any ($1::uuid[]) and state = 'pending' and attempt_count = 0 and in_flight_number = 1
      and in_flight_token = any ($3::text[]) and retry_requested_at is null
    returning id, workspace_id, webhook_id
  ), met as (
    select * from unnest($1::uuid[], $4::timestamptz[], $5::integer[], $6::text[], $7::boolean[],
      string_to_array($8::text, e'\\x1e', ''), string_to_array($9::text, e'\\x1e', ''),
      $10::real[], $11::real[], $12::real[], $13::real[], $14::text[], $15::integer[])
      as t(id, started_at, response_time_ms, response_body, truncated, response_headers, request_headers, dns_ms,
        connect_ms, tls_ms, first_byte_ms, remote_address, bucket)
  ), attempts as (
    insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, status_code,
      response_time_ms, response_body, response_body_truncated, response_headers, request_headers, dns_ms, connect_ms,
      tls_ms, first_byte_ms, remote_address)
    select s.id, 1, s.workspace_id, 'schedule', m.started_at, $2, m.response_time_ms, m.response_body, m.truncated,
      m.response_headers, m.request_headers, m.dns_ms, m.connect_ms, m.tls_ms, m.first_byte_ms, m.remote_address
    from settled s join met m on m.id = s.id
  ), well as (
    update webhook set failed_at = null, failing_since = null, breaker_opened_at = null
    where id = any (array(select distinct webhook_id from settled))
      and (failed_at is not null or failing_since is not null or breaker_opened_at is not null)
  ), recovered as (
    update alert set state = 'closed', closed_at = now(), close_notice_due_at = now()
    where webhook_id = any (array(select distinct webhook_id from settled)) and kind = 'exhausted' and state = 'open'
  ), counted as (
    insert into webhook_stats_addition (webhook_id, hour, metric, amount)
    select s.webhook_id, date_trunc('hour', now(), 'UTC'), 'ok:' || m.bucket, count(*)
    from settled s join met m on m.id = s.id group by s.webhook_id, m.bucket
  )
  select id from settled`

/**
 * Records accepted first attempts in one statement per status code. Answers the ids that were recorded; the others
 * have moved meanwhile (cancelled, taken for dead, retried by hand) and need a look one by one.
 */
export async function recordFirstSuccesses(
  sql: Sql,
  successes: readonly FirstSuccess[],
): Promise<Set<string>> {
  const recorded = new Set<string>()
  for (const [statusCode, group] of Map.groupBy(successes, ({ record }) => record.statusCode)) {
    const rows = await sql.query<{ id: string }>(RECORD, valuesOf(group, statusCode), {
      hot: 'record-first-successes',
    })
    for (const { id } of rows) recorded.add(id)
  }
  return recorded
}

function valuesOf(group: readonly FirstSuccess[], statusCode: number | null): unknown[] {
  const records = group.map(({ record }) => record)
  return [
    plainArray(group.map(({ deliveryId }) => deliveryId)),
    statusCode,
    [...new Set(group.map(({ token }) => token))],
    plainArray(records.map(({ startedAt }) => startedAt)),
    plainArray(records.map(({ responseTimeMs }) => responseTimeMs)),
    records.map(({ responseBody }) => responseBody),
    plainArray(records.map(({ responseBodyTruncated }) => responseBodyTruncated)),
    joinTexts(records.map(({ responseHeaders }) => jsonText(responseHeaders))),
    joinTexts(records.map(({ sentMark }) => sentMark)),
    plainArray(records.map(({ timings }) => timings.dnsMs)),
    plainArray(records.map(({ timings }) => timings.connectMs)),
    plainArray(records.map(({ timings }) => timings.tlsMs)),
    plainArray(records.map(({ timings }) => timings.firstByteMs)),
    plainArray(records.map(({ remoteAddress }) => remoteAddress)),
    plainArray(records.map(({ responseTimeMs }) => bucketOf(responseTimeMs ?? 0))),
  ]
}

function jsonText(headers: Record<string, string> | null): string | null {
  return headers === null ? null : JSON.stringify(headers)
}

/** A delivery whose first attempt this process may make, as long as its lease lasts. */
export interface LeasedDelivery {
  id: string
  workspaceId: string
  webhookId: string
  /** The webhook's version when the lease was granted; null when it is gone. */
  webhookVersion: number | null
  eventId: string
  eventType: string
  /** 1, or more when makers died before. */
  number: number
  workflowId: string | null
  timestamp: Date
  payload: string
}

interface LeasedRow {
  id: string
  workspace_id: string
  webhook_id: string
  version: number | null
  event_id: string
  event_type: string
  number: number
  workflow_id: string | null
  timestamp: Date
  payload: string
}

// Deliveries that nobody has attempted yet, or whose maker let its lease run out: that attempt is recorded as interrupted.
const LEASE = `
  with free as (
    select id, workspace_id, attempt_count, in_flight_number, in_flight_trigger, in_flight_since from webhook_delivery
    where id = any ($1::uuid[]) and state = 'pending' and steps_used = 0 and retry_requested_at is null
      and (in_flight_until is null or in_flight_until <= now())
    for update skip locked
  ), interrupted as (
    insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, failure)
    select id, in_flight_number, workspace_id, in_flight_trigger, in_flight_since, 'interrupted'
    from free where in_flight_number is not null
    on conflict do nothing
  ), leased as (
    update webhook_delivery d set attempt_count = f.attempt_count + case when f.in_flight_number is null then 0 else 1 end,
      last_failure = case when f.in_flight_number is null then d.last_failure else 'interrupted' end,
      in_flight_number = f.attempt_count + case when f.in_flight_number is null then 1 else 2 end,
      in_flight_token = $2, in_flight_trigger = d."trigger", in_flight_since = now(),
      in_flight_until = now() + make_interval(secs => $3), dispatch_at = now() + make_interval(secs => $3),
      deferred_until = null, first_attempt = 'direct'
    from free f where d.id = f.id and d.id = any ($1::uuid[])
    returning d.id, d.workspace_id, d.webhook_id, d.event_id, d.event_type, d.in_flight_number as number
  )
  select l.*, e.workflow_id, e."timestamp", e.payload, w.version
  from leased l join event e on e.id = l.event_id left join webhook w on w.id = l.webhook_id`

export async function leaseFirstAttempts(
  sql: Sql,
  ids: readonly string[],
  token: string,
  leaseSeconds: number,
): Promise<LeasedDelivery[]> {
  const rows = await sql.query<LeasedRow>(LEASE, [ids, token, leaseSeconds], 'lease-first-attempts')
  return rows.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    webhookId: row.webhook_id,
    webhookVersion: row.version,
    eventId: row.event_id,
    eventType: row.event_type,
    number: row.number,
    workflowId: row.workflow_id,
    timestamp: row.timestamp,
    payload: row.payload,
  }))
}

/** Extends a lease that is still ours; false when it is not, and then nothing may be posted under it. */
export async function renewLease(
  sql: Sql,
  deliveryId: string,
  token: string,
  leaseSeconds: number,
): Promise<boolean> {
  const rows = await sql.query(
    `update webhook_delivery set in_flight_since = now(), in_flight_until = now() + make_interval(secs => $3),
       dispatch_at = now() + make_interval(secs => $3)
     where id = $1 and in_flight_token = $2 and state = 'pending' returning id`,
    [deliveryId, token, leaseSeconds],
    'renew-lease',
  )
  return rows.length === 1
}

export interface GivenUp {
  deliveryId: string
  /** When a dispatcher may take it again, in milliseconds. */
  retryInMs: number
  /** Whether it waits for a reason of ours that the API shows. */
  isDeferred: boolean
}

/** Gives leases back without an attempt: what our own side could not make is no attempt at all. */
export async function giveUpLeases(sql: Sql, token: string, given: readonly GivenUp[]): Promise<void> {
  if (given.length === 0) return
  await sql.query(
    `update webhook_delivery d set in_flight_number = null, in_flight_token = null, in_flight_trigger = null,
       in_flight_since = null, in_flight_until = null, dispatch_tries = 0,
       dispatch_at = case when d.state = 'pending' then now() + t.ms * interval '1 millisecond' else d.dispatch_at end,
       deferred_until = case when t.deferred then now() + t.ms * interval '1 millisecond' end
     from unnest($1::uuid[], $2::float8[], $3::boolean[]) as t(id, ms, deferred)
     where d.id = t.id and d.id = any ($1::uuid[]) and d.in_flight_token = $4`,
    [
      given.map(({ deliveryId }) => deliveryId),
      given.map(({ retryInMs }) => retryInMs),
      given.map(({ isDeferred }) => isDeferred),
      token,
    ],
    'give-up-leases',
  )
}
