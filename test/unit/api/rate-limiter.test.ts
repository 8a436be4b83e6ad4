import { expect, it } from 'vitest'

import { createRateLimiter } from '../../../src/api/rate-limiter.ts'

it('counts each key by itself, in windows', () => {
  let nowMs = 0
  const limiter = createRateLimiter({ max: 2, windowMs: 1_000 }, () => nowMs)
  expect(limiter.take('a')).toEqual({ isAllowed: true, limit: 2, remaining: 1, resetSeconds: 1 })
  expect(limiter.take('a').isAllowed).toBe(true)
  expect(limiter.look('a').isAllowed).toBe(false)
  expect(limiter.take('a')).toMatchObject({ isAllowed: false, remaining: 0 })
  expect(limiter.take('b').isAllowed).toBe(true)
  nowMs = 1_000
  expect(limiter.look('a').isAllowed).toBe(true)
  expect(limiter.take('a').isAllowed).toBe(true)
})

it('forgets old windows, so that strangers cannot fill the memory', () => {
  let nowMs = 0
  const limiter = createRateLimiter({ max: 1, windowMs: 1_000 }, () => nowMs)
  for (let index = 0; index < 60_000; index += 1) {
    nowMs += 0.001
    limiter.take(String(index))
  }
  // The first ones had to give way: they may ask again, which the limit allows for.
  expect(limiter.take('0').isAllowed).toBe(true)
  expect(limiter.take('59999').isAllowed).toBe(false)
})
