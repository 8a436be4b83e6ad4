import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { recordBody, recordHeaders } from '../../../src/sending/reply-record.ts'

describe('the stored body', () => {
  it('is the text as it came', () => {
    expect(recordBody(Buffer.from('{"ok":"Grüße 😀"}'), false, [])).toBe('{"ok":"Grüße 😀"}')
    expect(recordBody(Buffer.from('<script>alert(1)</script>'), false, [])).toBe('<script>alert(1)</script>')
  })

  it('never holds what a database cannot', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isTruncated) => {
        const text = recordBody(Buffer.from(bytes), isTruncated, [])
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toContain('\0')
      }),
    )
    expect(recordBody(Buffer.from('a\0b'), false, [])).toBe('a\ufffdb')
    expect(recordBody(Buffer.from([0xed, 0xa0, 0x80]), false, []).isWellFormed()).toBe(true)
  })

  it('drops the half character at the end of a cut', () => {
    expect(recordBody(Buffer.from('aü').subarray(0, 2), true, [])).toBe('a')
  })

  it('hides secrets that a receiver echoes, however it writes them', () => {
    const secret = 'whsec_AAAA/BBBB+CCCC/DDDDEEEE=='
    const echoes = [
      secret,
      secret.slice('whsec_'.length),
      JSON.stringify({ secret }),
      JSON.stringify({ secret }).replaceAll('/', '\\/'),
    ]
    for (const echo of echoes) {
      const stored = recordBody(Buffer.from(`before ${echo} after`), false, [secret])
      expect(stored).toMatch(/^before .*•••• ?.* after$/)
      expect(stored).not.toContain('BBBB')
    }
  })

  it('hides a secret whose end was cut off', () => {
    const stored = recordBody(Buffer.from('key: Bearer-token-val'), true, ['Bearer-token-value'])
    expect(stored).toBe('key: ••••')
  })
})

describe('the stored headers', () => {
  it('are the allow-listed ones, bounded and without secrets', () => {
    const headers = {
      'content-type': 'text/plain',
      'set-cookie': ['session=1'],
      'x-internal': 'a',
      location: `http://169.254.169.254/${'x'.repeat(5000)}`,
      server: 'echo token-of-theirs',
      via: ['1.1 a', '1.1 b'],
    }
    const recorded = recordHeaders(headers, ['token-of-theirs'])
    expect(Object.keys(recorded).sort()).toEqual(['content-type', 'location', 'server', 'via'])
    expect(recorded['location']).toHaveLength(1024)
    expect(recorded['server']).toBe('echo ••••')
    expect(recorded['via']).toBe('1.1 a, 1.1 b')
  })
})
