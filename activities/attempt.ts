import { Context } from '@temporalio/activity'

import type { AttemptFacts, AttemptReason, AttemptResult } from '../src/domain/attempt-result.ts'
import { guarded, type LogFault } from './guarded.ts'

/** Well below the heartbeat timeout of the workflow (10 s), so that a busy event loop costs no attempt. */
const HEARTBEAT_INTERVAL_MS = 3_000

export interface AttemptInput {
  deliveryId: string
  reason: AttemptReason
}

/** What an attempt needs to know about who makes it. */
export interface AttemptCall extends AttemptInput {
  /** The same for every try of one activity, so that the row can tell a second try from a second maker. */
  token: string
  /** Told when the POST is made and its record is late: from then on the verdict must survive this process. */
  onLate: (attempt: AttemptFacts) => void
  /** Aborted only when the worker's grace time has run out; a cancelled delivery still finishes its attempt. */
  signal: AbortSignal
}

export interface AttemptDeps {
  /** Looks at the row, makes the attempt if there is one to make, and records it. Throws `Deferred` for our own waits. */
  attemptDelivery: (call: AttemptCall) => Promise<AttemptResult>
  logFault: LogFault
}

export function attemptActivity({ attemptDelivery, logFault }: AttemptDeps) {
  return {
    async attempt({ deliveryId, reason }: AttemptInput): Promise<AttemptResult> {
      const context = Context.current()
      const { workflowExecution, activityId } = context.info
      const token = `${workflowExecution?.runId ?? ''}/${activityId}`
      // A try before this one made the POST and died before it could be recorded: nobody POSTs again.
      const late = context.info.heartbeatDetails as LateVerdict | undefined
      if (late?.attempt !== undefined) return { kind: 'unrecorded', token, attempt: late.attempt }
      const verdict: LateVerdict = {}
      const shutdown = shutdownSignal(context)
      const heart = setInterval(() => {
        context.heartbeat(verdict)
      }, HEARTBEAT_INTERVAL_MS)
      const onLate = (attempt: AttemptFacts): void => {
        verdict.attempt = attempt
        context.heartbeat(verdict)
      }
      try {
        return await guarded({ activity: 'attempt', deliveryId }, logFault, async () =>
          attemptDelivery({ deliveryId, reason, token, onLate, signal: shutdown.signal }),
        )
      } finally {
        clearInterval(heart)
        shutdown.close()
      }
    },
  }
}

/** What travels with the heartbeats: numbers and enums, as in any history. */
interface LateVerdict {
  attempt?: AttemptFacts
}

/** Of all the reasons for which Temporal cancels an activity, only the end of this process may cut off a POST. */
function shutdownSignal(context: Context): { signal: AbortSignal; close: () => void } {
  const controller = new AbortController()
  const onCancelled = (): void => {
    if (context.cancellationDetails?.workerShutdown === true) controller.abort()
  }
  context.cancellationSignal.addEventListener('abort', onCancelled)
  return {
    signal: controller.signal,
    close: () => {
      context.cancellationSignal.removeEventListener('abort', onCancelled)
    },
  }
}
