import { describe, expect, it } from 'vitest'
import { checkCustomHeaders } from '../../../src/sending/custom-headers.ts'

describe('custom headers', () => {
  it('come back with lower-case names', () => {
    expect(checkCustomHeaders({ 'X-Team': 'a', Authorization: 'Bearer abc.def' })).toEqual({
      ok: true,
      headers: { 'x-team': 'a', authorization: 'Bearer abc.def' },
    })
    expect(checkCustomHeaders({})).toEqual({ ok: true, headers: {} })
  })

  it.each([
    'Host',
    'Content-Length',
    'content-type',
    'Content-Anything',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Proxy-Authorization',
    'User-Agent',
    'Cookie',
    'Forwarded',
    'X-Forwarded-For',
    'Via',
    'X-Real-IP',
    'X-Webhook-Signature',
    'webhook-signature',
    'Webhook-Anything',
    'X-Amz-Security-Token',
    'X-Goog-Metadata-Request',
    'X-Aws-Ec2-Metadata-Token',
    'Metadata',
    'Metadata-Flavor',
    'Accept-Encoding',
    '',
    'a b',
    'a:b',
    'a\r\nb',
    'ä',
    'x'.repeat(257),
  ])('cannot be named %j', (name) => {
    expect(checkCustomHeaders({ [name]: 'value' })).toMatchObject({ ok: false, problems: [{ name }] })
  })

  it.each(['', ' a', 'a ', 'a\r\nx: y', 'a\nb', 'a\tb', 'a\0', 'ä', '\u007f', 'x'.repeat(4097)])(
    'cannot have the value %j',
    (value) => {
      expect(checkCustomHeaders({ 'x-a': value })).toMatchObject({ ok: false, problems: [{ name: 'x-a' }] })
    },
  )

  it('cannot be doubled by case', () => {
    const checked = checkCustomHeaders({ 'X-Team': 'a', 'x-team': 'b' })
    expect(checked).toMatchObject({ ok: false, problems: [{ name: 'x-team' }] })
  })

  it('can be 20 with values of 4 KiB, not more', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'v'.repeat(4096)]))
    expect(checkCustomHeaders(many(20)).ok).toBe(true)
    expect(checkCustomHeaders(many(21))).toMatchObject({ ok: false, problems: [{ name: '' }] })
    expect(checkCustomHeaders(many(101)).ok).toBe(false)
  })

  it('report every problem at once', () => {
    const checked = checkCustomHeaders({ host: 'a', 'x-fine': 'b', cookie: 'c' })
    expect(checked).toMatchObject({ ok: false, problems: [{ name: 'host' }, { name: 'cookie' }] })
  })

  it('may be called like a property of every object', () => {
    const headers = Object.fromEntries([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
    const checked = checkCustomHeaders(headers)
    expect(checked.ok && Object.entries(checked.headers)).toEqual(Object.entries(headers))
  })
})
