import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { progress, retryNow, stateAttribute } from '../../workflows/contract.ts'
import { type DeliveryLab, historyOf, openLab, timersIn, until, upsertsIn } from './support/delivery-lab.ts'

let lab: DeliveryLab

beforeAll(async () => {
  lab = await openLab(inject('temporalAddress'))
})

afterAll(async () => {
  await lab[Symbol.asyncDispose]()
})

describe('a delivery that succeeds at once', () => {
  it('costs 11 history events and ends as succeeded', async () => {
    const { row, delivery, handle } = lab.add()
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(await historyOf(handle)).toHaveLength(11)
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['start'])
  })

  it('costs 6 history events when its webhook is quick', async () => {
    const { delivery, handle } = lab.add({}, { quick: true })
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(await historyOf(handle)).toHaveLength(6)
  })

  it('is started once, however often a start is asked for', async () => {
    const { row, delivery, handle } = lab.add()
    const results = await Promise.all([1, 2, 3].map(async () => lab.starter.start([delivery])))
    expect(results.flatMap(({ started }) => started)).toHaveLength(3)
    await handle.result()
    expect(row.attempts).toHaveLength(1)
  })

  it('makes no attempt again when it is started after it has closed', async () => {
    const { row, delivery, handle } = lab.add()
    await lab.starter.start([delivery])
    await handle.result()
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    expect(row.attempts).toHaveLength(1)
  })
})

describe('a delivery that fails', () => {
  it('is tried again on durable timers that say in plain words what happened', async () => {
    const { row, delivery, handle } = lab.add({ post: (number) => (number < 3 ? 503 : 200) })
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    const events = await historyOf(handle)
    const timers = timersIn(events)
    expect(timers.map(({ summary }) => summary)).toEqual([
      'attempt 1 of 3 answered 503 in 120 ms; next in 1 s',
      'attempt 2 of 3 answered 503 in 120 ms; next in 1 s',
    ])
    for (const { waitMs } of timers) expect(waitMs).toBeGreaterThanOrEqual(995)
    expect(row.attempts).toHaveLength(3)
    // retrying, and back: one event each; a further attempt costs 11.
    expect(upsertsIn(events)).toBe(2)
    expect(events).toHaveLength(11 + 2 * 11 + 2)
  })

  it('is searchable as retrying while it waits, and no more once it has succeeded', async () => {
    const { delivery, handle } = lab.add({ schedule: ['1m'], post: (number) => (number === 1 ? 500 : 200) })
    await lab.starter.start([delivery])
    await until(async () => (await stateOf(handle)) === 'retrying')
    await handle.signal(retryNow)
    expect(await handle.result()).toBe('succeeded')
    expect(await stateOf(handle)).toBeUndefined()
  })

  it('answers the progress query', async () => {
    const { delivery, handle } = lab.add({ schedule: ['1m', '1m'], post: () => 500 })
    await lab.starter.start([delivery])
    await until(async () => (await handle.query(progress)).attemptsMade === 1)
    const { nextAttemptAt, ...rest } = await handle.query(progress)
    expect(rest).toEqual({ state: 'pending', attemptsMade: 1, stepsUsed: 1, steps: 3 })
    expect(Date.parse(nextAttemptAt ?? '') - Date.now()).toBeGreaterThan(50_000)
    await handle.cancel()
    await handle.result()
  })

  it('sleeps only what is left when its run starts late', async () => {
    const { row, delivery, handle } = lab.add({
      stepsUsed: 1,
      nextAttemptAt: new Date(Date.now() + 1_500),
    })
    await lab.starter.start([{ ...delivery, attemptsMade: 1 }])
    expect(await handle.result()).toBe('succeeded')
    const [timer] = timersIn(await historyOf(handle))
    expect(timer?.waitMs).toBeLessThanOrEqual(1_500)
    expect(timer?.summary).toBe('next in 1 s')
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['start', 'due'])
  })

  it('sleeps at once, without asking its row, when its start tells what is left', async () => {
    const { row, delivery, handle } = lab.add({ stepsUsed: 1, nextAttemptAt: new Date(Date.now() + 2_000) })
    const waiting = { dueAtMs: Date.now() + 2_000, stepsUsed: 1, steps: 3 }
    await lab.starter.start([{ ...delivery, attemptsMade: 1, waiting }])
    await until(async () => timersIn(await historyOf(handle)).length === 1)
    expect(await historyOf(handle)).toHaveLength(5)
    expect(await stateOf(handle)).toBe('retrying')
    const { nextAttemptAt, ...rest } = await handle.query(progress)
    expect(rest).toEqual({ state: 'pending', attemptsMade: 1, stepsUsed: 1, steps: 3 })
    expect(Date.parse(nextAttemptAt ?? '')).toBeLessThanOrEqual(waiting.dueAtMs + 1_000)
    expect(await handle.result()).toBe('succeeded')
    expect(row.calls.map(({ reason }) => reason.kind)).toEqual(['due'])
    expect(await stateOf(handle)).toBeUndefined()
    expect(upsertsIn(await historyOf(handle))).toBe(1)
  })

  it('is held when its webhook is disabled as the next attempt falls due', async () => {
    const { row, delivery, handle } = lab.add({ post: () => 500 })
    await lab.starter.start([delivery])
    await until(() => row.attempts.length === 1)
    row.isWebhookEnabled = false
    expect(await handle.result()).toBe('held')
    expect(await stateOf(handle)).toBe('held')
    expect(row.attempts).toHaveLength(1)
  })
})

async function stateOf(handle: {
  describe: () => Promise<{ typedSearchAttributes: { get: (key: typeof stateAttribute) => unknown } }>
}) {
  return (await handle.describe()).typedSearchAttributes.get(stateAttribute)
}
