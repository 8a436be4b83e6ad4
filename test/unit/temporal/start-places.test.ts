import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createStartPlaces } from '../../../src/temporal/start-places.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** Starts that take until they are told to end. */
function lab(options: { places: number; patientPlaces: number }) {
  const inPlace = createStartPlaces(options)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const start = (name: string, isQuick: boolean): void => {
    void inPlace(isQuick, async () => {
      begun.push(name)
      await new Promise<void>((resolve) => ends.set(name, resolve))
    })
  }
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await vi.advanceTimersByTimeAsync(0)
  }
  const begin = async (): Promise<string[]> => {
    await vi.advanceTimersByTimeAsync(0)
    return begun.splice(0)
  }
  return { start, end, begin }
}

describe('places for starts', () => {
  test('are taken in order, and no more at once than there are', async () => {
    const { start, end, begin } = lab({ places: 2, patientPlaces: 1 })
    for (const name of ['a', 'b', 'c', 'd']) start(name, false)
    expect(await begin()).toEqual(['a', 'b'])
    await end('b')
    expect(await begin()).toEqual(['c'])
    await end('a')
    expect(await begin()).toEqual(['d'])
  })

  test('go to quick starts first, and only a part of them to others meanwhile', async () => {
    const { start, end, begin } = lab({ places: 3, patientPlaces: 1 })
    start('quick 1', true)
    for (const name of ['a', 'b']) start(name, false)
    for (const name of ['quick 2', 'quick 3']) start(name, true)
    expect(await begin()).toEqual(['quick 1', 'a', 'quick 2'])
    await end('quick 1')
    expect(await begin()).toEqual(['quick 3'])
    await end('quick 2')
    expect(await begin()).toEqual([])
  })

  test('rest after a start that could wait for twice as long as it took, and then the next one goes', async () => {
    const { start, end, begin } = lab({ places: 3, patientPlaces: 1 })
    start('quick', true)
    for (const name of ['a', 'b']) start(name, false)
    expect(await begin()).toEqual(['quick', 'a'])
    await vi.advanceTimersByTimeAsync(100)
    await end('a')
    await vi.advanceTimersByTimeAsync(199)
    expect(await begin()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await begin()).toEqual(['b'])
  })

  test('are all free for the others when no quick start has come for a while', async () => {
    const { start, end, begin } = lab({ places: 3, patientPlaces: 1 })
    start('quick', true)
    for (const name of ['a', 'b', 'c']) start(name, false)
    expect(await begin()).toEqual(['quick', 'a'])
    await vi.advanceTimersByTimeAsync(1_001)
    await end('quick')
    expect(await begin()).toEqual(['b', 'c'])
  })

  test('come back when a start fails', async () => {
    const inPlace = createStartPlaces({ places: 1, patientPlaces: 1 })
    await expect(inPlace(true, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await expect(inPlace(true, () => Promise.resolve('next'))).resolves.toBe('next')
  })
})
