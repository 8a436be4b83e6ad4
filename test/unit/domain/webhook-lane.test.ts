import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  durationMsOf,
  isBreakerOpen,
  isLaneIdle,
  type LaneOutcome,
  type LaneRequest,
  learnOutcome,
  obstacleOf,
  openLane,
  placesOf,
  takeTurn,
  type WebhookLane,
} from '../../../src/domain/webhook-lane.ts'

function outcome(change: Partial<LaneOutcome> = {}): LaneOutcome {
  return { deliveryId: 'd', isFailure: false, statusCode: 200, retryAfterMs: null, durationMs: 50, ...change }
}

function failure(deliveryId: string, change: Partial<LaneOutcome> = {}): LaneOutcome {
  return outcome({ deliveryId, isFailure: true, statusCode: 500, ...change })
}

function request(change: Partial<LaneRequest> = {}): LaneRequest {
  return { deliveryId: 'd', concurrency: 8, isManual: false, fullness: 'free', ...change }
}

function fill(lane: WebhookLane, count: number, startedAt = 0): void {
  for (let number = 0; number < count; number += 1) lane.inFlight.add({ startedAt })
}

function fail(lane: WebhookLane, count: number, prefix = 'd'): ('opened' | 'closed' | null)[] {
  return Array.from({ length: count }, (_, number) => learnOutcome(lane, failure(`${prefix}${number}`), 8, 0))
}

describe('the breaker', () => {
  test('opens at the tenth different delivery in a row that failed, and says so once', () => {
    const lane = openLane()
    expect(fail(lane, 9)).toEqual(Array(9).fill(null))
    expect(isBreakerOpen(lane)).toBe(false)
    expect(learnOutcome(lane, failure('tenth'), 8, 0)).toBe('opened')
    expect(learnOutcome(lane, failure('eleventh'), 8, 0)).toBeNull()
  })

  test('does not open for one delivery that fails again and again', () => {
    const lane = openLane()
    for (let number = 0; number < 100; number += 1) learnOutcome(lane, failure('the same'), 8, 0)
    expect(isBreakerOpen(lane)).toBe(false)
  })

  test('is closed by the next success, and the count begins anew', () => {
    const lane = openLane()
    fail(lane, 10)
    expect(learnOutcome(lane, outcome(), 8, 0)).toBe('closed')
    expect(fail(lane, 9, 'e')).not.toContain('opened')
  })

  test('is open exactly when ten different deliveries failed since the last success', () => {
    const steps = fc.array(fc.record({ id: fc.integer({ min: 0, max: 14 }), isFailure: fc.boolean() }), {
      maxLength: 80,
    })
    fc.assert(
      fc.property(steps, (outcomes) => {
        const lane = openLane()
        const failed = new Set<number>()
        for (const { id, isFailure } of outcomes) {
          learnOutcome(lane, isFailure ? failure(String(id)) : outcome({ deliveryId: String(id) }), 8, 0)
          if (isFailure) failed.add(id)
          else failed.clear()
          expect(isBreakerOpen(lane)).toBe(failed.size >= 10)
        }
      }),
    )
  })

  test('lets one attempt go at a time while it is open', () => {
    const lane = openLane()
    fail(lane, 10)
    expect(placesOf(lane, 8, 'free', 0)).toBe(1)
    expect(obstacleOf(lane, request(), 0)).toBeNull()
    fill(lane, 1)
    expect(obstacleOf(lane, request(), 0)).toBe('breaker')
    expect(obstacleOf(lane, request({ isManual: true }), 0)).toBeNull()
  })
})

describe('Retry-After', () => {
  test('makes the other deliveries wait, not the one that got it and no manual retry', () => {
    const lane = openLane()
    learnOutcome(lane, failure('asked', { statusCode: 429, retryAfterMs: 60_000 }), 8, 1_000)
    expect(obstacleOf(lane, request({ deliveryId: 'other' }), 60_999)).toBe('retry_after')
    expect(obstacleOf(lane, request({ deliveryId: 'other' }), 61_000)).toBeNull()
    expect(obstacleOf(lane, request({ deliveryId: 'asked' }), 2_000)).toBeNull()
    expect(obstacleOf(lane, request({ deliveryId: 'other', isManual: true }), 2_000)).toBeNull()
  })

  test('is never shortened by a later, shorter one', () => {
    const lane = openLane()
    learnOutcome(lane, failure('a', { statusCode: 503, retryAfterMs: 60_000 }), 8, 0)
    learnOutcome(lane, failure('b', { statusCode: 503, retryAfterMs: 1_000 }), 8, 0)
    expect(lane.pausedUntil).toBe(60_000)
    expect(lane.pausedBy).toBe('a')
  })

  test('lets nobody come back before it is over', () => {
    const lane = openLane()
    learnOutcome(lane, failure('a', { statusCode: 503, retryAfterMs: 3_600_000 }), 8, 0)
    for (let number = 0; number < 50; number += 1)
      expect(takeTurn(lane, 'retry_after', request(), 0, 0.5)).toBeGreaterThanOrEqual(3_600_000)
  })
})

describe('the cap', () => {
  test('is halved by every 429 and 503, down to one', () => {
    const lane = openLane()
    const seen = [429, 503, 429, 503].map((statusCode) => {
      learnOutcome(lane, failure('a', { statusCode }), 8, 0)
      return placesOf(lane, 8, 'free', 0)
    })
    expect(seen).toEqual([4, 2, 1, 1])
  })

  test('is left alone by other failures', () => {
    const lane = openLane()
    for (const statusCode of [400, 404, 500, 502, 504, null])
      learnOutcome(lane, failure('a', { statusCode }), 8, 0)
    expect(placesOf(lane, 8, 'free', 0)).toBe(8)
  })

  test('grows by one after as many successes as there are places', () => {
    const lane = openLane()
    learnOutcome(lane, failure('a', { statusCode: 429 }), 8, 0)
    const seen = Array.from({ length: 4 + 5 + 6 + 7 }, () => {
      learnOutcome(lane, outcome(), 8, 0)
      return placesOf(lane, 8, 'free', 0)
    })
    expect(seen.slice(0, 4)).toEqual([4, 4, 4, 5])
    expect(seen.slice(4, 9)).toEqual([5, 5, 5, 5, 6])
    expect(seen.at(-1)).toBe(8)
  })

  test('stays between one and the webhook’s own, whatever is met', () => {
    const steps = fc.array(fc.constantFrom(200, 429, 503, 500), { maxLength: 200 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (codes, concurrency) => {
        const lane = openLane()
        for (const statusCode of codes) {
          learnOutcome(lane, outcome({ isFailure: statusCode !== 200, statusCode }), concurrency, 0)
          const places = placesOf(lane, concurrency, 'free', 0)
          expect(places).toBeGreaterThanOrEqual(1)
          expect(places).toBeLessThanOrEqual(concurrency)
        }
      }),
    )
  })

  test('holds for manual retries too, as the webhook’s owner set it', () => {
    const lane = openLane()
    learnOutcome(lane, failure('a', { statusCode: 429 }), 8, 0)
    fill(lane, 7)
    expect(obstacleOf(lane, request({ isManual: true }), 0)).toBeNull()
    fill(lane, 1)
    expect(obstacleOf(lane, request({ isManual: true }), 0)).toBe('cap')
  })
})

describe('a full process', () => {
  test('knows an endpoint that hangs by the age of its oldest attempt', () => {
    const lane = openLane()
    fill(lane, 1, 100)
    fill(lane, 1, 5_000)
    expect(durationMsOf(lane, 6_100)).toBe(6_000)
    expect(placesOf(lane, 8, 'full', 1_000)).toBe(2)
    expect(placesOf(lane, 8, 'free', 6_100)).toBe(8)
    expect(placesOf(lane, 8, 'full', 6_100)).toBe(2)
    expect(placesOf(lane, 8, 'brimming', 6_100)).toBe(0)
  })

  test('refuses slow webhooks as its own overload when it is brimming, but no manual retry', () => {
    const lane = openLane()
    learnOutcome(lane, failure('a', { durationMs: 20_000 }), 8, 0)
    expect(obstacleOf(lane, request({ fullness: 'brimming' }), 0)).toBe('overload')
    expect(obstacleOf(lane, request({ fullness: 'brimming', isManual: true }), 0)).toBeNull()
  })

  test('keeps all places of a quick webhook, and a first one for a webhook that nobody knows', () => {
    const quick = openLane()
    learnOutcome(quick, outcome(), 8, 0)
    expect(placesOf(quick, 8, 'brimming', 0)).toBe(8)
    expect(placesOf(openLane(), 8, 'full', 0)).toBe(2)
    expect(placesOf(openLane(), 8, 'brimming', 0)).toBe(1)
  })
})

describe('turns', () => {
  test('come one after the other, at the pace of the endpoint', () => {
    const lane = openLane()
    const turns = Array.from({ length: 400 }, () => takeTurn(lane, 'cap', request({ concurrency: 1 }), 0, 0))
    expect(turns).toEqual(turns.toSorted((a, b) => a - b))
    expect(turns.at(-1)).toBe(400 * 50)
  })

  test('grow with the queue until the longest deferral, and are never shorter than the shortest', () => {
    const calls = fc.array(fc.record({ random: fc.double({ min: 0, max: 0.999, noNaN: true }) }), {
      maxLength: 100,
    })
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 30_000 }), (requests, averageMs) => {
        const lane = openLane()
        lane.averageMs = averageMs
        let before = 0
        for (const { random } of requests) {
          const deferMs = takeTurn(lane, 'breaker', request({ concurrency: 1 }), 1_000, random)
          expect(deferMs).toBeGreaterThanOrEqual(200)
          expect(deferMs).toBeLessThanOrEqual(450_000)
          if (deferMs < 300_000) expect(deferMs).toBeGreaterThanOrEqual(before)
          before = deferMs
        }
      }),
    )
  })

  test('beyond the longest deferral are spread by chance and do not push others further away', () => {
    const lane = openLane()
    lane.averageMs = 100_000
    const turns = Array.from({ length: 10 }, () =>
      takeTurn(lane, 'breaker', request({ concurrency: 1 }), 0, 0.5),
    )
    expect(turns.slice(0, 3)).toEqual([100_000, 200_000, 300_000])
    expect(turns.slice(3)).toEqual(Array(7).fill(375_000))
    expect(lane.nextTurnAt).toBe(300_000)
  })

  test('begin anew when the breaker closes', () => {
    const lane = openLane()
    fail(lane, 10)
    for (let number = 0; number < 1_000; number += 1) takeTurn(lane, 'breaker', request(), 0, 0)
    learnOutcome(lane, outcome(), 8, 10)
    expect(takeTurn(lane, 'cap', request(), 10, 0)).toBe(200)
  })
})

test('a lane is idle when nothing is in flight, has failed, waits or pauses', () => {
  const lane = openLane()
  expect(isLaneIdle(lane, 0)).toBe(true)
  fill(lane, 1)
  expect(isLaneIdle(lane, 0)).toBe(false)
  lane.inFlight.clear()
  lane.pausedUntil = 10
  expect(isLaneIdle(lane, 9)).toBe(false)
  expect(isLaneIdle(lane, 10)).toBe(true)
  lane.nextTurnAt = 20
  expect(isLaneIdle(lane, 19)).toBe(false)
  learnOutcome(lane, failure('a'), 8, 0)
  expect(isLaneIdle(lane, 20)).toBe(false)
})
