import { describe, expect, test } from 'vitest'

import { countHistory } from '../../../bench/scaling/history-counts.ts'
import { simulate, type Traffic } from '../../../bench/scaling/simulation.ts'

describe('billed actions', () => {
  test.each([
    ['succeeded-at-once-quick', { events: 6, actions: 2 }],
    ['succeeded-at-once', { events: 11, actions: 2 }],
    ['retried', { events: 35, actions: 8 }],
  ])('of %s are counted from its history', (name, counts) => {
    expect(countHistory(name)).toEqual(counts)
  })
})

describe('a simulated day', () => {
  const traffic: Traffic = {
    deliveriesPerDay: 86_400,
    peakFactor: 1,
    downShare: 0,
    downMinutes: 60,
    faultShare: 0,
    waitsMinutes: [1, 5],
    incident: { share: 0, minutes: 0 },
  }

  test('without faults has one attempt for each delivery, evenly', () => {
    const day = simulate(traffic)
    expect(day.firstAttempts).toBeCloseTo(86_400, 3)
    expect(day.peakFirstPerSecond).toBeCloseTo(1, 6)
    expect(day).toMatchObject({ furtherAttempts: 0, exhausted: 0, peakWaiting: 0 })
  })

  test('tries what fails again until the schedule is spent', () => {
    const day = simulate({ ...traffic, faultShare: 0.1 })
    expect(day.failedFirst).toBeCloseTo(8_640, 3)
    expect(day.furtherAttempts).toBeCloseTo(8_640 + 864, 3)
    expect(day.exhausted).toBeCloseTo(86.4, 3)
    // A tenth of a minute's 60 waits for one minute, a hundredth for five.
    expect(day.peakWaiting).toBeCloseTo(6 + 5 * 0.6, 3)
  })

  test('shows those that come back together after an incident', () => {
    const day = simulate({ ...traffic, incident: { share: 1, minutes: 3 } })
    expect(day.failedFirst).toBeCloseTo(180, 3)
    expect(day.peakFurtherPerSecond).toBeCloseTo(1, 6)
    expect(day.exhausted).toBe(0)
  })

  test('goes through its peak', () => {
    const day = simulate({ ...traffic, peakFactor: 2 })
    expect(day.firstAttempts).toBeCloseTo(86_400, 0)
    expect(day.peakFirstPerSecond).toBeCloseTo(2, 3)
  })
})
