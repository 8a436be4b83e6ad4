import type { Sql } from '../db/database.ts'
import { type FirstSuccess, recordFirstSuccesses } from '../db/first-attempts.ts'
import { createGroupCommit, type Grouped } from './group-commit.ts'

const BATCH_MAX = 1_000

/**
 * Records accepted first attempts many at a time. Answers whether it did: a delivery that has moved meanwhile needs a
 * look of its own (`recordAttempt`). `holdMs`: how long a batch is held open for more.
 */
export function createFirstSuccessRecorder(sql: Sql, holdMs: number): Grouped<FirstSuccess, boolean> {
  return createGroupCommit<FirstSuccess, boolean>(
    async (batch) => {
      const recorded = await recordFirstSuccesses(sql, batch)
      return batch.map(({ deliveryId }) => recorded.has(deliveryId))
    },
    () => false,
    { sizeOf: () => 1, sizeMax: BATCH_MAX, lanes: 1, holdMs },
  )
}
