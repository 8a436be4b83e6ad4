import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { skipTime } from '../support/temporal.ts'
import { waitsOf } from '../../src/domain/schedule.ts'
import { parseDurationMs } from '../../src/domain/duration.ts'
import { progress, RETRY_SIGNAL_WAIT_MS, retryNow } from '../../workflows/contract.ts'
import { type DeliveryLab, historyOf, openLab, timersIn, until } from './support/delivery-lab.ts'

let lab: DeliveryLab

beforeAll(async () => {
  lab = await openLab(inject('temporalAddress'), { retrySignalWaitMs: RETRY_SIGNAL_WAIT_MS })
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

describe('the promise of a schedule', () => {
  it.each(['standard', 'short'] as const)('%s is kept to the millisecond of its timers', async (schedule) => {
    const waits = waitsOf(schedule)
    const { row, delivery, handle } = lab.add({ schedule, post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    await skipTime(lab.client, handle.workflowId, waits.length)
    await until(() => row.state === 'failed')
    expect(row.attempts).toHaveLength(waits.length + 1)
    await until(async () => timersIn(await historyOf(handle)).length === waits.length + 1)

    const timers = timersIn(await historyOf(handle))
    for (const [index, wait] of waits.entries()) {
      const promisedMs = parseDurationMs(wait) ?? 0
      expect(timers[index]?.waitMs).toBeGreaterThanOrEqual(promisedMs - 5)
      expect(timers[index]?.waitMs).toBeLessThanOrEqual(promisedMs * 1.1)
    }
    expect(timers.at(-1)?.waitMs).toBe(RETRY_SIGNAL_WAIT_MS)
    expect(timers.at(-1)?.summary).toContain('given up; retryNow makes another attempt within 7 d')

    // The signal wait is open: an operator's signal is taken, and its failure starts the wait anew.
    await handle.signal(retryNow)
    await until(() => row.attempts.length === waits.length + 2)
    await until(async () => timersIn(await historyOf(handle)).length === waits.length + 2)
    // The end of that wait closes the run.
    await skipTime(lab.client, handle.workflowId, 1)
    expect(await handle.result()).toBe('failed')
  })

  it('holds for a manual retry in the middle of a long wait', async () => {
    const { row, delivery, handle } = lab.add({
      schedule: ['1m', '2h', '12h'],
      post: (number) => (number < 4 ? 500 : 200),
    })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    await skipTime(lab.client, handle.workflowId, 1)
    await until(async () => (await handle.query(progress)).attemptsMade === 2)
    const { nextAttemptAt } = await handle.query(progress)
    await handle.signal(retryNow)
    await until(async () => (await handle.query(progress)).attemptsMade === 3)
    // The row counts by the machine's clock, which has not skipped; the workflow's own due time stands.
    expect((await handle.query(progress)).nextAttemptAt).toBe(nextAttemptAt)
    await skipTime(lab.client, handle.workflowId, 1)
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts.map(({ trigger }) => trigger)).toEqual(['schedule', 'schedule', 'manual', 'schedule'])
  })
})
