import type { DeliveryState } from '../domain/delivery.ts'
import type { Sql } from './database.ts'

/** A delivery that a dispatcher must do something about. */
export interface DueDelivery {
  id: string
  workspaceId: string
  webhookId: string
  eventType: string
  state: DeliveryState
  attemptCount: number
  stepsUsed: number
  retryRequestedAt: Date | null
  /** Until the next attempt; null where none falls due, and for an attempt that is under way. */
  waitMs: number | null
}

interface DueRow {
  id: string
  workspace_id: string
  webhook_id: string
  event_type: string
  state: DeliveryState
  attempt_count: number
  steps_used: number
  retry_requested_at: Date | null
  wait_ms: number | null
}

/** How many due rows one claim looks at, so that it can go round the webhooks whatever stands first. */
const LOOK_AHEAD = 8

// Claimed rows are looked at again after a while that grows with every try, from 10 s to 60 s: whoever moves them on
// meanwhile (the attempt, a settlement) sets the time anew. The rank within its webhook makes the claims go round.
const CLAIM = `
  with due as (
    select id, webhook_id, dispatch_at from webhook_delivery where dispatch_at <= now()
    order by dispatch_at limit $1::integer * ${LOOK_AHEAD} for update skip locked
  ), fair as (
    select id from (
      select id, dispatch_at, row_number() over (partition by webhook_id order by dispatch_at) as turn from due
    ) as turns order by turn, dispatch_at limit $1
  )
  update webhook_delivery d set dispatch_tries = least(d.dispatch_tries + 1, 10),
    dispatch_at = now() + least(60, 10 * power(2, d.dispatch_tries)) * interval '1 second'
  where d.id in (select id from fair)
  returning d.id, d.workspace_id, d.webhook_id, d.event_type, d.state, d.attempt_count, d.steps_used,
    d.retry_requested_at, case when d.in_flight_number is null
      then (extract(epoch from d.next_attempt_at - now()) * 1000)::float8 end as wait_ms`

/** Takes up to `limit` due deliveries for this process; no other process gets them for the next seconds. */
export async function claimDue(sql: Sql, limit: number): Promise<DueDelivery[]> {
  const rows = await sql.query<DueRow>(CLAIM, [limit], 'claim-due')
  return rows.map((row) => ({
    id: row.id,
    workspaceId: row.workspace_id,
    webhookId: row.webhook_id,
    eventType: row.event_type,
    state: row.state,
    attemptCount: row.attempt_count,
    stepsUsed: row.steps_used,
    retryRequestedAt: row.retry_requested_at,
    waitMs: row.wait_ms,
  }))
}

/** Gives claimed deliveries back, to be due again after a pause, as if they had not been claimed. */
export async function returnClaimed(sql: Sql, ids: readonly string[], pauseMs: number): Promise<void> {
  await sql.query(
    `update webhook_delivery set dispatch_at = now() + $2::float8 * interval '1 millisecond',
       dispatch_tries = greatest(dispatch_tries - 1, 0)
     where id = any ($1::uuid[]) and dispatch_at is not null`,
    [ids, pauseMs],
  )
}

/** Nothing is left to do for these: they are settled or held, and nobody asked for a retry. */
export async function dismissSettled(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(
    `update webhook_delivery set dispatch_at = null, dispatch_tries = 0
     where id = any ($1::uuid[]) and state <> 'pending' and retry_requested_at is null`,
    [ids],
  )
}

/** A run sleeps for these: nobody need look before the wait is over. */
export async function postponeSleeping(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(
    `update webhook_delivery set dispatch_at = next_attempt_at + interval '15 seconds', dispatch_tries = 0
     where id = any ($1::uuid[]) and state = 'pending' and retry_requested_at is null
       and next_attempt_at > now() + interval '15 seconds'`,
    [ids],
  )
}

/** Makes waiting deliveries due for a dispatcher because their workflows have gone missing. */
export async function reviveDeliveries(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(
    `update webhook_delivery set dispatch_at = now(), dispatch_tries = 0
     where id = any ($1::uuid[]) and (state = 'pending' or retry_requested_at is not null)`,
    [ids],
  )
}

/** Our own waiting, for the API to show; the dispatchers look again only after it. */
export async function deferDelivery(sql: Sql, deliveryId: string, retryInMs: number): Promise<void> {
  await sql.query(
    `update webhook_delivery set deferred_until = now() + $2::float8 * interval '1 millisecond', dispatch_tries = 0,
       dispatch_at = greatest(dispatch_at, now() + $2::float8 * interval '1 millisecond' + interval '15 seconds')
     where id = $1 and (state = 'pending' or retry_requested_at is not null)`,
    [deliveryId, retryInMs],
    'defer-delivery',
  )
}

export interface Postponed {
  deliveryId: string
  retryInMs: number
}

/** The same for deliveries that nobody has begun yet: they are due for a dispatcher again when their wait is over. */
export async function postponeBeginning(sql: Sql, postponed: readonly Postponed[]): Promise<void> {
  await sql.query(
    `update webhook_delivery d set deferred_until = now() + t.ms * interval '1 millisecond',
       dispatch_at = now() + t.ms * interval '1 millisecond', dispatch_tries = 0
     from unnest($1::uuid[], $2::float8[]) as t(id, ms)
     where d.id = t.id and d.id = any ($1::uuid[]) and d.state = 'pending' and d.attempt_count = 0
       and d.in_flight_token is null and d.retry_requested_at is null`,
    [postponed.map(({ deliveryId }) => deliveryId), postponed.map(({ retryInMs }) => retryInMs)],
    'postpone-beginning',
  )
}
