import { describe, expect, it } from 'vitest'
import { readTallyLine, tallyLine } from '../../scripts/tally.ts'

describe('the counted line at the end of a run', () => {
  it('names passed and failed tests, and skipped ones only when there are any', () => {
    expect(tallyLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
    expect(tallyLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped')
  })

  it.each([
    { passed: 0, failed: 1, skipped: 0 },
    { passed: 4012, failed: 0, skipped: 7 },
  ])('is read back as it was written: %o', (counts) => {
    expect(readTallyLine(`${tallyLine(counts)}\n`)).toEqual(counts)
  })

  it('is not found in other lines', () => {
    expect(readTallyLine('      Tests  1 failed | 27 passed (28)')).toBeUndefined()
    expect(readTallyLine('')).toBeUndefined()
  })
})
