import type { AttemptRecord } from '../db/attempts.ts'
import type { Sql } from '../db/database.ts'
import type { LeasedDelivery } from '../db/first-attempts.ts'
import { formatSchedule } from '../domain/schedule.ts'
import { createFirstSuccessRecorder } from '../usecases/first-successes.ts'
import type { DeliveryMessenger } from '../usecases/ports.ts'
import type { RecordAttemptInput, Standing } from '../usecases/record-attempt.ts'
import type { Target } from '../usecases/target-cache.ts'

/** A batch is held open for so long: it costs the receiver nothing and saves PostgreSQL most of its work. */
const HOLD_MS = 10
const PAUSE_MS_MAX = 5_000

export interface DirectRecorderDeps {
  sql: Sql
  token: string
  recordOne: (input: RecordAttemptInput) => Promise<Standing>
  messenger: Pick<DeliveryMessenger, 'start'>
  pause: (ms: number) => Promise<void>
  logFault: (message: string, error: unknown) => void
}

/**
 * Records first attempts that were made without a workflow: accepted ones in batches, all others one by one, and then
 * starts the workflow that does the rest. While the database is away it tries on; what the process takes with it when it
 * dies is made again when its lease has run out.
 */
export function createDirectRecorder(deps: DirectRecorderDeps) {
  const recordBatched = createFirstSuccessRecorder(deps.sql, HOLD_MS)

  async function untilRecorded<T>(work: () => Promise<T>): Promise<T> {
    for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        return await work()
      } catch (error) {
        deps.logFault('A first attempt could not be recorded yet.', error)
        await deps.pause(pauseMs)
      }
    }
  }

  return async (delivery: LeasedDelivery, target: Target, record: AttemptRecord): Promise<void> => {
    const { id, webhookId, workspaceId, eventType } = delivery
    if (record.failure === null && record.number === 1) {
      const isRecorded = await untilRecorded(() =>
        recordBatched({ deliveryId: id, token: deps.token, record }),
      )
      if (isRecorded) return
    }
    const standing = await untilRecorded(() =>
      deps.recordOne({
        deliveryId: id,
        token: deps.token,
        record,
        schedule: formatSchedule(target.schedule),
        needsRun: true,
      }),
    )
    if (standing.state !== 'pending') return
    const { stepsUsed, steps, waitMs } = standing
    deps.messenger.start({
      deliveryId: id,
      workspaceId,
      webhookId,
      eventType,
      attemptsMade: record.number,
      ...(waitMs !== null && { waiting: { dueAtMs: Date.now() + waitMs, stepsUsed, steps } }),
    })
  }
}
