import { describe, expect, it } from 'vitest'

import { parseQueryString } from '../../../src/api/query-string.ts'

describe('a query string', () => {
  it('is text, but for the parameters that are numbers', () => {
    expect(parseQueryString('limit=20&q=a+b%20c&state=held&empty=&bare')).toEqual({
      limit: 20,
      q: 'a b c',
      state: 'held',
      empty: '',
      bare: '',
    })
    expect(parseQueryString('limit=1.5&limit2=3')).toEqual({ limit: '1.5', limit2: '3' })
    expect(parseQueryString('limit=99999999999999')).toEqual({ limit: '99999999999999' })
  })

  it('shows a repeated parameter as a list, which no schema takes', () => {
    expect(parseQueryString('q=a&q=b')).toEqual({ q: ['a', 'b'] })
  })

  it('shows what is no UTF-8 as a parameter that nobody knows', () => {
    expect(parseQueryString('q=%zz&%ff=1')).toEqual({ 'q=%zz': '', '%ff=1': '' })
  })

  it('pollutes nothing', () => {
    const query = parseQueryString('__proto__=1&constructor=2')
    expect(Object.keys(query)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(query)).toBe(Object.prototype)
  })
})
