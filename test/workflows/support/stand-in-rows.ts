import type { AttemptCall } from '../../../activities/attempt.ts'
import type { ActivityDeps } from '../../../activities/index.ts'
import type { LastLook } from '../../../activities/row.ts'
import { decideAttempt } from '../../../src/domain/attempt-decision.ts'
import type { AttemptFacts, AttemptResult } from '../../../src/domain/attempt-result.ts'
import { Deferred } from '../../../src/domain/deferred.ts'
import type { DeliveryState, Trigger } from '../../../src/domain/delivery.ts'
import { parseDurationMs } from '../../../src/domain/duration.ts'
import { formatSchedule, type Schedule, waitsOf } from '../../../src/domain/schedule.ts'

/** A delivery in memory that decides as the real rows do; its receiver is a function. */
export interface StandInRow {
  state: DeliveryState
  attempts: AttemptFacts[]
  stepsUsed: number
  schedule: Schedule
  nextAttemptAt: Date | null
  retryRequestedAt: Date | null
  isWebhookEnabled: boolean
  /** Every call that reached the row, attempts or not. */
  calls: AttemptCall[]
  /** What the receiver answers to the nth POST; may take its time, or throw what our own side meets before a POST. */
  post: (number: number, call: AttemptCall) => Promise<number> | number
  /** Whether the record of the next POST fails, so that the workflow has to bring it. */
  losesRecord: boolean
}

export function newRow(more: Partial<StandInRow> = {}): StandInRow {
  return {
    state: 'pending',
    attempts: [],
    stepsUsed: 0,
    schedule: ['1s', '1s'],
    nextAttemptAt: null,
    retryRequestedAt: null,
    isWebhookEnabled: true,
    calls: [],
    post: () => 200,
    losesRecord: false,
    ...more,
  }
}

export interface StandInRows {
  rows: Map<string, StandInRow>
  faults: unknown[]
  deps: ActivityDeps
}

/** The use cases behind the activities, on rows in memory. */
export function standInRows(): StandInRows {
  const rows = new Map<string, StandInRow>()
  const faults: unknown[] = []
  const rowOf = (deliveryId: string): StandInRow => {
    const row = rows.get(deliveryId)
    if (row === undefined) throw new Error(`No row for ${deliveryId}`)
    return row
  }
  return {
    rows,
    faults,
    deps: {
      attemptDelivery: async (call) => attempt(rowOf(call.deliveryId), call),
      recordAttempt: async ({ deliveryId, attempt: facts }) =>
        Promise.resolve(record(rowOf(deliveryId), facts)),
      cancelDelivery: async ({ deliveryId }) => Promise.resolve(cancel(rowOf(deliveryId))),
      lookAtDelivery: async ({ deliveryId }) => Promise.resolve(look(rowOf(deliveryId))),
      logFault: ({ error }) => {
        faults.push(error)
      },
    },
  }
}

async function attempt(row: StandInRow, call: AttemptCall): Promise<AttemptResult> {
  row.calls.push(call)
  const decision = decideAttempt(
    {
      ...row,
      trigger: 'schedule',
      attemptCount: row.attempts.length,
      inFlight: null,
      isWebhookDeleted: false,
      now: new Date(),
    },
    call.reason,
    call.token,
  )
  switch (decision.kind) {
    case 'attempt':
      return post(row, call, decision.trigger)
    case 'wait':
      return {
        kind: 'waiting',
        waitMs: decision.waitMs,
        stepsUsed: row.stepsUsed,
        steps: stepsIn(row),
        attempt: null,
      }
    case 'hold':
      row.state = 'held'
      return { kind: 'settled', state: 'held', attempt: null }
    case 'settled':
      return { kind: 'settled', state: decision.state, attempt: null }
    case 'withdraw-request':
      row.retryRequestedAt = null
      return { kind: 'nothing' }
    case 'nothing':
      return { kind: 'nothing' }
    case 'busy':
      throw new Deferred('in_flight', decision.retryInMs)
    case 'cancel':
      return cancel(row)
  }
}

async function post(row: StandInRow, call: AttemptCall, trigger: Trigger): Promise<AttemptResult> {
  const number = row.attempts.length + 1
  const startedAt = new Date().toISOString()
  const statusCode = await row.post(number, call)
  const facts: AttemptFacts = {
    number,
    trigger,
    startedAt,
    statusCode,
    failure: statusCode < 300 ? null : 'status',
    responseTimeMs: 120,
    retryAfterMs: null,
    schedule: formatSchedule(row.schedule),
  }
  if (row.losesRecord) return { kind: 'unrecorded', token: call.token, attempt: facts }
  return record(row, facts)
}

function record(row: StandInRow, facts: AttemptFacts): AttemptResult {
  row.attempts.push(facts)
  row.retryRequestedAt = null
  row.state = stateAfter(row, facts)
  if (row.state !== 'pending') return { kind: 'settled', state: row.state, attempt: facts }
  const waitMs = Math.max(0, (row.nextAttemptAt?.getTime() ?? 0) - Date.now())
  return { kind: 'waiting', waitMs, stepsUsed: row.stepsUsed, steps: stepsIn(row), attempt: facts }
}

/** A manual attempt uses up no step and leaves the due time standing. */
function stateAfter(row: StandInRow, { trigger, failure }: AttemptFacts): DeliveryState {
  const isManual = trigger === 'manual'
  if (!isManual) row.stepsUsed += 1
  if (failure === null) return 'succeeded'
  if (isManual || row.state !== 'pending') return row.state
  const wait = waitsOf(row.schedule)[row.stepsUsed - 1]
  row.nextAttemptAt = wait === undefined ? null : new Date(Date.now() + (parseDurationMs(wait) ?? 0))
  return wait === undefined ? 'failed' : 'pending'
}

function cancel(row: StandInRow): AttemptResult {
  const state = row.state === 'succeeded' ? 'succeeded' : 'cancelled'
  row.state = state
  return { kind: 'settled', state, attempt: null }
}

function look({ state, retryRequestedAt }: StandInRow): LastLook {
  return { state, retryRequestedAt: retryRequestedAt?.toISOString() ?? null }
}

function stepsIn({ schedule }: StandInRow): number {
  return waitsOf(schedule).length + 1
}
