import { closeAlerts, openAlert } from '../db/alerts.ts'
import {
  addStatistics,
  disableWebhook,
  lockWebhookOf,
  markWebhookFailed,
  markWebhookFailing,
  markWebhookWell,
  type StatisticsAddition,
} from '../db/attempt-effects.ts'
import {
  type AttemptRecord,
  type DeliveryUpdate,
  insertAttempt,
  type LockedDelivery,
  lockDelivery,
  updateDelivery,
} from '../db/attempts.ts'
import type { Database, Sql } from '../db/database.ts'
import type { IdSource } from '../db/ids.ts'
import type { DeliveryState, DisabledReason } from '../domain/delivery.ts'
import { bucketOf } from '../domain/histogram.ts'
import { parseSchedule, stepsOf } from '../domain/schedule.ts'
import { isScheduled, judge, type Verdict } from '../domain/verdict.ts'

export interface RecordAttemptInput {
  deliveryId: string
  token: string
  record: AttemptRecord
  /** The webhook's schedule when the attempt was made, in its stored form. */
  schedule: string
  /** Whether the attempt was made without a workflow, so that one must be started for what is left to do. */
  needsRun: boolean
}

export interface RecordAttemptDeps {
  database: Pick<Database, 'transaction'>
  ids: IdSource
  /** 0 ≤ x < 1; sets the jitter of the wait that follows. */
  random: () => number
  /** After so long without a success a webhook is disabled; null never. */
  disableAfterMs: number | null
}

/** Where the delivery stands after its attempt was recorded. */
export interface Standing {
  state: DeliveryState
  stepsUsed: number
  steps: number
  /** What is left until the next attempt; null when none is due by itself. */
  waitMs: number | null
}

/**
 * Stores what an attempt met and everything that follows from it, in one transaction: the attempt, the delivery, the
 * webhook, alerts, statistics. Recording the same attempt again changes nothing.
 */
export async function recordAttempt(deps: RecordAttemptDeps, input: RecordAttemptInput): Promise<Standing> {
  return deps.database.transaction(async (sql) => {
    // The webhook first, as in everything that changes both: two transactions must not wait for each other.
    if (input.record.failure !== null) await lockWebhookOf(sql, input.deliveryId)
    const delivery = await lockDelivery(sql, input.deliveryId)
    if (delivery === undefined) return { state: 'cancelled', stepsUsed: 0, steps: 0, waitMs: null }
    const verdict = judge(input.record, {
      state: delivery.state,
      trigger: input.record.trigger,
      schedule: parseSchedule(input.schedule),
      stepsUsed: delivery.steps_used,
      random: deps.random(),
    })
    const isMine = delivery.in_flight_token === input.token
    const update = { ...moveOn(delivery, input.record, verdict, isMine), needsRun: input.needsRun }
    const nextAttemptAt = update.state === 'pending' ? update.nextAttemptAt : null
    const isNew = await insertAttempt(sql, toOwner(delivery), input.record, nextAttemptAt)
    if (isNew) {
      await updateDelivery(sql, delivery.id, update)
      await applyEffects(deps, sql, delivery, input.record, verdict, update)
    }
    const steps = stepsOf(parseSchedule(input.schedule))
    return isNew ? standingAfter(update, delivery.now, steps) : standingOf(delivery, steps)
  })
}

function toOwner(delivery: LockedDelivery): { id: string; workspaceId: string } {
  return { id: delivery.id, workspaceId: delivery.workspace_id }
}

/** The delivery after this attempt. One that was taken for dead meanwhile still counts when it brought a success. */
function moveOn(
  delivery: LockedDelivery,
  record: AttemptRecord,
  verdict: Verdict,
  isMine: boolean,
): Omit<DeliveryUpdate, 'needsRun'> {
  const state = isMine || verdict.kind === 'succeeded' ? stateAfter(delivery.state, verdict) : delivery.state
  const stays = state === delivery.state
  const isScheduledWait = isMine && verdict.kind === 'retry' && state === 'pending'
  const usesStep = isMine && isScheduled(record.trigger) && delivery.state === 'pending'
  return {
    state,
    attemptCount: Math.max(delivery.attempt_count, record.number),
    stepsUsed: delivery.steps_used + (usesStep ? 1 : 0),
    nextAttemptAt: nextAttemptAfter(delivery, state, isScheduledWait ? verdict.waitMs : null),
    settledAt: stays ? delivery.settled_at : state === 'pending' ? null : delivery.now,
    lastFailure: record.failure,
    lastStatusCode: record.statusCode,
    endsFlight: isMine || state === 'succeeded',
  }
}

function nextAttemptAfter(
  delivery: LockedDelivery,
  state: DeliveryState,
  waitMs: number | null,
): Date | null {
  if (state !== 'pending') return null
  return waitMs === null ? delivery.next_attempt_at : new Date(delivery.now.getTime() + waitMs)
}

function stateAfter(state: DeliveryState, verdict: Verdict): DeliveryState {
  switch (verdict.kind) {
    case 'succeeded':
      return 'succeeded'
    case 'exhausted':
      return 'failed'
    case 'gone':
      return state === 'cancelled' ? 'cancelled' : 'failed'
    case 'retry':
    case 'unchanged':
      return state
  }
}

function standingAfter(update: DeliveryUpdate, now: Date, steps: number): Standing {
  return {
    state: update.state,
    stepsUsed: update.stepsUsed,
    steps,
    waitMs:
      update.nextAttemptAt === null ? null : Math.max(0, update.nextAttemptAt.getTime() - now.getTime()),
  }
}

function standingOf(delivery: LockedDelivery, steps: number): Standing {
  const { next_attempt_at: nextAttemptAt, now } = delivery
  return {
    state: delivery.state,
    stepsUsed: delivery.steps_used,
    steps,
    waitMs: nextAttemptAt === null ? null : Math.max(0, nextAttemptAt.getTime() - now.getTime()),
  }
}

async function applyEffects(
  deps: RecordAttemptDeps,
  sql: Sql,
  delivery: LockedDelivery,
  record: AttemptRecord,
  verdict: Verdict,
  update: DeliveryUpdate,
): Promise<void> {
  await addStatistics(sql, delivery.webhook_id, additionsOf(delivery, record, update.state))
  if (record.failure === null) {
    if (await markWebhookWell(sql, delivery.webhook_id))
      await closeAlerts(sql, [delivery.webhook_id], 'exhausted', true)
    return
  }
  const failingSince = await markWebhookFailing(sql, delivery.webhook_id)
  if (verdict.kind === 'exhausted' && update.state === 'failed') {
    await markWebhookFailed(sql, delivery.webhook_id)
    await openAlert(sql, { ...noteOf(deps, delivery, record), kind: 'exhausted' })
  }
  if (record.failure === 'gone') await turnOff(deps, sql, delivery, record, 'gone')
  else if (isFailingForTooLong(deps, failingSince, delivery.now))
    await turnOff(deps, sql, delivery, record, 'failing')
}

function isFailingForTooLong(deps: RecordAttemptDeps, failingSince: Date | null, now: Date): boolean {
  if (deps.disableAfterMs === null || failingSince === null) return false
  return now.getTime() - failingSince.getTime() >= deps.disableAfterMs
}

async function turnOff(
  deps: RecordAttemptDeps,
  sql: Sql,
  delivery: LockedDelivery,
  record: AttemptRecord,
  reason: DisabledReason,
): Promise<void> {
  if (!(await disableWebhook(sql, delivery.webhook_id, reason))) return
  await openAlert(sql, { ...noteOf(deps, delivery, record), kind: 'disabled' })
}

function noteOf(deps: RecordAttemptDeps, delivery: LockedDelivery, record: AttemptRecord) {
  return {
    id: deps.ids.next(),
    workspaceId: delivery.workspace_id,
    webhookId: delivery.webhook_id,
    deliveryId: delivery.id,
    eventType: delivery.event_type,
    lastFailure: record.failure,
    lastStatusCode: record.statusCode,
  }
}

function additionsOf(
  delivery: LockedDelivery,
  record: AttemptRecord,
  state: DeliveryState,
): StatisticsAddition[] {
  const additions: StatisticsAddition[] = []
  if (record.failure !== null) additions.push({ metric: `failure:${record.failure}`, amount: 1, at: null })
  if (record.responseTimeMs !== null)
    additions.push({ metric: `ms:${bucketOf(record.responseTimeMs)}`, amount: 1, at: null })
  if (state === delivery.state || state === 'pending' || state === 'held') return additions
  if (delivery.settled_at !== null && delivery.state !== 'pending' && delivery.state !== 'held')
    additions.push({ metric: delivery.state, amount: -1, at: delivery.settled_at })
  additions.push({ metric: state, amount: 1, at: null })
  return additions
}
