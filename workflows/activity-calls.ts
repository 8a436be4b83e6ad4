import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  condition,
  patched,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
} from '@temporalio/workflow'

import type { Activities } from '../activities/index.ts'
import type { AttemptReason, AttemptResult } from '../src/domain/attempt-result.ts'
import type { DeliveryState } from '../src/domain/delivery.ts'
import type { Requests } from './requests.ts'
import type { Run } from './run.ts'
import { reasonWords } from './words.ts'

/**
 * A failed POST is a result. Exceptions are our own faults and our own waits: they are retried for ever, leave no
 * event in the history and use up no step of the schedule.
 */
const activities = proxyActivities<Activities>({
  startToCloseTimeout: '60 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  // Called off while it only waits for its next try, an activity ends at once; while it POSTs, it ends by itself.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
})

/**
 * The first attempt to a webhook that is healthy and quick, made within the first workflow task: 6 events instead of
 * 11. It holds a workflow slot, so it is given up early; the row then tells the normal activity what became of it.
 */
const quickly = proxyLocalActivities<Activities>({
  startToCloseTimeout: '5 seconds',
  scheduleToStartTimeout: '1 second',
  retry: { maximumAttempts: 1 },
})

type Recorded = Exclude<AttemptResult, { kind: 'unrecorded' }>

/** Asks the row for an attempt. Null when none was made, because a request came while it only waited for its turn. */
export async function askRow(run: Run, requests: Requests, reason: AttemptReason): Promise<Recorded | null> {
  run.asked += 1
  const isFirst = reason.kind === 'start' && run.asked === 1 && run.input.quick === true
  const result =
    (isFirst ? await askQuickly(run, reason) : null) ?? (await askPatiently(run, requests, reason))
  return result === null ? null : recorded(run, result)
}

async function askQuickly({ input }: Run, reason: AttemptReason): Promise<AttemptResult | null> {
  try {
    return await quickly.attempt({ deliveryId: input.deliveryId, reason })
  } catch (error) {
    if (error instanceof TemporalFailure) return null
    throw error
  }
}

async function askPatiently(
  run: Run,
  requests: Requests,
  reason: AttemptReason,
): Promise<AttemptResult | null> {
  const { deliveryId } = run.input
  const scope = new CancellationScope()
  let isAnswered = false
  const callOffWhenPressed = async (): Promise<void> => {
    await condition(() => isAnswered || requests.pressing(run.standing))
    if (!isAnswered) scope.cancel()
  }
  void callOffWhenPressed()
  try {
    return await scope.run(async () =>
      activities.attempt.executeWithOptions({ summary: reasonWords(reason, run, run.attemptsMade) }, [
        { deliveryId, reason },
      ]),
    )
  } catch (error) {
    if (error instanceof ActivityFailure) return null
    throw error
  } finally {
    isAnswered = true
  }
}

/** What was POSTed is recorded, however long that takes; it is never POSTed again for want of a record. */
async function recorded({ input: { deliveryId } }: Run, result: AttemptResult): Promise<Recorded> {
  let answer = result
  while (answer.kind === 'unrecorded') {
    const { token, attempt } = answer
    answer = await activities.recordAttempt.executeWithOptions({ summary: 'record the attempt' }, [
      { deliveryId, token, attempt },
    ])
  }
  return answer
}

/** Cancels the delivery's row, unless it has succeeded meanwhile. */
export async function cancelRow({ input: { deliveryId } }: Run): Promise<Recorded> {
  const result = await activities.settleCancelled.executeWithOptions({ summary: 'cancel' }, [{ deliveryId }])
  return result.kind === 'settled' ? result : { kind: 'settled', state: 'cancelled', attempt: null }
}

interface LastLook {
  state: DeliveryState
  retryRequestedAt: string | null
}

/** Reads the row, within the workflow task where it can: the run is about to end and has no use for a longer history. */
export async function lookAtRow({ input: { deliveryId } }: Run): Promise<LastLook> {
  // Runs that took this step before the change recorded a normal activity here.
  if (patched('last-look-is-local')) {
    try {
      return await quickly.closeRun({ deliveryId })
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error
    }
  }
  return activities.closeRun.executeWithOptions({ summary: 'last look before closing' }, [{ deliveryId }])
}
