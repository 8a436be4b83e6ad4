import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from '../../../src/sending/retry-after.ts'
import { judgeStatus } from '../../../src/sending/status-outcome.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const DAY_MS = 86_400_000

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
  ])('%j asks for %i ms', (value, waitMs) => {
    expect(parseRetryAfter(value, NOW)).toBe(waitMs)
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
