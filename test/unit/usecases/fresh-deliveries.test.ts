import { expect, test } from 'vitest'

import type { DeliveryRow } from '../../../src/db/attempts.ts'
import { createFreshDeliveries } from '../../../src/usecases/fresh-deliveries.ts'

const delivery = (id: string) => ({ row: { id } as DeliveryRow, webhookVersion: 1 })

test('a delivery is answered once', () => {
  const fresh = createFreshDeliveries(() => 0)
  fresh.keep(delivery('a'))
  expect(fresh.take('a')).toMatchObject(delivery('a'))
  expect(fresh.take('a')).toBeUndefined()
  expect(fresh.take('b')).toBeUndefined()
})

test('and only for a second', () => {
  let now = 0
  const fresh = createFreshDeliveries(() => now)
  for (const id of ['a', 'b']) fresh.keep(delivery(id))
  now = 1_000
  expect(fresh.take('a')).toBeDefined()
  now = 1_001
  expect(fresh.take('b')).toBeUndefined()
})

test('no more are kept than a thousand', () => {
  const fresh = createFreshDeliveries(() => 0)
  for (let number = 0; number < 1_500; number += 1) fresh.keep(delivery(`${number}`))
  expect(fresh.take('499')).toBeUndefined()
  expect(fresh.take('501')).toBeDefined()
  expect(fresh.take('1499')).toBeDefined()
})
