import { describe, expect, test } from 'vitest'

import { FAILURES } from '../../../src/domain/attempt-outcome.ts'
import { DELIVERY_STATES, TRIGGERS } from '../../../src/domain/delivery.ts'
import { type AttemptContext, failureOf, isScheduled, judge } from '../../../src/domain/verdict.ts'

const ACCEPTED = { failure: null, retryAfterMs: null }

function context(change: Partial<AttemptContext> = {}): AttemptContext {
  return { state: 'pending', trigger: 'schedule', schedule: ['1m', '5m'], stepsUsed: 0, random: 0, ...change }
}

const EVERY_WAY = DELIVERY_STATES.flatMap((state) => TRIGGERS.map((trigger) => ({ state, trigger })))

describe('an accepted attempt', () => {
  test.each(EVERY_WAY)('makes a $state delivery succeeded ($trigger), whatever happened meanwhile', (way) => {
    expect(judge(ACCEPTED, context(way))).toEqual({
      kind: way.state === 'succeeded' ? 'unchanged' : 'succeeded',
    })
  })
})

describe('a 410', () => {
  test.each(EVERY_WAY)('is final for a $state delivery ($trigger), unless it has succeeded', (way) => {
    expect(judge({ failure: 'gone', retryAfterMs: null }, context(way))).toEqual({
      kind: way.state === 'succeeded' ? 'unchanged' : 'gone',
    })
  })
})

describe('any other failure', () => {
  const others = FAILURES.filter((failure) => failure !== 'gone')

  test.each(others)('%s is retried while the schedule has steps, then exhausted', (failure) => {
    const result = { failure, retryAfterMs: null }
    expect(judge(result, context())).toEqual({ kind: 'retry', waitMs: 60_000 })
    expect(judge(result, context({ stepsUsed: 1 }))).toEqual({ kind: 'retry', waitMs: 300_000 })
    expect(judge(result, context({ stepsUsed: 2 }))).toEqual({ kind: 'exhausted' })
    expect(judge(result, context({ trigger: 'replay' }))).toEqual({ kind: 'retry', waitMs: 60_000 })
  })

  test.each(EVERY_WAY)(
    'of a $state delivery ($trigger) moves nothing but a pending one in its schedule',
    (way) => {
      const moves = way.state === 'pending' && (way.trigger === 'schedule' || way.trigger === 'replay')
      const { kind } = judge({ failure: 'status', retryAfterMs: null }, context(way))
      expect(kind).toBe(moves ? 'retry' : 'unchanged')
    },
  )

  test('waits as long as the receiver asked for, with its jitter', () => {
    const busy = { failure: 'status', retryAfterMs: 600_000 } as const
    expect(judge(busy, context())).toEqual({ kind: 'retry', waitMs: 600_000 })
    expect(judge({ ...busy, retryAfterMs: null }, context({ random: 0.5 }))).toEqual({
      kind: 'retry',
      waitMs: 61_500,
    })
  })
})

test('the failure of an outcome is its own, and none when it was accepted', () => {
  expect(failureOf({ kind: 'accepted', statusCode: 204 })).toBeNull()
  expect(failureOf({ kind: 'refused', statusCode: 302, failure: 'redirect', retryAfterMs: null })).toBe(
    'redirect',
  )
  expect(failureOf({ kind: 'unreachable', failure: 'dns' })).toBe('dns')
})

test('attempts of the schedule and of a replay use up steps, manual ones and tests do not', () => {
  expect(TRIGGERS.filter(isScheduled)).toEqual(['schedule', 'replay'])
})
