import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { Deferred } from '../../src/domain/deferred.ts'
import { cancelDelivery, progress, retryNow } from '../../workflows/contract.ts'
import { type DeliveryLab, historyOf, openLab, timersIn, until } from './support/delivery-lab.ts'
import type { StandInRow } from './support/stand-in-rows.ts'

const CANCEL_REQUESTED_TO_ACTIVITY = 15

let lab: DeliveryLab

beforeAll(async () => {
  lab = await openLab(inject('temporalAddress'))
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

describe('a manual retry', () => {
  it('makes an attempt at once; when it fails, the original due time stands', async () => {
    const { row, delivery, handle } = lab.add({
      // Long enough that the signal comes during the wait on a busy machine, too.
      schedule: ['10s'],
      post: (number) => (number < 3 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(async () => (await handle.query(progress)).attemptsMade === 1)
    const { nextAttemptAt } = await handle.query(progress)
    await handle.signal(retryNow)
    await until(() => row.attempts.length === 2)
    await until(async () => (await handle.query(progress)).attemptsMade === 2)
    expect((await handle.query(progress)).nextAttemptAt).toBe(nextAttemptAt)
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'manual', 'schedule'])
    expect(Date.parse(row.attempts[2]?.startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(nextAttemptAt ?? ''),
    )
    const [first, second] = timersIn(await historyOf(handle))
    expect(second?.waitMs).toBeLessThan(first?.waitMs ?? 0)
    expect(second?.summary).toMatch(/^manual attempt \(number 2\) answered 500 in 120 ms; next in \d+ s$/)
  })

  it('is taken after exhaustion, and a failed one starts the wait for the next anew', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['1s'],
      post: (number) => (number < 4 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(() => row.state === 'failed')
    await lab.starter.signalRetry(delivery, request(row))
    await until(async () => timersIn(await historyOf(handle)).length === 3)
    await lab.starter.signalRetry(delivery, request(row))
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule', 'manual', 'manual'])
    const waits = timersIn(await historyOf(handle)).slice(1)
    expect(waits.map(({ waitMs }) => waitMs)).toEqual([600_000, 600_000])
    expect(waits[0]?.summary).toBe(
      'attempt 2 of 2 answered 500 in 120 ms; given up; retryNow makes another attempt within 10 min',
    )
  })

  it('that was signalled twice is made once', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['1s'],
      post: (number) => (number < 3 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    const requestedAt = request(row)
    await lab.starter.signalRetry(delivery, requestedAt)
    await lab.starter.signalRetry(delivery, requestedAt)
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(3)
    expect(row.calls).toHaveLength(3)
  })

  it('is absorbed by an attempt in flight', async () => {
    const answer = Promise.withResolvers<number>()
    const { row, delivery, handle } = lab.add({
      schedule: ['1s'],
      post: (n) => (n === 1 ? answer.promise : 200),
    })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 1)
    await handle.signal(retryNow)
    answer.resolve(500)
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule'])
  })

  it('does not wait behind our own deferral', async () => {
    let isDeferred = true
    const { row, delivery, handle } = lab.add({
      schedule: ['1s'],
      post: (number, { reason }) => {
        if (number > 1 && isDeferred && reason.kind !== 'manual') throw new Deferred('breaker', 3_600_000)
        return number === 1 ? 500 : 200
      },
    })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 2)
    await handle.signal(retryNow)
    expect(await handle.result()).toBe('succeeded')
    isDeferred = false
    expect(row.attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'manual'])
  })

  it('starts a new run when the last one has closed, without a needless look at the row', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['1s'],
      post: (number) => (number < 2 ? 500 : 200),
    })
    row.state = 'failed'
    await lab.starter.signalRetry(delivery, request(row))
    await until(() => row.attempts.length === 1)
    await lab.starter.signalRetry(delivery, request(row))
    expect(await handle.result()).toBe('succeeded')
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['manual', 'manual'])
  })

  it('of a delivery that has succeeded is made in a run of its own', async () => {
    const { row, delivery, handle } = lab.add()
    await lab.starter.start([delivery])
    await handle.result()
    await lab.starter.signalRetry(delivery, request(row))
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(2)
  })

  it('that was committed while its signal got lost is served before the run closes', async () => {
    await using quickLab = await openLab(inject('temporalAddress'), { retrySignalWaitMs: 1_500 })
    const { row, delivery, handle } = quickLab.add({
      schedule: ['1s'],
      post: (number) => (number < 3 ? 500 : 200),
    })
    await quickLab.starter.start([delivery])
    await until(() => row.state === 'failed')
    request(row)
    expect(await handle.result()).toBe('succeeded')
  })

  it('is waited for only so long: then the run closes as failed', async () => {
    await using quickLab = await openLab(inject('temporalAddress'), { retrySignalWaitMs: 1_000 })
    const { delivery, handle } = quickLab.add({ schedule: ['1s'], post: () => 500 })
    await quickLab.starter.start([delivery])
    expect(await handle.result()).toBe('failed')
  })
})

describe('cancelling', () => {
  it.each([
    ['the signal', async (deliveryId: string) => lab.starter.signalCancel(deliveryId)],
    [
      'Temporal’s own Cancel',
      async (deliveryId: string) => lab.client.workflow.getHandle(`delivery-${deliveryId}`).cancel(),
    ],
  ])('by %s ends a sleeping delivery', async (_, cancel) => {
    const { row, delivery, handle } = lab.add({ schedule: ['1h'], post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    await cancel(delivery.deliveryId)
    expect(await handle.result()).toBe('cancelled')
    expect(row.state).toBe('cancelled')
    expect((await handle.describe()).status.name).toBe('COMPLETED')
  })

  it('lets an attempt in flight finish, and a 2xx makes it succeeded', async () => {
    const answer = Promise.withResolvers<number>()
    const { row, delivery, handle } = lab.add({ post: () => answer.promise })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 1)
    await handle.cancel()
    await until(async () =>
      (await historyOf(handle)).some(({ eventType }) => Number(eventType) === CANCEL_REQUESTED_TO_ACTIVITY),
    )
    answer.resolve(200)
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(1)
  })

  it('comes after the attempt in flight when that fails', async () => {
    const answer = Promise.withResolvers<number>()
    const { row, delivery, handle } = lab.add({ post: () => answer.promise })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 1)
    await handle.signal(cancelDelivery)
    answer.resolve(500)
    expect(await handle.result()).toBe('cancelled')
    expect(row.attempts).toHaveLength(1)
  })

  it('ends at once what only waits for its turn', async () => {
    const { row, delivery, handle } = lab.add({
      post: () => {
        throw new Deferred('cap', 3_600_000)
      },
    })
    await lab.starter.start([delivery])
    await until(() => row.calls.length === 1)
    await handle.cancel()
    expect(await handle.result()).toBe('cancelled')
    expect(row.attempts).toHaveLength(0)
  })

  it('ends an exhausted delivery that listens for a retry', async () => {
    const { row, delivery, handle } = lab.add({ schedule: ['1s'], post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.state === 'failed')
    await lab.starter.signalCancel(delivery.deliveryId)
    expect(await handle.result()).toBe('cancelled')
  })

  it('of a run that has closed is no error', async () => {
    const { delivery, handle } = lab.add()
    await lab.starter.start([delivery])
    await handle.result()
    await expect(lab.starter.signalCancel(delivery.deliveryId)).resolves.toBeUndefined()
  })
})

/** What the API commits before it signals. */
function request(row: StandInRow): Date {
  row.retryRequestedAt = new Date()
  return row.retryRequestedAt
}
