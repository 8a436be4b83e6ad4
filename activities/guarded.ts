import { Context } from '@temporalio/activity'

import { Deferred } from '../src/domain/deferred.ts'
import { toFailure } from './failures.ts'

export interface ActivityFault {
  activity: string
  deliveryId: string
  /** Which try of the activity this was, from 1. */
  tries: number
  error: unknown
}

/** The only place where the details of a fault of ours go. */
export type LogFault = (fault: ActivityFault) => void

/** Runs an activity's work; what it throws is logged in full and leaves as a constant. */
export async function guarded<T>(
  call: { activity: string; deliveryId: string },
  logFault: LogFault,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Deferred)) logFault({ ...call, tries: Context.current().info.attempt, error })
    throw toFailure(error)
  }
}
