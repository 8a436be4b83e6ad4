import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createFailurePace } from '../../../src/usecases/failure-pace.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('the pace of failures', () => {
  test('records two at once and the others in order, whatever becomes of each, and what went well at once', async () => {
    const pace = createFailurePace(() => false)
    const begun: number[] = []
    const work = Array.from({ length: 5 }, () => Promise.withResolvers<number>())
    const results = work.map(({ promise }, number) =>
      pace
        .record({ failure: 'status' }, () => {
          begun.push(number)
          return promise
        })
        .catch((error: unknown) => error),
    )
    await vi.advanceTimersByTimeAsync(0)
    expect(begun).toEqual([0, 1])
    expect(await pace.record({ failure: null }, () => Promise.resolve('well'))).toBe('well')
    const broken = new Error('away')
    work[1]?.reject(broken)
    await vi.advanceTimersByTimeAsync(0)
    expect(begun).toEqual([0, 1, 2])
    for (const [number, { resolve }] of work.entries()) resolve(number)
    expect(await Promise.all(results)).toEqual([0, broken, 2, 3, 4])
  })

  test('passes on at once while nobody quick is served', async () => {
    const pace = createFailurePace(() => false)
    expect(await Promise.all([pace.passOn(), pace.passOn()])).toEqual([0, 0])
  })

  test('passes on one after the other beside quick ones, none much later', async () => {
    const pace = createFailurePace(() => true)
    const passed = Promise.all(Array.from({ length: 150 }, () => pace.passOn()))
    await vi.advanceTimersByTimeAsync(2_000)
    const delays = await passed
    expect(delays.slice(0, 3)).toEqual([0, 20, 40])
    expect(Math.max(...delays)).toBe(2_000)
  })
})
