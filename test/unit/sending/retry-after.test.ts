import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from '../../../src/sending/retry-after.ts'
import { judgeStatus } from '../../../src/sending/status-outcome.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const DAY_MS = 86_400_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['1', 1_000],
    [' 120 ', 120_000],
    ['86400', DAY_MS],
    ['86401', DAY_MS],
    ['1000000000000', DAY_MS],
    ['9'.repeat(400), DAY_MS],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
    ['Fri Jan  2 03:05:05 2026', 60_000],
    ['Fri, 02 Jan 2026 03:04:04 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sat, 01 Jan 2028 00:00:00 GMT', DAY_MS],
    ['Fri, 02 Jan 2026 23:04:05 GMT', 20 * 3_600_000],
    ['Fri, 02 Jan 2026 03:59:05 GMT', 55 * 60_000],
    ['Sat, 31 Jan 2026 00:00:00 GMT', DAY_MS],
    ['Sat Jan 10 03:04:05 2026', DAY_MS],
    // A leap second is the first one of the next minute.
    ['Fri, 02 Jan 2026 03:04:60 GMT', 55_000],
    // A year of two digits lies at most 50 years ahead.
    ['Saturday, 02-Jan-76 03:04:05 GMT', DAY_MS],
    ['Sunday, 02-Jan-77 03:04:05 GMT', 0],
  ])('%j asks for %i ms', (value, waitMs) => {
    expect(parseRetryAfter(value, NOW)).toBe(waitMs)
  })

  it.each([...MONTHS.entries()])('knows month %i, %s', (month, name) => {
    const oneMinuteEarlier = Date.UTC(2026, month, 28, 11, 59, 0)
    expect(parseRetryAfter(`Wed, 28 ${name} 2026 12:00:00 GMT`, oneMinuteEarlier)).toBe(60_000)
  })

  it.each([
    '',
    'soon',
    '-1',
    '1.5',
    '1e12',
    '0x10',
    '10 apples',
    '١٠',
    'Fri, 02 Jan 2026 03:05:05 CET',
    'Fri, 02 Foo 2026 03:05:05 GMT',
    'Fri, 02 Jan 2026 25:05:05 GMT',
    'Fri, 00 Jan 2026 03:05:05 GMT',
    '2026-01-02T03:05:05Z',
    'Fri, 02 Jan 2026 03:60:05 GMT',
    'Fri, 02 Jan 2026 03:05:61 GMT',
    'Fri, 32 Jan 2026 03:05:05 GMT',
    'x Fri, 02 Jan 2026 03:05:05 GMT',
    'Fri, 02 Jan 2026 03:05:05 GMT x',
    '1 Friday, 02-Jan-26 03:05:05 GMT',
    'Friday, 02-Jan-26 03:05:05 GMT+1',
    'x Fri Jan  2 03:05:05 2026',
    'Fri Jan  2 03:05:05 20261',
    'Fri Jan x2 03:05:05 2026',
  ])('%j asks for nothing', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeNull()
  })
})

describe('a status', () => {
  it.each([200, 201, 202, 204, 206, 226, 299])('%i accepts', (statusCode) => {
    expect(judgeStatus(statusCode, '60', NOW)).toEqual({ kind: 'accepted', statusCode })
  })

  it.each([
    [300, 'redirect'],
    [301, 'redirect'],
    [304, 'redirect'],
    [307, 'redirect'],
    [399, 'redirect'],
    [400, 'status'],
    [404, 'status'],
    [409, 'status'],
    [410, 'gone'],
    [411, 'status'],
    [500, 'status'],
    [599, 'status'],
  ])('%i refuses as %s, and its Retry-After does not count', (statusCode, failure) => {
    const outcome = { kind: 'refused', statusCode, failure, retryAfterMs: null }
    expect(judgeStatus(statusCode, '60', NOW)).toEqual(outcome)
  })

  it.each([429, 503])('%i may ask for time', (statusCode) => {
    const outcome = { kind: 'refused', statusCode, failure: 'status' }
    expect(judgeStatus(statusCode, '60', NOW)).toEqual({ ...outcome, retryAfterMs: 60_000 })
    expect(judgeStatus(statusCode, 'garbage', NOW)).toEqual({ ...outcome, retryAfterMs: null })
    expect(judgeStatus(statusCode, null, NOW)).toEqual({ ...outcome, retryAfterMs: null })
  })
})
