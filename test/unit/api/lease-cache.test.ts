import { describe, expect, it } from 'vitest'

import { createLeaseCache } from '../../../src/usecases/lease-cache.ts'

function setUp() {
  const clock = { nowMs: 0 }
  const asked: string[] = []
  const source = { value: 'old' as string | null, answer: Promise.resolve() }
  const cache = createLeaseCache<string>(
    async (key) => {
      asked.push(key)
      const { value } = source
      await source.answer
      return value
    },
    { leaseMs: 300, entriesMax: 2, now: () => clock.nowMs },
  )
  return { clock, asked, source, cache }
}

describe('a value under lease', () => {
  it('is asked for once while its lease lasts', async () => {
    const { clock, asked, cache } = setUp()
    expect(cache.isKnown('a')).toBe(false)
    await cache.get('a')
    clock.nowMs = 149
    expect(cache.isKnown('a')).toBe(true)
    expect(await cache.get('a')).toBe('old')
    expect(asked).toEqual(['a'])
  })

  it('is refreshed in the background from half of the lease on', async () => {
    const { clock, asked, source, cache } = setUp()
    await cache.get('a')
    source.value = 'new'
    clock.nowMs = 200
    expect(await cache.get('a')).toBe('old')
    expect(asked).toHaveLength(2)
    await source.answer
    expect(await cache.get('a')).toBe('new')
  })

  it('is never used past its lease, counted from when the look-up was sent', async () => {
    const { clock, source, cache } = setUp()
    let answer: () => void = () => undefined
    source.answer = new Promise((resolve) => {
      answer = resolve
    })
    const slow = cache.get('a')
    source.value = null
    clock.nowMs = 299
    answer()
    expect(await slow).toBe('old')
    clock.nowMs = 300
    expect(await cache.get('a')).toBeNull()
  })

  it('is not taken from a look-up that was sent a lease ago', async () => {
    const { clock, asked, source, cache } = setUp()
    source.answer = new Promise(() => undefined)
    void cache.get('a')
    clock.nowMs = 300
    source.answer = Promise.resolve()
    source.value = 'new'
    expect(await cache.get('a')).toBe('new')
    expect(asked).toHaveLength(2)
  })

  it('is not remembered when it is nothing', async () => {
    const { asked, source, cache } = setUp()
    source.value = null
    await cache.get('a')
    await cache.get('a')
    expect(asked).toHaveLength(2)
  })

  it('gives way to newer ones when there are too many', async () => {
    const { asked, cache } = setUp()
    for (const key of ['a', 'b', 'c', 'a']) await cache.get(key)
    expect(asked).toEqual(['a', 'b', 'c', 'a'])
  })

  it('tells of a failure, and forgets it', async () => {
    const { source, cache } = setUp()
    source.answer = Promise.reject(new Error('away'))
    await expect(cache.get('a')).rejects.toThrow('away')
    source.answer = Promise.resolve()
    expect(await cache.get('a')).toBe('old')
  })
})
