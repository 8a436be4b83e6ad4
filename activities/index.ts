import { attemptActivity, type AttemptDeps } from './attempt.ts'
import { type RecordDeps, recordAttemptActivity } from './record-attempt.ts'
import { type RowDeps, rowActivities } from './row.ts'

export type ActivityDeps = AttemptDeps & RecordDeps & RowDeps

/** Everything the worker offers to workflows. Importing it starts nothing; `deps` are the use cases behind it. */
export function createActivities(deps: ActivityDeps) {
  return { ...attemptActivity(deps), ...recordAttemptActivity(deps), ...rowActivities(deps) }
}

export type Activities = ReturnType<typeof createActivities>
