import { expect, test } from 'vitest'

import { createDispatchTargets } from '../../../src/dispatch/dispatch-targets.ts'
import type { DeliveryStart } from '../../../src/temporal/delivery-starter.ts'
import { WebhookGate } from '../../../src/usecases/webhook-gate.ts'

const CAP = 2

function lab() {
  let now = 0
  const gate = new WebhookGate({ now: () => now, random: () => 0 })
  const started: DeliveryStart[] = []
  const postponed: unknown[] = []
  const targets = createDispatchTargets({
    sql: {
      query: (_text, values) => {
        postponed.push(values)
        return Promise.resolve([])
      },
    },
    starter: {
      start: (deliveries) => {
        started.push(...deliveries)
        return Promise.resolve({ started: deliveries.map(({ deliveryId }) => deliveryId), failed: [] })
      },
      signalRetry: () => Promise.resolve(),
      signalCancel: () => Promise.resolve(),
    },
    gate,
  })
  const enter = (deliveryId: string) => {
    const answer = gate.tryEnter({ webhookId: 'w', deliveryId, concurrency: CAP, isManual: false })
    if (answer.kind !== 'enter') throw new Error(`deferred: ${answer.reason}`)
    return answer.pass
  }
  const start = (deliveryId: string, attemptsMade = 0) =>
    targets.start([
      { deliveryId, workspaceId: 'ws', webhookId: 'w', eventType: 'task.created', attemptsMade },
    ])
  return { started, postponed, enter, start, pass: (ms: number) => (now += ms) }
}

test('a webhook that nobody knows yet is begun by a normal activity, a proven one quickly', async () => {
  const { started, start, enter } = lab()
  await start('a')
  enter('a').leave({ isFailure: false, statusCode: 200, retryAfterMs: null })
  await start('b')
  expect(started.map(({ deliveryId, quick }) => [deliveryId, quick])).toEqual([
    ['a', false],
    ['b', true],
  ])
})

test('a webhook that hangs with all its places taken is not begun; when a place is free, it is', async () => {
  const { started, postponed, start, enter, pass } = lab()
  const passes = [enter('a'), enter('b')]
  await start('c')
  pass(1_500)
  await start('d')
  expect(started.map(({ deliveryId }) => deliveryId)).toEqual(['c'])
  expect(postponed).toEqual([[['d'], [750]]])
  for (const { leave } of passes) leave({ isFailure: true, statusCode: null, retryAfterMs: null })
  await start('d')
  expect(started.map(({ deliveryId }) => deliveryId)).toEqual(['c', 'd'])
})

test('a pause that the endpoint asked for is waited out, but not by what has a workflow already', async () => {
  const { started, postponed, start, enter } = lab()
  enter('a').leave({ isFailure: true, statusCode: 503, retryAfterMs: 60_000 })
  await start('b')
  await start('c', 1)
  expect(started.map(({ deliveryId }) => deliveryId)).toEqual(['c'])
  expect(postponed).toHaveLength(2)
})

test('what sleeps in its workflow is not looked at by the dispatchers before the wait is over', async () => {
  const { postponed, start } = lab()
  await start('a')
  await start('b', 1)
  expect(postponed).toEqual([[['b']]])
})
