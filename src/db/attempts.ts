import type { DeliveryState, Trigger } from '../domain/delivery.ts'
import type { Failure } from '../domain/attempt-outcome.ts'
import type { Sql } from './database.ts'

/** How long after its due time a delivery that nobody has moved is looked at by a dispatcher. */
const SWEEP_GRACE = `interval '15 seconds'`

/** A delivery with its event, as an attempt needs it. */
export interface DeliveryRow {
  id: string
  workspace_id: string
  webhook_id: string
  event_id: string
  event_type: string
  state: DeliveryState
  trigger: Trigger
  attempt_count: number
  steps_used: number
  next_attempt_at: Date | null
  retry_requested_at: Date | null
  in_flight_number: number | null
  in_flight_token: string | null
  in_flight_trigger: Trigger | null
  in_flight_since: Date | null
  in_flight_until: Date | null
  settled_at: Date | null
  workflow_id: string | null
  timestamp: Date
  payload: string
  now: Date
}

const LOAD = `
  select d.id, d.workspace_id, d.webhook_id, d.event_id, d.event_type, d.state, d."trigger", d.attempt_count,
    d.steps_used, d.next_attempt_at, d.retry_requested_at, d.in_flight_number, d.in_flight_token, d.in_flight_trigger,
    d.in_flight_since, d.in_flight_until, d.settled_at, e.workflow_id, e."timestamp", e.payload, now() as now
  from webhook_delivery d join event e on e.id = d.event_id
  where d.id = any ($1::uuid[])`

export async function loadDeliveries(sql: Sql, ids: readonly string[]): Promise<DeliveryRow[]> {
  return sql.query<DeliveryRow>(LOAD, [ids], { hot: 'load-deliveries' })
}

export interface BeginAttempt {
  deliveryId: string
  number: number
  token: string
  trigger: Trigger
  /** How long the attempt can last at most, in seconds; after that others may believe that its maker died. */
  lastsSeconds: number
  /** What the decision was based on: nothing is begun when the row has moved since. */
  seen: Pick<DeliveryRow, 'state' | 'attempt_count' | 'in_flight_number' | 'in_flight_token'>
}

// An attempt that was under way when its maker died is recorded for what it is: interrupted, with no step used up.
const BEGIN = `
  with begun as (
    update webhook_delivery set in_flight_number = $2, in_flight_token = $3, in_flight_trigger = $4,
      in_flight_since = now(), in_flight_until = now() + make_interval(secs => $5),
      dispatch_at = now() + make_interval(secs => $5) + ${SWEEP_GRACE}, dispatch_tries = 0, deferred_until = null,
      attempt_count = $2 - 1, last_failure = case when $8::integer is null then last_failure else 'interrupted' end
    where id = $1 and state = $6 and attempt_count = $7 and in_flight_number is not distinct from $8::integer
      and in_flight_token is not distinct from $9::text
    returning id, workspace_id
  ), interrupted as (
    insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, failure)
    select b.id, $8, b.workspace_id, $10, $11, 'interrupted' from begun b where $8::integer is not null
    on conflict do nothing
  )
  select id from begun`

/** Marks an attempt as under way, before its POST. False when the row has moved since it was read. */
export async function beginAttempt(
  sql: Sql,
  begin: BeginAttempt,
  interrupted: Pick<DeliveryRow, 'in_flight_trigger' | 'in_flight_since'>,
): Promise<boolean> {
  const { seen } = begin
  const rows = await sql.query(
    BEGIN,
    [
      begin.deliveryId,
      begin.number,
      begin.token,
      begin.trigger,
      begin.lastsSeconds,
      seen.state,
      seen.attempt_count,
      seen.in_flight_number,
      seen.in_flight_token,
      interrupted.in_flight_trigger,
      interrupted.in_flight_since,
    ],
    { hot: 'begin-attempt' },
  )
  return rows.length === 1
}

/** Takes an attempt back that was begun and then not made for reasons of our own: it was none at all. */
export async function abandonAttempt(sql: Sql, deliveryId: string, token: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set in_flight_number = null, in_flight_token = null, in_flight_trigger = null,
       in_flight_since = null, in_flight_until = null where id = $1 and in_flight_token = $2`,
    [deliveryId, token],
  )
}

/** The webhook is off and the delivery due: it is kept, and sent when somebody asks for it. */
export async function holdDelivery(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set state = 'held', next_attempt_at = null, deferred_until = null,
       retry_requested_at = null, dispatch_at = null, in_flight_number = null, in_flight_token = null,
       in_flight_trigger = null, in_flight_since = null, in_flight_until = null where id = $1 and state = 'pending'`,
    [deliveryId],
  )
}

export async function withdrawRetryRequest(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set retry_requested_at = null,
       dispatch_at = case when state = 'pending' then next_attempt_at + ${SWEEP_GRACE} end where id = $1`,
    [deliveryId],
  )
}

/** A run has begun early and sleeps: the dispatchers need not look before the wait is over. */
export async function postponeDispatch(sql: Sql, deliveryId: string): Promise<void> {
  await sql.query(
    `update webhook_delivery set dispatch_at = next_attempt_at + ${SWEEP_GRACE}, dispatch_tries = 0
     where id = $1 and state = 'pending' and retry_requested_at is null`,
    [deliveryId],
  )
}

/** Everything that one POST left behind, ready to be stored. */
export interface AttemptRecord {
  number: number
  trigger: Trigger
  startedAt: Date
  statusCode: number | null
  responseTimeMs: number | null
  responseBody: string | null
  responseBodyTruncated: boolean
  responseHeaders: Record<string, string> | null
  /** Of the request's headers, as `writeSentMark` wrote it; null when it was lost with its process. */
  sentMark: string | null
  timings: {
    dnsMs: number | null
    connectMs: number | null
    tlsMs: number | null
    firstByteMs: number | null
  }
  remoteAddress: string | null
  failure: Failure | null
  retryAfterMs: number | null
}

/** Writes the attempt's row; one that was taken for interrupted meanwhile gets its true outcome. */
export async function insertAttempt(
  sql: Sql,
  delivery: { id: string; workspaceId: string },
  attempt: AttemptRecord,
  nextAttemptAt: Date | null,
): Promise<boolean> {
  const rows = await sql.query(
    `insert into delivery_attempt (delivery_id, number, workspace_id, "trigger", started_at, status_code,
       response_time_ms, response_body, response_body_truncated, response_headers, request_headers, dns_ms, connect_ms,
       tls_ms, first_byte_ms, remote_address, failure, next_attempt_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
     on conflict (delivery_id, number) do update set status_code = excluded.status_code,
       response_time_ms = excluded.response_time_ms, response_body = excluded.response_body,
       response_body_truncated = excluded.response_body_truncated, response_headers = excluded.response_headers,
       request_headers = excluded.request_headers, dns_ms = excluded.dns_ms, connect_ms = excluded.connect_ms,
       tls_ms = excluded.tls_ms, first_byte_ms = excluded.first_byte_ms, remote_address = excluded.remote_address,
       failure = excluded.failure, next_attempt_at = excluded.next_attempt_at
       where delivery_attempt.failure = 'interrupted'
     returning number`,
    [delivery.id, attempt.number, delivery.workspaceId, ...attemptValues(attempt), nextAttemptAt],
    'insert-attempt',
  )
  return rows.length === 1
}

function attemptValues(attempt: AttemptRecord): unknown[] {
  return [
    attempt.trigger,
    attempt.startedAt,
    attempt.statusCode,
    attempt.responseTimeMs,
    attempt.responseBody,
    attempt.responseBodyTruncated,
    attempt.responseHeaders === null ? null : JSON.stringify(attempt.responseHeaders),
    attempt.sentMark,
    attempt.timings.dnsMs,
    attempt.timings.connectMs,
    attempt.timings.tlsMs,
    attempt.timings.firstByteMs,
    attempt.remoteAddress,
    attempt.failure,
  ]
}

/** Where a delivery stands, locked until the end of the transaction. */
export interface LockedDelivery {
  id: string
  workspace_id: string
  webhook_id: string
  event_type: string
  state: DeliveryState
  attempt_count: number
  steps_used: number
  next_attempt_at: Date | null
  in_flight_number: number | null
  in_flight_token: string | null
  settled_at: Date | null
  now: Date
}

export async function lockDelivery(sql: Sql, deliveryId: string): Promise<LockedDelivery | undefined> {
  const rows = await sql.query<LockedDelivery>(
    `select id, workspace_id, webhook_id, event_type, state, attempt_count, steps_used, next_attempt_at,
       in_flight_number, in_flight_token, settled_at, now() as now
     from webhook_delivery where id = $1 for update`,
    [deliveryId],
    'lock-delivery',
  )
  return rows[0]
}

export interface DeliveryUpdate {
  state: DeliveryState
  attemptCount: number
  stepsUsed: number
  nextAttemptAt: Date | null
  settledAt: Date | null
  lastFailure: Failure | null
  lastStatusCode: number | null
  /** False when the attempt had been given up for dead, and somebody else's is under way now. */
  endsFlight: boolean
  /** Whether no workflow sleeps for it yet, so that a dispatcher must start one soon. */
  needsRun: boolean
}

/** Moves a locked delivery on. A manual retry that was asked for is served by this. */
export async function updateDelivery(sql: Sql, deliveryId: string, update: DeliveryUpdate): Promise<void> {
  await sql.query(
    `update webhook_delivery set state = $2, attempt_count = $3, steps_used = $4, next_attempt_at = $5::timestamptz,
       settled_at = $6, last_failure = $7, last_status_code = $8, retry_requested_at = null, deferred_until = null,
       dispatch_at = case when not $9 and $2 = 'pending' then dispatch_at
         when $2 = 'pending' and $10 then now() + interval '5 seconds'
         when $2 = 'pending' then $5::timestamptz + ${SWEEP_GRACE} end,
       in_flight_number = case when $9 then null else in_flight_number end,
       in_flight_token = case when $9 then null else in_flight_token end,
       in_flight_trigger = case when $9 then null else in_flight_trigger end,
       in_flight_since = case when $9 then null else in_flight_since end,
       in_flight_until = case when $9 then null else in_flight_until end
     where id = $1`,
    [
      deliveryId,
      update.state,
      update.attemptCount,
      update.stepsUsed,
      update.nextAttemptAt,
      update.settledAt,
      update.lastFailure,
      update.lastStatusCode,
      update.endsFlight,
      update.needsRun,
    ],
    'update-delivery',
  )
}
