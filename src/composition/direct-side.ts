import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'

import { leaseFirstAttempts } from '../db/first-attempts.ts'
import { DirectLane, LEASE_SECONDS } from '../dispatch/direct-lane.ts'
import { createDirectRecorder } from '../dispatch/direct-recorder.ts'
import type { FirstAttemptLane } from '../dispatch/dispatcher.ts'
import type { AttemptDelivery } from '../usecases/attempt-delivery.ts'
import { createCurrentTargets } from '../usecases/current-targets.ts'
import type { FailurePace } from '../usecases/failure-pace.ts'
import type { DeliveryMessenger } from '../usecases/ports.ts'
import { recordAttempt, type RecordAttemptDeps } from '../usecases/record-attempt.ts'
import type { WebhookGate } from '../usecases/webhook-gate.ts'
import type { Core } from './core.ts'

/** The direct lane of one process and the way of the dispatcher into it. */
export interface DirectSide extends FirstAttemptLane {
  lane: DirectLane
  /** Names this process in the leases. */
  token: string
}

export interface DirectSideDeps {
  gate: WebhookGate
  messenger: DeliveryMessenger
  recordDeps: RecordAttemptDeps
  attemptDelivery: AttemptDelivery
  failurePace: FailurePace
}

export function createDirectSide(
  { database: { sql }, sender, targets, logFault }: Core,
  { gate, messenger, recordDeps, attemptDelivery, failurePace }: DirectSideDeps,
): DirectSide {
  const token = `direct/${randomUUID()}`
  const lane = new DirectLane({
    sql,
    token,
    gate,
    send: sender.send,
    loadTargets: createCurrentTargets(sql, targets),
    async settleWithout(deliveryId) {
      await attemptDelivery({ deliveryId, reason: { kind: 'due' }, token })
    },
    record: createDirectRecorder({
      sql,
      token,
      recordOne: (input) => failurePace.record(input.record, () => recordAttempt(recordDeps, input)),
      messenger,
      pause: (ms) => pause(ms),
      logFault,
    }),
    logFault,
  })
  return {
    lane,
    token,
    capacity: () => lane.capacity,
    async takeOn(deliveryIds) {
      const leasedAt = performance.now()
      const leased = await leaseFirstAttempts(sql, deliveryIds, token, LEASE_SECONDS)
      lane.take(leased, leasedAt)
      return new Set(leased.map(({ id }) => id))
    },
  }
}
