import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, inject, it } from 'vitest'

import { type HistoryEvent, historyOf, openLab, until } from './support/delivery-lab.ts'

const isEager = ([started]: readonly HistoryEvent[]): boolean =>
  started?.workflowExecutionStartedEventAttributes?.eagerExecutionAccepted === true

/** An eager task that the worker dropped waits for this before it gets its second chance, 10 s later. */
const hasTimedOut = (events: readonly HistoryEvent[]): boolean =>
  events.some(({ workflowTaskTimedOutEventAttributes: timeout }) => (timeout ?? null) !== null)

describe('an eager start', () => {
  it('is asked for where the client shares the worker’s connection', async () => {
    await using lab = await openLab(inject('temporalAddress'), { isEager: true })
    const { delivery, handle } = lab.add({}, { quick: true })
    await lab.starter.start([delivery])
    expect(await handle.result()).toBe('succeeded')
    const events = await historyOf(handle)
    expect(isEager(events)).toBe(true)
    expect(events).toHaveLength(6)
  })

  it('is not asked for without a worker beside the client', async () => {
    await using lab = await openLab(inject('temporalAddress'))
    const { delivery, handle } = lab.add({}, { quick: true })
    await lab.starter.start([delivery])
    await handle.result()
    expect(isEager(await historyOf(handle))).toBe(false)
  })

  it('never goes beyond the free slots: a burst on slow receivers loses no time to dropped tasks', async () => {
    await using lab = await openLab(inject('temporalAddress'), { isEager: true })
    const subjects = Array.from({ length: 300 }, () =>
      lab.add({ post: async () => delay(1_500, 200) }, { quick: true }),
    )
    let rest = subjects.map(({ delivery }) => delivery)
    // As a dispatcher does: what a busy server did not take in time is asked for again.
    await until(async () => {
      const { failed } = await lab.starter.start(rest)
      rest = rest.filter(({ deliveryId }) => failed.some((one) => one.deliveryId === deliveryId))
      return rest.length === 0
    }, 60_000)
    const histories: HistoryEvent[][] = []
    for (const { handle } of subjects) {
      expect(await handle.result()).toBe('succeeded')
      histories.push(await historyOf(handle))
    }
    expect(histories.filter((events) => isEager(events) && hasTimedOut(events))).toHaveLength(0)
    const eagerCount = histories.filter(isEager).length
    expect(eagerCount).toBeGreaterThan(50)
    expect(eagerCount).toBeLessThan(300)
  })
})
