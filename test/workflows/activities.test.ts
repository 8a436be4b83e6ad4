import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'

import type { AttemptCall } from '../../activities/attempt.ts'
import { createActivities } from '../../activities/index.ts'
import { DEFERRAL_REASONS, Deferred } from '../../src/domain/deferred.ts'
import { standInRows } from './support/stand-in-rows.ts'

const START = { deliveryId: 'd', reason: { kind: 'start' } } as const

const withAttempt = (attemptDelivery: (call: AttemptCall) => Promise<never>) => {
  const faults: unknown[] = []
  const { deps } = standInRows()
  const logFault = ({ error }: { error: unknown }): void => {
    faults.push(error)
  }
  return { faults, activities: createActivities({ ...deps, attemptDelivery, logFault }) }
}

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await work.catch((thrown: unknown) => thrown)
  if (error instanceof ApplicationFailure) return error
  throw new Error('The activity did not fail as it should', { cause: error })
}

describe('an activity', () => {
  it.each(DEFERRAL_REASONS)(
    'asks to be tried again after our own wait, without a line in the log: %s',
    async (reason) => {
      const { activities, faults } = withAttempt(async () => Promise.reject(new Deferred(reason, 1_500)))
      const failure = await failureOf(new MockActivityEnvironment().run(activities.attempt, START))
      expect(failure).toMatchObject({
        type: `deferred_${reason}`,
        nextRetryDelay: 1_500,
        nonRetryable: false,
      })
      expect(faults).toEqual([])
    },
  )

  it('tells the log everything about a fault of ours, and the history nothing', async () => {
    const fault = new Error('connection to postgres://user:secret@host failed')
    const { activities, faults } = withAttempt(async () => Promise.reject(fault))
    const failure = await failureOf(new MockActivityEnvironment().run(activities.attempt, START))
    expect(failure).toMatchObject({ type: 'own_fault', nonRetryable: false, stack: '' })
    expect(failure.message).not.toContain('postgres')
    expect(failure.cause).toBeUndefined()
    expect(faults).toEqual([fault])
  })

  it('does not cut off an attempt because its delivery was cancelled', async () => {
    const environment = new MockActivityEnvironment()
    const signals: AbortSignal[] = []
    const { activities } = withAttempt(async ({ signal }) => {
      signals.push(signal)
      environment.cancel('CANCELLED')
      return Promise.reject(new Deferred('cap', 1))
    })
    await failureOf(environment.run(activities.attempt, START))
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })
})
