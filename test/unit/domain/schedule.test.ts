import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { parseDurationMs } from '../../../src/domain/duration.ts'
import {
  checkWaits,
  formatSchedule,
  isScheduleName,
  NAMED_SCHEDULES,
  parseSchedule,
  RETRY_AFTER_MS_MAX,
  stepsOf,
  waitMsAfter,
  WAITS_MAX,
  waitsOf,
} from '../../../src/domain/schedule.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

const wait = fc
  .oneof(
    fc.tuple(fc.integer({ min: 1, max: 7 }), fc.constant('d')),
    fc.tuple(fc.integer({ min: 1, max: 168 }), fc.constant('h')),
    fc.tuple(fc.integer({ min: 1, max: 10_080 }), fc.constant('m')),
    fc.tuple(fc.integer({ min: 1, max: 604_800 }), fc.constant('s')),
  )
  .map(([count, unit]) => `${count}${unit}`)
const waits = fc.array(wait, { minLength: 1, maxLength: WAITS_MAX })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('a duration', () => {
  test.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['999999999s', 999_999_999_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  test.each([
    '',
    '5',
    'm',
    '0s',
    '05s',
    '1.5h',
    '-1s',
    '+1s',
    ' 1s',
    '1s ',
    '1S',
    '1ms',
    '1w',
    '1h30m',
    '1e3s',
    '1\n',
    '1234567890s',
  ])('%j is none', (text) => {
    expect(parseDurationMs(text)).toBeUndefined()
  })
})

describe('a schedule', () => {
  test('has the waits that were promised', () => {
    expect(waitsOf('standard')).toEqual(['1m', '5m', '30m', '2h', '12h', '24h'])
    expect(waitsOf('short')).toEqual(['2m', '4m', '8m'])
    expect(stepsOf('standard')).toBe(7)
    expect(stepsOf('short')).toBe(4)
    expect(stepsOf(['1m', '2h'])).toBe(3)
  })

  test('is known by its own name only', () => {
    expect(Object.keys(NAMED_SCHEDULES).every(isScheduleName)).toBe(true)
    for (const name of ['', 'Standard', 'toString', '__proto__', 'constructor'])
      expect(isScheduleName(name)).toBe(false)
  })

  test('comes back from its stored form as it was', () => {
    fc.assert(
      fc.property(fc.oneof(waits, fc.constantFrom('standard' as const, 'short' as const)), (schedule) => {
        expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule)
      }),
    )
  })

  test.each(['', '1m,', 'standard,1m', '8d', '1x', 'long'])('%j is no stored schedule', (text) => {
    expect(() => parseSchedule(text)).toThrow('Not a schedule')
  })

  test('has 1 to 20 waits of 1 s to 7 d each; what is wrong is said for each', () => {
    expect(checkWaits(['1s', '7d', '168h', '604800s'])).toEqual([])
    expect(checkWaits(Array<string>(20).fill('1m'))).toEqual([])
    expect(checkWaits([])).toEqual([{ index: -1, detail: 'A schedule has 1 to 20 waits; this one has 0.' }])
    expect(checkWaits(Array<string>(21).fill('1m'))).toEqual([
      { index: -1, detail: 'A schedule has 1 to 20 waits; this one has 21.' },
    ])
    expect(checkWaits(['1m', '8d', '2m', '604801s', 'soon']).map(({ index }) => index)).toEqual([1, 3, 4])
    expect(checkWaits(['0s'])[0]?.detail).toContain('from 1s to 7d')
  })
})

describe('a wait', () => {
  test('is the schedule’s, one step after the other, and none when it is spent', () => {
    expect(Array.from({ length: 7 }, (_, step) => waitMsAfter('standard', step + 1, 0))).toEqual([
      ...[1, 5, 30, 120, 720, 1_440].map((minutes) => minutes * MINUTE_MS),
      undefined,
    ])
  })

  test('is never shorter than written and at most 10 % longer', () => {
    fc.assert(
      fc.property(waits, fc.nat({ max: WAITS_MAX }), random, (schedule, index, chance) => {
        const written = schedule[index % schedule.length] ?? ''
        const writtenMs = parseDurationMs(written) ?? 0
        const waitMs = waitMsAfter(schedule, (index % schedule.length) + 1, chance) ?? 0
        expect(waitMs).toBeGreaterThanOrEqual(writtenMs)
        expect(waitMs).toBeLessThanOrEqual(writtenMs * 1.1)
        expect(Number.isInteger(waitMs)).toBe(true)
      }),
    )
  })

  test('differs between deliveries, so that those which failed together do not come back together', () => {
    expect(waitMsAfter(['1m'], 1, 0)).toBe(60_000)
    expect(waitMsAfter(['1m'], 1, 0.5)).toBe(61_500)
    expect(waitMsAfter(['1m'], 1, 0.999)).toBe(62_997)
  })

  test('leaves 200 ms of the 10 % to the timer itself', () => {
    expect(waitMsAfter(['1s'], 1, 0.999)).toBe(1_000)
    expect(waitMsAfter(['2s'], 1, 0.999)).toBe(2_000)
    expect(waitMsAfter(['3s'], 1, 0.5)).toBe(3_050)
    expect(waitMsAfter(['4s'], 1, 0.5)).toBe(4_100)
  })

  test('is lengthened by Retry-After to at most 24 h, never shortened, and a spent schedule stays spent', () => {
    const retryAfter = fc.oneof(fc.constant(null), fc.nat(), fc.integer({ min: 0, max: 100 * DAY_MS }))
    fc.assert(
      fc.property(waits, random, retryAfter, (schedule, chance, retryAfterMs) => {
        const plainMs = waitMsAfter(schedule, 1, chance) ?? 0
        const waitMs = waitMsAfter(schedule, 1, chance, retryAfterMs) ?? 0
        expect(waitMs).toBe(Math.max(plainMs, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX)))
        expect(waitMsAfter(schedule, schedule.length + 1, chance, retryAfterMs)).toBeUndefined()
      }),
    )
    expect(RETRY_AFTER_MS_MAX).toBe(DAY_MS)
    expect(waitMsAfter(['1m'], 1, 0, 365 * DAY_MS)).toBe(DAY_MS)
    expect(waitMsAfter(['7d'], 1, 0, DAY_MS)).toBe(7 * DAY_MS)
    expect(waitMsAfter(['1m'], 1, 0.5, 1_000)).toBe(61_500)
  })
})
