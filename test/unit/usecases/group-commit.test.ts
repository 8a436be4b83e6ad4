import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createGroupCommit } from '../../../src/usecases/group-commit.ts'

const ONE_EACH = { sizeOf: () => 1, sizeMax: 100, lanes: 1, holdMs: 0 }

class Culprit extends Error {}

/** Doubles numbers and keeps the batches it got; `before` runs first and may throw. */
function doubling(before: (batch: readonly number[]) => void | Promise<void> = () => undefined) {
  const batches: (readonly number[])[] = []
  const run = async (batch: readonly number[]): Promise<readonly number[]> => {
    batches.push(batch)
    await before(batch)
    return batch.map((number) => 2 * number)
  }
  return { batches, run }
}

describe('a batch', () => {
  test('is what came together, and each caller gets its own result', async () => {
    const { batches, run } = doubling()
    const add = createGroupCommit(run, () => false, ONE_EACH)
    expect(await Promise.all([1, 2, 3].map(add))).toEqual([2, 4, 6])
    expect(batches).toEqual([[1, 2, 3]])
  })

  test('collects while the one before is under way', async () => {
    const gate = Promise.withResolvers<undefined>()
    const { batches, run } = doubling((batch) => (batch.includes(1) ? gate.promise : undefined))
    const add = createGroupCommit(run, () => false, ONE_EACH)
    const first = add(1)
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const others = [add(2), add(3)]
    expect(batches).toEqual([[1]])
    gate.resolve(undefined)
    expect(await Promise.all([first, ...others])).toEqual([2, 4, 6])
    expect(batches).toEqual([[1], [2, 3]])
  })

  test('begins as long as a lane is free', async () => {
    const gates = new Map([1, 2, 3].map((number) => [number, Promise.withResolvers<undefined>()]))
    const { batches, run } = doubling(([first = 0]) => gates.get(first)?.promise)
    const add = createGroupCommit(run, () => false, { ...ONE_EACH, lanes: 2 })
    const turn = async () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    const added: Promise<number>[] = []
    for (const number of [1, 2, 3, 4]) {
      added.push(add(number))
      await turn()
    }
    expect(batches).toEqual([[1], [2]])
    gates.get(2)?.resolve(undefined)
    expect(await added[1]).toBe(4)
    await turn()
    expect(batches).toEqual([[1], [2], [3, 4]])
    for (const gate of gates.values()) gate.resolve(undefined)
    expect(await Promise.all(added)).toEqual([2, 4, 6, 8])
  })

  test('is held open for a while when it is asked to', async () => {
    const { batches, run } = doubling()
    const add = createGroupCommit(run, () => false, { ...ONE_EACH, holdMs: 30 })
    const first = add(1)
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all([first, add(2)])
    expect(batches).toEqual([[1, 2]])
  })

  test('is never larger than allowed, but holds at least one', async () => {
    const { batches, run } = doubling()
    const add = createGroupCommit(run, () => false, {
      ...ONE_EACH,
      sizeOf: (number) => number,
      sizeMax: 5,
    })
    await Promise.all([2, 3, 9, 1, 4].map(add))
    expect(batches).toEqual([[2, 3], [9], [1, 4]])
  })

  test('never holds two items of one key, and keeps the order of those that wait', async () => {
    const { batches, run } = doubling()
    const keyOf = (number: number) => (number === 0 ? null : String(number % 10))
    const add = createGroupCommit(run, () => false, { ...ONE_EACH, keyOf })
    await Promise.all([1, 11, 0, 0, 2, 21].map(add))
    expect(batches).toEqual([[1, 0, 0, 2], [11], [21]])
  })
})

describe('a failure', () => {
  const isCulprit = (error: unknown) => error instanceof Culprit

  test('that no item can be blamed for is everybody’s, and the next batch runs', async () => {
    const { batches, run } = doubling((batch) => {
      if (batch.includes(1)) throw new Error('away')
    })
    const add = createGroupCommit(run, isCulprit, ONE_EACH)
    const settled = await Promise.allSettled([1, 2].map(add))
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(batches).toEqual([[1, 2]])
    expect(await add(3)).toBe(6)
  })

  test('that data can be blamed for is the culprit’s alone; every item settles exactly once', async () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 1, max: 20 }), async (items, sizeMax) => {
        const isBad = (number: number) => number % 7 === 0
        const { batches, run } = doubling((batch) => {
          if (batch.some(isBad)) throw new Culprit()
        })
        const done: number[] = []
        const add = createGroupCommit(
          async (batch: readonly number[]) => {
            const results = await run(batch)
            done.push(...batch)
            return results
          },
          isCulprit,
          { ...ONE_EACH, sizeMax },
        )
        const settled = await Promise.allSettled(items.map(add))
        for (const [index, result] of settled.entries()) {
          const number = items[index] ?? -1
          if (result.status === 'fulfilled') expect(result.value).toBe(2 * number)
          else expect(result.reason).toBeInstanceOf(Culprit)
          expect(result.status === 'rejected').toBe(isBad(number))
        }
        expect(done.toSorted((a, b) => a - b)).toEqual(
          items.filter((n) => !isBad(n)).toSorted((a, b) => a - b),
        )
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(sizeMax)
      }),
      { numRuns: 60 },
    )
  })
})
