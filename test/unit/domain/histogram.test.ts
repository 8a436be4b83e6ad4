import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { bucketOf, percentile, upperMsOf } from '../../../src/domain/histogram.ts'

const responseTimes = fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
})

function countBuckets(times: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const ms of times) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1)
  return counts
}

describe('the response-time histogram', () => {
  test('puts a time into the bucket whose bounds hold it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (ms) => {
        const bucket = bucketOf(ms)
        expect(ms).toBeLessThanOrEqual(1.1 ** bucket + 1e-3)
        if (bucket > 0) expect(ms).toBeGreaterThan(1.1 ** (bucket - 1) - 1e-3)
      }),
    )
    expect(bucketOf(0)).toBe(0)
    expect(bucketOf(1)).toBe(0)
    expect(bucketOf(1.05)).toBe(1)
  })

  test.each([0.5, 0.95, 0.99])('reads percentile %d within 10 % and a millisecond', (share) => {
    fc.assert(
      fc.property(responseTimes, (times) => {
        const sorted = [...times].sort((one, other) => one - other)
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? NaN
        const read = percentile(countBuckets(times), share) ?? NaN
        expect(read).toBeGreaterThanOrEqual(Math.floor(exact))
        expect(read).toBeLessThanOrEqual(exact * 1.1 + 1.001)
      }),
    )
  })

  test('gives the same whether counts were added together or taken at once', () => {
    fc.assert(
      fc.property(responseTimes, responseTimes, (one, other) => {
        const added = countBuckets(one)
        for (const [bucket, count] of countBuckets(other)) added.set(bucket, (added.get(bucket) ?? 0) + count)
        expect(percentile(added, 0.95)).toBe(percentile(countBuckets([...one, ...other]), 0.95))
      }),
    )
  })

  test('has no percentile of nothing', () => {
    expect(percentile(new Map(), 0.5)).toBeNull()
    expect(percentile(new Map([[3, 0]]), 0.5)).toBeNull()
  })

  test('shows whole milliseconds', () => {
    expect(upperMsOf(0)).toBe(1)
    expect(upperMsOf(10)).toBe(3)
  })
})
