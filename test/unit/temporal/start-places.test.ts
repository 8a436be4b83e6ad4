import { describe, expect, test } from 'vitest'

import { createStartPlaces } from '../../../src/temporal/start-places.ts'

/** Starts that take until they are told to end, on a clock that is moved by hand. */
function lab(places: number, isServing = true) {
  let now = 0
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const serving = { is: isServing }
  const inPlace = createStartPlaces({ places, isServingQuick: () => serving.is, now: () => now })
  const settled = () => new Promise((resolve) => setTimeout(resolve, 5))
  return {
    serving,
    start(name: string, isQuick = false): void {
      void inPlace(isQuick, async () => {
        begun.push(name)
        await new Promise<void>((resolve) => ends.set(name, resolve))
      })
    },
    async end(name: string, tookMs = 0): Promise<void> {
      await settled()
      now += tookMs
      ends.get(name)?.()
      await settled()
    },
    async begun(): Promise<string[]> {
      await settled()
      return begun.splice(0)
    },
  }
}

describe('places for starts', () => {
  test('are taken in order, and no more at once than there are', async () => {
    const { start, end, begun } = lab(2, false)
    for (const name of ['a', 'b', 'c', 'd']) start(name)
    expect(await begun()).toEqual(['a', 'b'])
    await end('b')
    expect(await begun()).toEqual(['c'])
    await end('a')
    expect(await begun()).toEqual(['d'])
  })

  test('go to quick starts first, and one at a time to the others meanwhile', async () => {
    const { start, end, begun } = lab(3)
    start('quick 1', true)
    for (const name of ['a', 'b']) start(name)
    for (const name of ['quick 2', 'quick 3']) start(name, true)
    expect(await begun()).toEqual(['quick 1', 'a', 'quick 2'])
    await end('quick 1')
    expect(await begun()).toEqual(['quick 3'])
    await end('a')
    expect(await begun()).toEqual(['b'])
  })

  test('are given to more of the others as long as quick starts take no longer, and to fewer when they do', async () => {
    const { start, end, begun } = lab(8)
    for (const name of ['a', 'b', 'c', 'd', 'e']) start(name)
    expect(await begun()).toEqual(['a'])
    for (let number = 0; number < 30; number += 1) {
      start(`quick ${number}`, true)
      await end(`quick ${number}`, 10)
    }
    expect((await begun()).filter((name) => !name.startsWith('quick'))).toEqual(['b', 'c', 'd'])
    for (const name of ['slow 1', 'slow 2']) {
      start(name, true)
      await end(name, 30)
    }
    for (const name of ['a', 'b', 'c']) await end(name)
    expect(await begun()).toEqual(['slow 1', 'slow 2'])
    await end('d')
    await expect.poll(begun).toEqual(['e'])
  })

  test('rest after a start that could wait for twice as long as it took', async () => {
    const { start, end, begun } = lab(3)
    for (const name of ['a', 'b']) start(name)
    await begun()
    await end('a', 60)
    expect(await begun()).toEqual([])
    await expect.poll(begun).toEqual(['b'])
  })

  test('are all free for the others when nobody quick is served', async () => {
    const { start, end, begun, serving } = lab(3)
    for (const name of ['a', 'b', 'c', 'd']) start(name)
    expect(await begun()).toEqual(['a'])
    serving.is = false
    await end('a')
    expect(await begun()).toEqual(['b', 'c', 'd'])
  })

  test('come back when a start fails', async () => {
    const inPlace = createStartPlaces({ places: 1, isServingQuick: () => false })
    await expect(inPlace(true, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await expect(inPlace(true, () => Promise.resolve('next'))).resolves.toBe('next')
  })
})
