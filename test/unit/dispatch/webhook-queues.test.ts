import fc from 'fast-check'
import { expect, test } from 'vitest'

import { WebhookQueues } from '../../../src/dispatch/webhook-queues.ts'

interface Item {
  webhookId: string
  number: number
}

function filled(lengths: Record<string, number>, quick = ''): WebhookQueues<Item> {
  const queues = new WebhookQueues<Item>((webhookId) => quick.includes(webhookId))
  for (const [webhookId, length] of Object.entries(lengths))
    for (let number = 1; number <= length; number += 1) queues.add({ webhookId, number })
  return queues
}

function takeAll(queues: WebhookQueues<Item>, mayGo: (item: Item) => boolean = () => true): string[] {
  const taken: string[] = []
  for (let item = queues.take(mayGo); item !== undefined; item = queues.take(mayGo))
    taken.push(`${item.webhookId}${item.number}`)
  return taken
}

test('webhooks take turns, so a backlog stands in nobody’s way', () => {
  expect(takeAll(filled({ a: 4, b: 1, c: 2 }))).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', 'a4'])
})

test('those that answer fast have three turns of four', () => {
  const taken = takeAll(filled({ a: 2, b: 2, q: 3, r: 2 }, 'qr'))
  expect(taken).toEqual(['q1', 'r1', 'q2', 'a1', 'r2', 'q3', 'b1', 'a2', 'b2'])
})

test('a webhook that may not go is set aside until it is woken, and loses nothing', () => {
  const queues = filled({ a: 2, b: 2 })
  expect(takeAll(queues, ({ webhookId }) => webhookId === 'b')).toEqual(['b1', 'b2'])
  expect(takeAll(queues)).toEqual([])
  queues.wake('a')
  queues.wake('unknown')
  expect(takeAll(queues)).toEqual(['a1', 'a2'])
})

test('a new item of a webhook that was set aside gives it a turn', () => {
  const queues = filled({ a: 1 })
  expect(takeAll(queues, () => false)).toEqual([])
  queues.add({ webhookId: 'a', number: 2 })
  expect(takeAll(queues)).toEqual(['a1', 'a2'])
})

test('draining answers what was left and leaves nothing', () => {
  const queues = filled({ a: 2, b: 1 })
  queues.take(() => true)
  expect(queues.drain()).toHaveLength(2)
  expect(queues.size).toBe(0)
  expect(takeAll(queues)).toEqual([])
})

test('shedding takes the last ones of those that have more than their room', () => {
  const queues = filled({ a: 5, b: 2, c: 3 })
  const shed = queues.shed(({ webhookId }) => ({ a: 2, b: 4, c: 0 })[webhookId] ?? 0)
  expect(shed.map(({ webhookId, number }) => `${webhookId}${number}`)).toEqual([
    'a3',
    'a4',
    'a5',
    'c1',
    'c2',
    'c3',
  ])
  expect(queues.size).toBe(4)
  expect(queues.lengthOf('c')).toBe(0)
  expect(takeAll(queues)).toEqual(['a1', 'b1', 'a2', 'b2'])
})

test('every item comes out once, those of one webhook in order, and no webhook gets two turns while another waits', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }), (webhooks) => {
      const queues = new WebhookQueues<Item>(() => false)
      for (const [number, webhook] of webhooks.entries()) queues.add({ webhookId: String(webhook), number })
      expect(queues.size).toBe(webhooks.length)
      const taken: Item[] = []
      for (let item = queues.take(() => true); item !== undefined; item = queues.take(() => true))
        taken.push(item)
      expect(taken).toHaveLength(webhooks.length)
      const left = Map.groupBy(webhooks.entries(), ([, webhook]) => String(webhook))
      const counts = new Map([...left].map(([webhookId, own]) => [webhookId, own.length]))
      const got = new Map<string, number>()
      for (const { webhookId } of taken) {
        got.set(webhookId, (got.get(webhookId) ?? 0) + 1)
        for (const [other, count] of counts)
          if ((got.get(other) ?? 0) < count)
            expect((got.get(webhookId) ?? 0) - (got.get(other) ?? 0)).toBeLessThanOrEqual(1)
      }
      for (const [webhookId, own] of Map.groupBy(taken, (item) => item.webhookId))
        expect(
          own.map(({ number }) => number),
          webhookId,
        ).toEqual(own.map(({ number }) => number).toSorted((a, b) => a - b))
    }),
  )
})
