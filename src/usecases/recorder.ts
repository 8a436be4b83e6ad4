import type { AttemptRecord } from '../db/attempts.ts'
import type { FirstSuccess } from '../db/first-attempts.ts'
import type { AttemptFacts, AttemptResult } from '../domain/attempt-result.ts'
import { parseSchedule, stepsOf } from '../domain/schedule.ts'
import { type AttemptCall, toResult } from './attempt-delivery.ts'
import type { FailurePace } from './failure-pace.ts'
import type { Grouped } from './group-commit.ts'
import { recordAttempt, type RecordAttemptDeps, type Standing } from './record-attempt.ts'

/** Bodies and headers of attempts that wait for the database; beyond that only their facts are recorded. */
const DETAILS_MAX = 1_000

export interface Recorder {
  /** Undefined when the database did not take it: the workflow then keeps the facts and calls `recordFacts`. */
  record(call: AttemptCall, record: AttemptRecord, schedule: string): Promise<Standing | undefined>
  /** Records an attempt from the facts in a workflow's history, with its details if this process still has them. */
  recordFacts(input: { deliveryId: string; token: string; attempt: AttemptFacts }): Promise<AttemptResult>
}

export interface RecorderDeps extends RecordAttemptDeps {
  /** Records an accepted first attempt together with others; false when the delivery has moved meanwhile. */
  recordFirstSuccess: Grouped<FirstSuccess, boolean>
  logFault: (error: unknown) => void
  inPlace: FailurePace['record']
}

/**
 * Recording must survive a database that is away: the workflow's history then carries the verdict, so that nobody
 * POSTs again, and this process keeps the details until they can be stored.
 */
export function createRecorder(deps: RecorderDeps): Recorder {
  const details = new Map<string, AttemptRecord>()
  return {
    async record(call, record, schedule) {
      const { deliveryId, token } = call
      try {
        if (isFirstSuccess(record) && (await deps.recordFirstSuccess({ deliveryId, token, record })))
          return { state: 'succeeded', stepsUsed: 1, steps: stepsOf(parseSchedule(schedule)), waitMs: null }
        return await deps.inPlace(record, () =>
          recordAttempt(deps, { deliveryId, token, record, schedule, needsRun: false }),
        )
      } catch (error) {
        deps.logFault(error)
      }
      if (details.size < DETAILS_MAX) details.set(detailKey(deliveryId, record.number), record)
      return undefined
    },
    async recordFacts({ deliveryId, token, attempt }) {
      const key = detailKey(deliveryId, attempt.number)
      const record = details.get(key) ?? fromFacts(attempt)
      const standing = await recordAttempt(deps, {
        deliveryId,
        token,
        record,
        schedule: attempt.schedule,
        needsRun: false,
      })
      details.delete(key)
      return toResult(standing, attempt)
    },
  }
}

function isFirstSuccess({ failure, number, trigger }: AttemptRecord): boolean {
  return failure === null && number === 1 && trigger === 'schedule'
}

function detailKey(deliveryId: string, number: number): string {
  return `${deliveryId} ${number}`
}

function fromFacts(facts: AttemptFacts): AttemptRecord {
  return {
    number: facts.number,
    trigger: facts.trigger,
    startedAt: new Date(facts.startedAt),
    statusCode: facts.statusCode,
    responseTimeMs: facts.responseTimeMs,
    responseBody: null,
    responseBodyTruncated: false,
    responseHeaders: null,
    sentMark: null,
    timings: { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null },
    remoteAddress: null,
    failure: facts.failure,
    retryAfterMs: facts.retryAfterMs,
  }
}
